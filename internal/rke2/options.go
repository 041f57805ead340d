package rke2

import (
	"context"
	"log/slog"
	"time"
)

// Options say how a change is made, as opposed to what the node should be. The zero value is usable.
type Options struct {
	// Adopt takes over an RKE2 that is on the machine already, where role and version allow it.
	Adopt bool
	// StartTimeout bounds the wait for the unit to become active and the node usable; 15 minutes when zero.
	StartTimeout time.Duration
	// LockWait is how long to wait for another run that changes the same machine; zero fails at once.
	LockWait time.Duration
	// Holder tells other runs who holds the lock, for example "terraform apply by ann on ci-3".
	Holder string
	// Logger hears what is done; nil means silence.
	Logger *slog.Logger
	// OnStep is called with the name of each step before it begins; it may be nil.
	OnStep func(step string)
	// BeforeRestart and AfterRestart frame the restart of a node that is running, for draining and uncordoning.
	// AfterRestart is called also when the restart failed, with a context of its own lifetime. Both may be nil.
	BeforeRestart, AfterRestart func(ctx context.Context) error
}

const defaultStartTimeout = 15 * time.Minute

func (o Options) logger() *slog.Logger {
	if o.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Logger
}

func (o Options) startTimeout() time.Duration {
	if o.StartTimeout <= 0 {
		return defaultStartTimeout
	}
	return o.StartTimeout
}

// Warning is something that does not stop the work and that somebody should know.
type Warning struct {
	// Summary is one line; Detail says what may happen and what to do about it.
	Summary, Detail string
}

// Outcome is what a change did and what is there now. It is filled as far as the work came, also beside an error.
type Outcome struct {
	// Observed is what was read last.
	Observed Observed
	// Version is the release that was chosen, also when a channel or a directory of artifacts chose it.
	Version string
	// Touched says that the machine carries something of ours: whoever keeps a record must keep it.
	Touched bool
	// Placed says that the release's files were put into place by this call, Started that the unit was started or
	// restarted, Adopted that an RKE2 of somebody else was taken over.
	Placed, Started, Adopted bool
	// Warnings are what preflight and the work had to say.
	Warnings []Warning
}
