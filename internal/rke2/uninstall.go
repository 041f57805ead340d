package rke2

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// UninstallOptions say how a node is taken off a machine.
type UninstallOptions struct {
	// DataDir is the node's, or empty for what its configuration says.
	DataDir string
	// BeforeStop is called while the node still runs, to drain it and to take it out of its cluster; AfterStop when
	// it has stopped and its data is still there. Both may be nil, and both must be repeatable: a removal that was
	// cut off starts again from the beginning. An error ends the removal.
	BeforeStop, AfterStop func(ctx context.Context) error
	// Foreign takes off also an RKE2 that has no mark of ours.
	Foreign bool
	// LockWait, Holder, Logger and OnStep are as in [Options].
	LockWait time.Duration
	Holder   string
	Logger   *slog.Logger
	OnStep   func(step string)
}

// Uninstall takes RKE2 and all its data off a machine, by the release's own scripts where they are there and fit, and
// then by looking after everything that they leave. A machine without RKE2 is a success. An installed RKE2 that has
// no mark of ours is of kind fault.Conflict.
func Uninstall(ctx context.Context, h Host, o UninstallOptions) error {
	options := Options{LockWait: o.LockWait, Holder: o.Holder, Logger: o.Logger, OnStep: o.OnStep}
	r := &removal{job: newJob(h, Node{DataDir: o.DataDir}, options), options: o}
	return locked(ctx, h, options, func(ctx context.Context) error {
		if err := r.do(ctx, step{"read RKE2", r.read}); err != nil {
			return err
		}
		found := r.out.Observed
		switch {
		case !found.Installed && !found.HasData && !found.ByUs && found.ConfigHash == "" && !found.leftover:
			return nil
		case found.Installed && !found.ByUs && !o.Foreign:
			return r.errorf(fault.Conflict, "uninstall RKE2", "found %s that has no mark of ours: adopt it first, or uninstall it by hand", found)
		}
		return r.do(ctx,
			step{"take the node out of its cluster", r.hook(o.BeforeStop)},
			step{"stop RKE2", r.stop},
			step{"take leave of the cluster", r.hook(o.AfterStop)},
			step{"uninstall RKE2", r.uninstall},
			step{"clear what is left", r.sweep},
		)
	})
}

// removal is one uninstall while it is under way.
type removal struct {
	*job
	options UninstallOptions
}

func (r *removal) hook(call func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if call == nil || !r.out.Observed.Installed {
			return nil
		}
		return call(ctx)
	}
}

func (r *removal) env() map[string]string {
	return map[string]string{
		"PREFIX": r.out.Observed.Prefix, "DATA_DIR": r.out.Observed.DataDir,
		"PREFIXES": strings.Join([]string{defaultPrefix, altPrefix}, " "), "STAGE_NAME": stageName,
		"CONFIG_DIR": configDir,
	}
}

func (r *removal) stop(ctx context.Context) error {
	_, err := run(ctx, r.h, script{name: "stop RKE2", file: "stop.sh", env: r.env()})
	return err
}

// uninstall runs the release's own script. Its failure is not ours: some of what it does cannot work on some machines
// and the sweep that follows says what really stayed.
func (r *removal) uninstall(ctx context.Context) error {
	answer, err := run(ctx, r.h, script{name: "uninstall RKE2", file: "uninstall.sh", env: r.env()})
	if err != nil {
		return err
	}
	if skipped := answer.Value("skipped"); skipped != "" {
		r.log.Info("the release's uninstall script was not used", "reason", skipped)
	}
	if exit := answer.Value("exit"); exit != "" && exit != "0" {
		r.log.Warn("the release's uninstall script failed; clearing up without it", "exit", exit, "said", redact(answer.Value("error")))
	}
	return nil
}

func (r *removal) sweep(ctx context.Context) error {
	answer, err := run(ctx, r.h, script{name: "clear what is left", file: "sweep.sh", env: r.env()})
	if err != nil {
		return err
	}
	if left := answer.Values("left"); len(left) > 0 {
		return r.errorf(fault.Conflict, "clear what is left", "these stayed: %s%s", strings.Join(left, ", "), because(answer.Value("error")))
	}
	return nil
}

func because(text string) string {
	if text == "" {
		return ""
	}
	return ": " + text
}
