package kube

import (
	"fmt"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// failing is a container that keeps its pod from being ready.
type failing struct {
	name, why string
	// ran says that there is a log; previous, that it is the one of the last run.
	ran, previous bool
}

// failingContainers reads the containers of a pod that are not as they should be, init containers included.
func failingContainers(pod object.Object) []failing {
	var out []failing
	for _, list := range []string{"initContainerStatuses", "containerStatuses"} {
		for _, item := range object.List(pod, "status", list) {
			status, ok := item.(map[string]any)
			if !ok {
				continue
			}
			if f, bad := failingContainer(status); bad {
				out = append(out, f)
			}
		}
	}
	return out
}

func failingContainer(status map[string]any) (failing, bool) {
	f := failing{name: object.String(status, "name")}
	last := object.Map(status, "lastState", "terminated")
	if waiting := object.Map(status, "state", "waiting"); waiting != nil {
		f.why = firstOf(object.String(waiting, "reason"), "waiting")
		if text := object.String(waiting, "message"); text != "" {
			f.why += ": " + text
		}
		f.ran = last != nil
		f.previous = f.ran
		return f, f.why != "PodInitializing" && f.why != "ContainerCreating"
	}
	if ended := object.Map(status, "state", "terminated"); ended != nil {
		f.why = fmt.Sprintf("ended with exit code %d (%s)", number(ended, "exitCode"), object.String(ended, "reason"))
		f.ran = true
		return f, number(ended, "exitCode") != 0
	}
	if ready, _ := object.Lookup(status, "ready"); ready == true || object.Map(status, "state", "running") == nil {
		return f, false
	}
	f.why, f.ran = "running, but not ready", true
	if restarts := number(status, "restartCount"); restarts > 0 {
		f.why += fmt.Sprintf(" after %d restarts", restarts)
	}
	return f, true
}
