package stages

import (
	"fmt"
	"slices"

	"sigs.k8s.io/yaml"
)

// failure is one way in which a pod does not become ready.
type failure struct {
	// name is the stage's, matches the selector that chooses its pods.
	name    string
	matches []any
	// reason and message are those of the warning event.
	reason, message string
	phase           string
	// container is the part of a container's status that differs, a template over the container.
	container string
}

const (
	waitingForImage = `restartCount: 0, started: false, imageID: "", ` +
		`state: {waiting: {reason: ImagePullBackOff, message: {{ printf "Back-off pulling image %q" .image | Quote }}}}`
	crashing = `restartCount: 3, started: false, ` +
		`lastState: {terminated: {exitCode: 1, reason: Error, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}, ` +
		`state: {waiting: {reason: CrashLoopBackOff, message: {{ printf "back-off 40s restarting failed container=%s" .name | Quote }}}}`
	running = `restartCount: 0, started: true, state: {running: {startedAt: {{ $now | Quote }}}}`
)

// failures lists what simulated pods can suffer, in the words of the kubelet.
func failures() []failure {
	auto := []any{
		expression(`.metadata.annotations["`+BehaviourAnnotation+`"]`, "DoesNotExist"),
		expression(".spec.containers.[].image", "In", imageAuto),
	}
	return []failure{
		{"pod-image-auto", auto, "Failed", "Failed to pull image \"auto\": pull access denied, repository does not exist", "Pending", waitingForImage},
		{"pod-pull-error", asked(BehaviourPullError), "Failed", "Failed to pull image: not found", "Pending", waitingForImage},
		{"pod-crash", asked(BehaviourCrash), "BackOff", "Back-off restarting failed container", "Running", crashing},
		{"pod-not-ready", asked(BehaviourNotReady), "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", "Running", running},
	}
}

func asked(behaviour string) []any {
	return []any{expression(`.metadata.annotations["`+BehaviourAnnotation+`"]`, "In", behaviour)}
}

func expression(key, operator string, values ...any) map[string]any {
	e := map[string]any{"key": key, "operator": operator}
	if len(values) > 0 {
		e["values"] = values
	}
	return e
}

const failedStatus = `{{ $now := Now }}
phase: %s
startTime: {{ $now | Quote }}
conditions:
- {type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }}}
- {type: Ready, status: "False", reason: ContainersNotReady, message: containers with unready status, lastTransitionTime: {{ $now | Quote }}}
- {type: ContainersReady, status: "False", reason: ContainersNotReady, message: containers with unready status, lastTransitionTime: {{ $now | Quote }}}
containerStatuses:
{{ range .spec.containers }}
- {name: {{ .name | Quote }}, image: {{ .image | Quote }}, ready: false, %s}
{{ end }}
`

// stage is the failure as KWOK reads it; it happens once to a pod, of those that further expressions leave.
func (f failure) stage(further []any) ([]byte, error) {
	once := []any{expression(".metadata.deletionTimestamp", "DoesNotExist"), expression(".status.containerStatuses", "DoesNotExist")}
	return yaml.Marshal(map[string]any{
		"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Stage", "metadata": map[string]any{"name": f.name},
		"spec": map[string]any{
			"resourceRef": map[string]any{"apiGroup": "v1", "kind": "Pod"},
			"selector":    map[string]any{"matchExpressions": slices.Concat(once, f.matches, further)},
			"steps": []any{
				map[string]any{"event": map[string]any{"type": "Warning", "reason": f.reason, "message": f.message}},
				map[string]any{"patch": map[string]any{
					"subresource": "status", "root": "status", "template": fmt.Sprintf(failedStatus, f.phase, f.container),
				}},
			},
		},
	})
}
