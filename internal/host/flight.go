package host

import (
	"context"
	"sync"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// flights makes concurrent callers share one attempt at the same thing. The attempt goes on while anybody waits for
// it, and its failure is believed for a while, so that the many resources of one refresh do not each wait for the same
// dead host or each offer the same wrong password.
type flights struct {
	mu      sync.Mutex
	current map[string]*flight
	failed  map[string]failure
}

type flight struct {
	done    chan struct{}
	link    *link
	err     error
	waiting int
	cancel  context.CancelFunc
}

type failure struct {
	err   error
	until time.Time
}

// believed bounds how long a failure counts.
const believed = 5 * time.Second

// do returns the result of attempt for key, of which one runs at a time.
func (f *flights) do(ctx context.Context, key string, attempt func(context.Context) (*link, error)) (*link, error) {
	f.mu.Lock()
	if failed, ok := f.failed[key]; ok && time.Now().Before(failed.until) {
		f.mu.Unlock()
		return nil, failed.err
	}
	c, ok := f.current[key]
	if !ok {
		c = f.launch(ctx, key, attempt)
	}
	c.waiting++
	f.mu.Unlock()
	select {
	case <-c.done:
		return c.link, c.err
	case <-ctx.Done():
		f.leave(key, c)
		return nil, ctx.Err()
	}
}

func (f *flights) launch(ctx context.Context, key string, attempt func(context.Context) (*link, error)) *flight {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c := &flight{done: make(chan struct{}), cancel: cancel}
	if f.current == nil {
		f.current, f.failed = map[string]*flight{}, map[string]failure{}
	}
	f.current[key] = c
	go func() {
		defer cancel()
		started := time.Now()
		c.link, c.err = attempt(ctx)
		f.land(key, c, time.Since(started))
		close(c.done)
	}()
	return c
}

func (f *flights) land(key string, c *flight, took time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current[key] == c {
		delete(f.current, key)
	}
	delete(f.failed, key)
	switch {
	case c.err == nil || c.waiting == 0:
	case fault.Is(c.err, fault.Auth):
		f.failed[key] = failure{c.err, time.Now().Add(believed)}
	case fault.Is(c.err, fault.Unreachable):
		// What took long to fail is believed as long again; a refused connection is cheap to try.
		f.failed[key] = failure{c.err, time.Now().Add(min(took, believed))}
	}
}

// leave ends an attempt that nobody waits for any more.
func (f *flights) leave(key string, c *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c.waiting--
	if c.waiting > 0 {
		return
	}
	c.cancel()
	if f.current[key] == c {
		delete(f.current, key)
	}
}
