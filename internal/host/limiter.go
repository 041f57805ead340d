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
	mu      sync.Mutex
	limit   int
	active  int
	waiting []chan struct{}
}

func newLimiter(limit int) *limiter { return &limiter{limit: limit} }

func (l *limiter) acquire(ctx context.Context) error {
	for {
		l.mu.Lock()
		if l.active < l.limit {
			l.active++
			l.mu.Unlock()
			return nil
		}
		turn := make(chan struct{})
		l.waiting = append(l.waiting, turn)
		l.mu.Unlock()
		select {
		case <-turn:
		case <-ctx.Done():
			// Whoever was woken in vain passes the wake-up on.
			l.wake()
			return ctx.Err()
		}
	}
}

func (l *limiter) release() {
	l.mu.Lock()
	l.active--
	l.mu.Unlock()
	l.wake()
}

func (l *limiter) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) > 0 {
		close(l.waiting[0])
		l.waiting = l.waiting[1:]
	}
}

// shrink gives the slot back for good, because the server refused a session while others were open. It reports
// false when this was the only one, so that waiting would not help.
func (l *limiter) shrink() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.active--
	if l.active == 0 {
		return false
	}
	l.limit = min(l.limit, l.active)
	return true
}
