package cluster

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/dxlab/terraform-provider-lab/internal/kube"
)

// listLife is how long a list serves other components: as long as a refresh of many of them takes, and no longer, because
// nobody says when a refresh ends.
const listLife = 5 * time.Second

// lists are the metadata lists that the components of one refresh share: all of them ask for the same cluster roles, and
// those in one namespace for the same of its kinds. After the first write of this process nothing is shared any more.
type lists struct {
	kube    Objects
	flights singleflight.Group

	mu      sync.Mutex
	kept    map[kube.ListOptions]listed
	written bool
}

type listed struct {
	found []kube.Meta
	at    time.Time
}

func newLists(k Objects) *lists { return &lists{kube: k, kept: map[kube.ListOptions]listed{}} }

// write ends the sharing, before something is changed.
func (l *lists) write() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.written, l.kept = true, nil
}

// get lists metadata, or returns what another component has just listed.
func (l *lists) get(ctx context.Context, o kube.ListOptions) ([]kube.Meta, error) {
	found, kept, shared := l.recent(o)
	if kept {
		return found, nil
	}
	if !shared {
		return l.kube.ListMeta(ctx, o)
	}
	done := l.flights.DoChan(fmt.Sprintf("%q", o), func() (any, error) {
		if found, kept, _ := l.recent(o); kept {
			return found, nil
		}
		// The end of the first component's time must not fail the others that wait for the same list.
		asked := time.Now()
		found, err := l.kube.ListMeta(context.WithoutCancel(ctx), o)
		if err == nil {
			l.keep(o, listed{found: found, at: asked})
		}
		return found, err
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case result := <-done:
		found, _ := result.Val.([]kube.Meta)
		return found, result.Err
	}
}

// recent returns what was listed moments ago, and whether lists are shared at all.
func (l *lists) recent(o kube.ListOptions) (found []kube.Meta, kept, shared bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last, kept := l.kept[o]
	return last.found, kept && time.Since(last.at) < listLife, !l.written
}

func (l *lists) keep(o kube.ListOptions, last listed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.written {
		l.kept[o] = last
	}
}
