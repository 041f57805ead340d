package rke2

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

// job is one change of one machine while it is under way. Every step may be repeated: it looks at what is there
// before it does anything.
type job struct {
	h   Host
	n   Node
	o   Options
	log *slog.Logger
	out Outcome

	// arch is the machine's, in the release's terms.
	arch string
	// prefix is where the release is or goes.
	prefix string
	want   wanted
	change change
	// sum is the digest of the archive that was unpacked.
	sum string
	// started is the machine's clock, in seconds, when the unit was last started.
	started string
	// former is the invocation that a restart is to end.
	former string
}

// step is a named part of a job.
type step struct {
	name string
	run  func(context.Context) error
}

func newJob(h Host, n Node, o Options) *job {
	return &job{h: h, n: n, o: o, log: o.logger().With("host", h.String())}
}

// do runs steps one after the other. The steps' own errors say what was done and where, so nothing is added here.
func (j *job) do(ctx context.Context, steps ...step) error {
	for _, s := range steps {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("%s on %s: %w", s.name, j.h, err)
		}
		j.tell(s.name)
		began := time.Now()
		if err := s.run(ctx); err != nil {
			j.log.Warn("step failed", "step", s.name, "after", time.Since(began).Round(time.Millisecond).String())
			return err
		}
		j.log.Debug("step done", "step", s.name, "after", time.Since(began).Round(time.Millisecond).String())
	}
	return nil
}

func (j *job) tell(name string) {
	if j.o.OnStep != nil {
		j.o.OnStep(name)
	}
}

// errorf makes an error of a step that reads "name on host: ...".
func (j *job) errorf(kind fault.Kind, name, format string, args ...any) error {
	return fault.New(kind, fmt.Errorf("%s on %s: %w", name, j.h, fmt.Errorf(format, args...)))
}

// refusal says of a judgement which step it stopped, and where. No error stays none.
func (j *job) refusal(name string, err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.KindOf(err), fmt.Errorf("%s on %s: %w", name, j.h, err))
}

// until polls as [wait.Until] does. What ends the wait other than time is returned as it is; time and a cancel read
// "name on host: waiting for ...".
func (j *job) until(ctx context.Context, name string, o wait.Options, poll func(context.Context) error) error {
	var verdict error
	err := wait.Until(ctx, o, func(ctx context.Context) error {
		err := poll(ctx)
		var pending wait.Pending
		if err == nil || errors.As(err, &pending) || fault.Is(err, fault.Unreachable) {
			return err
		}
		verdict = err
		return nil
	})
	if verdict != nil {
		return verdict
	}
	return j.refusal(name, err)
}
