package rke2

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

const (
	// releaseTimeout bounds what is still done after a cancel: giving back the lock and clearing up.
	releaseTimeout = 10 * time.Second
	// lockName is the lock that all changes of RKE2 on a machine hold.
	lockName = "rke2"
	// lockAttempts is how often work is begun whose connection breaks, and the lock with it.
	lockAttempts = 3
	// relockWait is how long a machine whose connection broke has to answer again, and the least wait for the lock
	// there: it takes a moment to notice the broken connection and to end what that left running.
	relockWait = time.Minute
)

var errLockLost = errors.New("the connection that held the lock is gone")

// locked runs work while the machine's lock is held. When the connection breaks, the lock is lost: the work is
// stopped and, because all of it is repeatable, begun again as soon as the machine answers.
func locked(ctx context.Context, h Host, o Options, work func(context.Context) error) error {
	lock, err := h.Lock(ctx, host.LockOptions{Name: lockName, Holder: o.Holder, Wait: o.LockWait})
	for attempt := 1; ; attempt++ {
		if err != nil {
			return err
		}
		if err = underLock(ctx, h, lock, work); !errors.Is(err, errLockLost) || attempt == lockAttempts || ctx.Err() != nil {
			return err
		}
		o.logger().Warn("the connection broke; beginning again", "host", h.String())
		broken := err
		if lock, err = relock(ctx, h, o); fault.Is(err, fault.Unreachable, fault.Timeout) {
			return fmt.Errorf("%w; then: %w", broken, err)
		}
	}
}

// relock takes the lock of a machine whose connection broke, which may be booting.
func relock(ctx context.Context, h Host, o Options) (*host.Lock, error) {
	var lock *host.Lock
	err := wait.Until(ctx, wait.Options{For: h.String(), Timeout: relockWait, Interval: time.Second}, func(ctx context.Context) error {
		var err error
		lock, err = h.Lock(ctx, host.LockOptions{Name: lockName, Holder: o.Holder, Wait: max(o.LockWait, relockWait)})
		return err
	})
	return lock, err
}

// underLock runs work until the lock is lost, and gives the lock back.
func underLock(ctx context.Context, h Host, lock *host.Lock, work func(context.Context) error) error {
	bounded, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		select {
		case <-lock.Lost():
			stop(errLockLost)
		case <-bounded.Done():
		}
	}()
	err := work(bounded)
	lost := errors.Is(context.Cause(bounded), errLockLost)
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	releaseErr := lock.Release(after)
	// The machine's silence may be noticed in the work before it is noticed in the lock.
	lost = lost || releaseErr != nil && fault.Is(err, fault.Unreachable)
	switch {
	case err != nil && lost:
		return fault.New(fault.Unreachable, fmt.Errorf("change RKE2 on %s: %w: %w", h, errLockLost, err))
	case err == nil && !lost:
		return releaseErr
	}
	return err
}
