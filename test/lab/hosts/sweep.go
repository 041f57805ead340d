package hosts

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/alive"
	"github.com/dxlab/terraform-provider-lab/test/lab/internal/cgroup"
	"github.com/dxlab/terraform-provider-lab/test/lab/internal/inotify"
)

// Sweep removes what killed runs left: empty control groups, and a changed setting of the machine. It waits a few seconds for
// processes of labs that have just died, ended by their sandboxes' IDs among them, and fails when they stay.
func Sweep(ctx context.Context, ended ...string) error {
	running, dead, err := alive.Look()
	if err != nil {
		return err
	}
	for _, id := range ended {
		dead[id] = true
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err = poll(ctx, func() error {
		left, err := cgroup.Sweep(func(name string) bool { return owner(name) != "" && !running[owner(name)] })
		if err != nil {
			return err
		}
		// other groups that are in use belong to a running lab with another cache folder
		for _, group := range left {
			if dead[owner(filepath.Base(group))] {
				return fmt.Errorf("processes of a dead lab are left in control group %s", group)
			}
		}
		return nil
	})
	return errors.Join(err, inotify.Restore(ctx))
}

// owner returns the ID of the lab that a control group belongs to, "" when it is not a lab's.
func owner(group string) string {
	rest, ok := strings.CutPrefix(group, groupPrefix)
	id, _, _ := strings.Cut(rest, "-")
	if !ok {
		return ""
	}
	return id
}
