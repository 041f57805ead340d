package helm

import (
	"context"
	"fmt"
	"sync"
)

// flights lets callers that want the same thing at the same time share one attempt at it. Unlike
// golang.org/x/sync/singleflight a caller who gives up does not take the others down, and the attempt ends when
// the last caller has given up.
type flights[T any] struct {
	mu  sync.Mutex
	now map[string]*flight[T]
}

type flight[T any] struct {
	done    chan struct{}
	value   T
	err     error
	waiting int
	cancel  context.CancelFunc
}

// do returns what fn returns, for every caller that asks for key while fn runs. Later callers run fn again, so
// whatever should be kept is kept by fn.
func (f *flights[T]) do(ctx context.Context, key string, fn func(context.Context) (T, error)) (T, error) {
	f.mu.Lock()
	if f.now == nil {
		f.now = map[string]*flight[T]{}
	}
	at, running := f.now[key]
	if !running {
		at = &flight[T]{done: make(chan struct{})}
		detached, cancel := context.WithCancel(context.WithoutCancel(ctx)) //nolint:gosec // run calls it
		at.cancel = cancel
		f.now[key] = at
		go f.run(detached, key, at, fn)
	}
	at.waiting++
	f.mu.Unlock()
	select {
	case <-at.done:
		return at.value, at.err
	case <-ctx.Done():
		f.leave(key, at)
		var none T
		return none, ctx.Err()
	}
}

func (f *flights[T]) run(ctx context.Context, key string, at *flight[T], fn func(context.Context) (T, error)) {
	defer func() {
		if r := recover(); r != nil {
			at.err = fmt.Errorf("internal error: %v", r)
		}
		f.mu.Lock()
		if f.now[key] == at {
			delete(f.now, key)
		}
		f.mu.Unlock()
		at.cancel()
		close(at.done)
	}()
	at.value, at.err = fn(ctx)
}

// leave takes one caller off; nobody left means that nobody wants the result, and a new caller begins anew.
func (f *flights[T]) leave(key string, at *flight[T]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at.waiting--; at.waiting == 0 {
		at.cancel()
		if f.now[key] == at {
			delete(f.now, key)
		}
	}
}

// turns makes those who want the same key take turns.
type turns struct {
	mu  sync.Mutex
	now map[string]*turn
}

type turn struct {
	free    chan struct{}
	waiting int
}

// take waits for key and returns how to give it back. The error is the context's.
func (t *turns) take(ctx context.Context, key string) (func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t.mu.Lock()
	if t.now == nil {
		t.now = map[string]*turn{}
	}
	at, ok := t.now[key]
	if !ok {
		at = &turn{free: make(chan struct{}, 1)}
		at.free <- struct{}{}
		t.now[key] = at
	}
	at.waiting++
	t.mu.Unlock()
	done := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if at.waiting--; at.waiting == 0 {
			delete(t.now, key)
		}
	}
	select {
	case <-at.free:
		return func() { at.free <- struct{}{}; done() }, nil
	case <-ctx.Done():
		done()
		return nil, ctx.Err()
	}
}
