package verify

import (
	"context"
	"errors"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

// AwaitOptions say what is waited for.
type AwaitOptions struct {
	// Services must each have a span.
	Services []string
	// Timeout bounds the wait.
	Timeout time.Duration
	// OnPending is told what there is when that changes; it may be nil.
	OnPending func(seen string)
}

// Await waits until the store has a trace with a span of every service, asking with growing pauses. On a fault.Timeout the
// trace is what there was of it, and the error says which services lack. An answer that passes by itself (429, 5xx) is
// waited out, as long as it asks for; when that is longer than the time that is left, the wait ends at once. So it does
// with an answer that is no trace, and with one that refuses (401, 403).
func (s *Store) Await(ctx context.Context, id TraceID, o AwaitOptions) (Trace, error) {
	ends := time.Now().Add(o.Timeout)
	var seen Trace
	var said error
	options := wait.Options{For: "trace " + string(id), Timeout: o.Timeout, OnPending: o.changes()}
	err := wait.Until(ctx, options, func(ctx context.Context) error {
		trace, err := s.Trace(ctx, id)
		if err != nil {
			said = err
			return notYet(err, time.Until(ends))
		}
		seen, said = trace, nil
		if missing := trace.Missing(o.Services); len(missing) > 0 {
			return wait.Pendingf("it has %s of %s, but none of %s", plural(len(trace.Spans), "span"), Listed(trace.Services()), Listed(missing))
		}
		return nil
	})
	if err != nil && said != nil {
		err = &awaitError{err: err, said: said}
	}
	return seen, err
}

// notYet tells what is waited out from what ends the wait.
func notYet(err error, left time.Duration) error {
	var answered *AnswerError
	switch {
	case fault.Is(err, fault.NotFound):
		return wait.Pending("the store does not have it")
	case !errors.As(err, &answered) || answered.After == 0 || !fault.Is(err, fault.Unreachable):
		return err
	case answered.After > left:
		return fault.Newf(fault.Timeout, "%w, which is longer than the %s that are left", err, left.Round(time.Second))
	}
	return wait.After(answered.After, err)
}

// changes tells OnPending only what is new.
func (o AwaitOptions) changes() func(string) {
	last := ""
	return func(seen string) {
		if o.OnPending != nil && seen != last {
			o.OnPending(seen)
		}
		last = seen
	}
}

// awaitError keeps what the store said last, for the diagnosis.
type awaitError struct{ err, said error }

func (e *awaitError) Error() string   { return e.err.Error() }
func (e *awaitError) Unwrap() []error { return []error{e.err, e.said} }
