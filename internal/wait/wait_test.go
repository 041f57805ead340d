package wait_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

func quick(what string) wait.Options {
	return wait.Options{For: what, Interval: time.Millisecond, MaxInterval: 2 * time.Millisecond}
}

func TestUntil_ReturnsWhenThePollIsDone(t *testing.T) {
	t.Parallel()
	calls := 0
	err := wait.Until(t.Context(), quick("three calls"), func(context.Context) error {
		if calls++; calls < 3 {
			return wait.Pendingf("call %d", calls)
		}
		return nil
	})
	if err != nil || calls != 3 {
		t.Fatalf("err %v after %d calls", err, calls)
	}
}

func TestUntil_TimeoutSaysWhatWasLastSeen(t *testing.T) {
	t.Parallel()
	o := quick("the moon")
	o.Timeout = 20 * time.Millisecond
	err := wait.Until(t.Context(), o, func(context.Context) error { return wait.Pending("clouds") })
	if !fault.Is(err, fault.Timeout) {
		t.Fatalf("kind %q of %v", fault.KindOf(err), err)
	}
	for _, part := range []string{"waiting for the moon", "last seen: clouds"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is missing in %q", part, err)
		}
	}
}

func TestUntil_StopsAtOnceOnOtherErrors(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	calls := 0
	err := wait.Until(t.Context(), quick("x"), func(context.Context) error { calls++; return boom })
	if !errors.Is(err, boom) || calls != 1 {
		t.Fatalf("err %v after %d calls", err, calls)
	}
}

func TestUntil_RetriesWhatIsUnreachable(t *testing.T) {
	t.Parallel()
	calls := 0
	err := wait.Until(t.Context(), quick("x"), func(context.Context) error {
		if calls++; calls < 2 {
			return fault.Newf(fault.Unreachable, "refused")
		}
		return nil
	})
	if err != nil || calls != 2 {
		t.Fatalf("err %v after %d calls", err, calls)
	}
}

func TestUntil_CancelIsNotATimeout(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	err := wait.Until(ctx, quick("x"), func(context.Context) error { cancel(); return wait.Pending("still") })
	if !errors.Is(err, context.Canceled) || fault.Is(err, fault.Timeout) {
		t.Fatalf("unexpected error: %v", err)
	}
}
