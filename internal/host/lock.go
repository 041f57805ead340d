package host

import (
	"context"
	"time"
)

// LockOptions name a lock on the host and say who wants it.
type LockOptions struct {
	// Name is the lock's: one word, such as "rke2".
	Name string
	// Holder tells others who has it; empty means the local user, machine and process.
	Holder string
	// Wait is how long to wait for another holder; zero fails at once.
	Wait time.Duration
	// Dir is where locks live on the host; empty means /run/terraform-provider-lab, which a reboot clears.
	Dir string
}

// Lock is held until it is released, or its connection is lost.
type Lock struct {
	release func(context.Context) error
	lost    <-chan struct{}
}

// NewLock makes a lock from what ends it, for those who stand in for a Host. A nil lost means never.
func NewLock(release func(context.Context) error, lost <-chan struct{}) *Lock {
	return &Lock{release: release, lost: lost}
}

// Release gives the lock back. To release a lock that was lost is an error; a second release does nothing.
func (l *Lock) Release(ctx context.Context) error {
	if l.release == nil {
		return nil
	}
	release := l.release
	l.release = nil
	return release(ctx)
}

// Lost is closed when the lock is gone without having been released, because the connection that held it is.
func (l *Lock) Lost() <-chan struct{} { return l.lost }
