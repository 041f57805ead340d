package verify

import (
	"context"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

// SettleOptions say when a trace counts as whole.
type SettleOptions struct {
	// Quiet is how long no span must have come; Limit bounds the wait for that.
	Quiet, Limit time.Duration
}

// Settle waits until a trace that has arrived gets no more spans: proxies and collectors send theirs at different times,
// so that the services that were waited for may be there before others. What it cannot find out leaves the trace as it is.
func (s *Store) Settle(ctx context.Context, seen Trace, o SettleOptions) Trace {
	changed := time.Now()
	options := wait.Options{For: "the rest of trace " + string(seen.ID), Timeout: o.Limit, Interval: o.Quiet / 2, MaxInterval: o.Quiet / 2}
	// Where it never settles within the limit, the last look is as good as another one.
	_ = wait.Until(ctx, options, func(ctx context.Context) error {
		trace, err := s.Trace(ctx, seen.ID)
		if err == nil && len(trace.Spans) != len(seen.Spans) {
			seen, changed = trace, time.Now()
		}
		if time.Since(changed) < o.Quiet {
			return wait.Pendingf("it has %s", plural(len(seen.Spans), "span"))
		}
		return nil
	})
	return seen
}
