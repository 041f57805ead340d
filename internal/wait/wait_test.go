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

func TestUntil_LeavesTheFarSideAloneAsLongAsItAsks(t *testing.T) {
	t.Parallel()
	const pause = 150 * time.Millisecond
	var polls []time.Time
	err := wait.Until(t.Context(), quick("x"), func(context.Context) error {
		if polls = append(polls, time.Now()); len(polls) < 2 {
			return wait.After(pause, fault.Newf(fault.Unreachable, "too many requests"))
		}
		return nil
	})
	if err != nil || len(polls) != 2 || polls[1].Sub(polls[0]) < pause {
		t.Fatalf("err %v, polls %v", err, polls)
	}
	o := quick("x")
	o.Timeout = 20 * time.Millisecond
	err = wait.Until(t.Context(), o, func(context.Context) error {
		return wait.After(time.Hour, fault.Newf(fault.Unreachable, "too many requests"))
	})
	if !fault.Is(err, fault.Timeout) || !strings.Contains(err.Error(), "last seen: too many requests") {
		t.Fatalf("err %v", err)
	}
	denied := fault.Newf(fault.Denied, "no")
	if err := wait.Until(t.Context(), o, func(context.Context) error { return wait.After(time.Hour, denied) }); !errors.Is(err, denied) {
		t.Fatalf("err %v", err)
	}
}
