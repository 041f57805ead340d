package hosts

import (
	"context"
	"fmt"
	"strings"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/alive"
	"github.com/dxlab/terraform-provider-lab/test/lab/internal/cgroup"
	"github.com/dxlab/terraform-provider-lab/test/lab/internal/inotify"
)

// Sweep removes what killed runs left: empty control groups, and a changed setting of the machine.
func Sweep(ctx context.Context) error {
	running, err := alive.Running()
	if err != nil {
		return err
	}
	left, err := cgroup.Sweep(func(name string) bool {
		rest, ok := strings.CutPrefix(name, groupPrefix)
		id, _, _ := strings.Cut(rest, "-")
		return ok && !running[id]
	})
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("processes of a dead lab are still running in %s", strings.Join(left, ", "))
	}
	return inotify.Restore(ctx)
}
