// Package wait knows how to poll until something is so, and how to say what was last seen when it never is.
package wait

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// Options bound a wait. The zero value polls from 200 ms to 3 s apart, for as long as the context lives.
type Options struct {
	// For names what is waited for, as it should read after "waiting for".
	For string
	// Timeout bounds the wait; zero leaves it to the context.
	Timeout time.Duration
	// Interval is the first pause between two polls.
	Interval time.Duration
	// MaxInterval is the longest pause; pauses grow by half each time.
	MaxInterval time.Duration
	// OnPending is called with what each poll saw; it may be nil.
	OnPending func(seen string)
}

// Pending is what a poll returns when the time has not come yet; its text is what was seen.
type Pending string

// Error makes Pending an error, so that a poll can return it.
func (p Pending) Error() string { return string(p) }

// Pendingf formats a [Pending].
func Pendingf(format string, args ...any) error { return Pending(fmt.Sprintf(format, args...)) }

// After makes the next poll wait for a time that the far side asked for, instead of the usual pause. err is what was
// seen, as it would be returned without.
func After(pause time.Duration, err error) error {
	return &later{err: err, pause: &backoff.RetryAfterError{Duration: pause}}
}

type later struct {
	err   error
	pause *backoff.RetryAfterError
}

func (l *later) Error() string   { return l.err.Error() }
func (l *later) Unwrap() []error { return []error{l.err, l.pause} }

// Until calls poll until it returns nil. A [Pending] error means "not yet"; so does an error of kind
// fault.Unreachable, because things that start are unreachable at first. Any other error ends the wait.
// When time runs out the error is of kind fault.Timeout and repeats what was last seen; when the caller's
// context is cancelled, the error wraps the context's.
func Until(ctx context.Context, o Options, poll func(context.Context) error) error {
	bounded, cancel := ctx, context.CancelFunc(func() {})
	if o.Timeout > 0 {
		bounded, cancel = context.WithTimeout(ctx, o.Timeout)
	}
	defer cancel()
	started := time.Now()
	var seen error
	_, err := backoff.Retry(bounded, func() (struct{}, error) {
		err := poll(bounded)
		if err == nil {
			return struct{}{}, nil
		}
		if !pending(err) {
			return struct{}{}, backoff.Permanent(err)
		}
		if bounded.Err() == nil || seen == nil {
			seen = err
		}
		if o.OnPending != nil {
			o.OnPending(err.Error())
		}
		return struct{}{}, err
	}, backoff.WithBackOff(o.pauses()), backoff.WithMaxElapsedTime(0))
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("waiting for %s: %w%s", o.For, ctx.Err(), lastSeen(seen))
	case bounded.Err() != nil:
		return fault.Newf(fault.Timeout, "waiting for %s: gave up after %s%s", o.For, time.Since(started).Round(time.Second), lastSeen(seen))
	}
	var permanent *backoff.PermanentError
	if errors.As(err, &permanent) {
		err = permanent.Unwrap()
	}
	return fmt.Errorf("waiting for %s: %w", o.For, err)
}

func pending(err error) bool {
	var p Pending
	return errors.As(err, &p) || fault.Is(err, fault.Unreachable)
}

func lastSeen(seen error) string {
	if seen == nil {
		return ""
	}
	return "; last seen: " + seen.Error()
}

func (o Options) pauses() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval, b.RandomizationFactor = 200*time.Millisecond, 3*time.Second, 0.1
	if o.Interval > 0 {
		b.InitialInterval = o.Interval
	}
	if o.MaxInterval > 0 {
		b.MaxInterval = o.MaxInterval
	}
	return b
}
