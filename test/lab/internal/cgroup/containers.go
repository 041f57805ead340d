package cgroup

import (
	"fmt"
	"strings"
)

// MissingForContainers says what this machine's control groups lack to run containers in a group, nil when nothing. A machine that has the
// controllers in the unified hierarchy alone is not served: the group would have to be given them by its parents.
func MissingForContainers() error {
	trees, err := hierarchies()
	if err != nil {
		return err
	}
	var missing []string
	for _, controller := range []string{"cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "pids"} {
		found := false
		for _, tree := range trees {
			found = found || tree.has(controller)
		}
		if !found {
			missing = append(missing, controller)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("containers in hosts need control groups of version 1 for %s", strings.Join(missing, ", "))
	}
	return nil
}
