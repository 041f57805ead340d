package host

import (
	"context"
	"sync"
)

// maxSessions is how many commands run at once on a connection: below OpenSSH's MaxSessions of 10, so that there is
// room for a lock and for ending a command.
const maxSessions = 6

// limiter hands out slots. Its limit shrinks when the server turns out to allow fewer.
type limiter struct {
	mu     sync.Mutex
	limit  int
	active int
	// freed is closed, and replaced, whenever a slot is given back.
	freed chan struct{}
}

func newLimiter(limit int) *limiter { return &limiter{limit: limit, freed: make(chan struct{})} }

func (l *limiter) acquire(ctx context.Context) error {
	for {
		l.mu.Lock()
		if l.active < l.limit {
			l.active++
			l.mu.Unlock()
			return nil
		}
		freed := l.freed
		l.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *limiter) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.giveBack()
}

// giveBack frees a slot; the caller holds mu.
func (l *limiter) giveBack() {
	l.active--
	close(l.freed)
	l.freed = make(chan struct{})
}

// shrink gives back a slot that the server did not honour, and from now on hands out only as many as it did. It
// reports whether there are any.
func (l *limiter) shrink() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.giveBack()
	l.limit = max(1, min(l.limit, l.active))
	return l.active > 0
}
