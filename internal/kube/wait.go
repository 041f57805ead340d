package kube

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

// WaitOptions bound [Client.Wait].
type WaitOptions struct {
	// Timeout is how long to wait; zero leaves it to the context.
	Timeout time.Duration
	// OnPending is called after each poll with what is not so yet; it may be nil.
	OnPending func(seen string)
}

const (
	waitInterval    = 200 * time.Millisecond
	waitMaxInterval = time.Second
	// reportTimeout bounds what is asked, after a timeout, to explain it.
	reportTimeout = 10 * time.Second
)

// Wait returns when every condition has been seen to hold. One that holds is not looked at again, and an object
// with several conditions is read once a poll.
//
// It ends early with fault.Invalid when an object will never get there (a failed Job, a Deployment that makes no
// progress any more), and with fault.Denied or fault.Auth when it may not look. An object, a kind or an API
// server that is not there yet is waited for. When time runs out the error is fault.Timeout; for each condition
// that does not hold it has the last status, the newest warning events and the last lines of failing containers.
func (c *Client) Wait(ctx context.Context, conditions []Condition, o WaitOptions) error {
	w := &waiting{client: c, left: conditions, first: map[string]string{}, seen: map[string]string{}, started: time.Now()}
	err := wait.Until(ctx, wait.Options{
		For: w.names(), Timeout: o.Timeout, Interval: waitInterval, MaxInterval: waitMaxInterval, OnPending: o.OnPending,
	}, w.poll)
	if fault.Is(err, fault.Timeout) {
		head := fmt.Sprintf("waiting for %s: gave up after %s", w.names(), time.Since(w.started).Round(time.Second))
		return fault.Newf(fault.Timeout, "%s\n%s", head, c.report(ctx, w))
	}
	if w.failed != nil && err != nil {
		head := fmt.Sprintf("waiting for %s: %s", w.failed, w.seen[w.failed.String()])
		w.left = []Condition{*w.failed}
		return fault.Newf(fault.Invalid, "%s\n%s", head, c.report(ctx, w))
	}
	return err
}

// waiting is the state of one wait.
type waiting struct {
	client  *Client
	started time.Time
	left    []Condition
	// seen is what was last seen of each condition that does not hold.
	seen map[string]string
	// first is the failure that each condition's object reported at the first look, empty for none.
	first map[string]string
	// failed is the condition that ended the wait early.
	failed *Condition
}

func (w *waiting) names() string {
	names := make([]string, 0, len(w.left))
	for _, cond := range w.left {
		names = append(names, cond.String())
	}
	return strings.Join(names, ", ")
}

// poll looks at what is left once.
func (w *waiting) poll(ctx context.Context) error {
	read := w.client.reader()
	var left []Condition
	var seen []string
	for i, cond := range w.left {
		v, err := w.client.check(ctx, cond, read)
		switch {
		case err == nil && v.met:
			continue
		case err == nil:
		case fault.Is(err, fault.NotFound, fault.Unreachable):
			v.seen = notThere(err)
		default:
			w.left = append(left, w.left[i:]...)
			return fmt.Errorf("%s: %w", cond, err)
		}
		// A look that ran out of time has learnt nothing: what was seen before it says more.
		if (ctx.Err() == nil && !isOutOfTime(v.seen)) || w.seen[cond.String()] == "" {
			w.seen[cond.String()] = v.seen
		}
		if w.over(cond, v) {
			w.failed = &w.left[i]
			return fault.New(fault.Invalid, fmt.Errorf("%s", v.seen))
		}
		left = append(left, cond)
		seen = append(seen, fmt.Sprintf("%s: %s", cond, w.seen[cond.String()]))
	}
	w.left = left
	if len(left) == 0 {
		return nil
	}
	return wait.Pending(strings.Join(seen, "; "))
}

// over reports whether a condition can no longer come true: its object failed for good, or failed anew since
// this wait began.
func (w *waiting) over(cond Condition, v verdict) bool {
	key := cond.String()
	before, looked := w.first[key]
	since := ""
	if v.failed != nil {
		since = v.failed.since
	}
	if !looked {
		w.first[key] = since
	}
	if v.failed == nil {
		return false
	}
	return since == "" || (looked && since != before)
}

func notThere(err error) string {
	if fault.Is(err, fault.NotFound) && !isNoKind(err) {
		return "it does not exist"
	}
	return err.Error()
}

// reader returns a function that reads each object once, however many conditions it has.
func (c *Client) reader() func(context.Context, object.Ref) (object.Object, error) {
	type answer struct {
		live object.Object
		err  error
	}
	answers := map[object.Ref]answer{}
	return func(ctx context.Context, ref object.Ref) (object.Object, error) {
		if got, ok := answers[ref]; ok {
			return got.live, got.err
		}
		live, err := c.get(ctx, ref)
		answers[ref] = answer{live, err}
		return live, err
	}
}
