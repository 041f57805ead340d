package cluster

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// counted is an API that counts the lists that it is asked for.
type counted struct {
	*fakes
	lists atomic.Int32
	// hold, when it is set, makes a list wait; began tells of the first.
	hold, began chan struct{}
	err         error
}

func (c *counted) ListMeta(ctx context.Context, o kube.ListOptions) ([]kube.Meta, error) {
	first := c.lists.Add(1) == 1
	if c.hold != nil {
		if first {
			close(c.began)
		}
		<-c.hold
	}
	if c.err != nil {
		return nil, c.err
	}
	return c.fakes.ListMeta(ctx, o)
}

func newCounted(t *testing.T) (*counted, *Cluster) {
	t.Helper()
	f, engine := newFakes(t)
	api := &counted{fakes: f}
	return api, New(api, fakeReleases{f}, engine.log)
}

// two is a component of two ConfigMaps, which takes one list of their namespace.
func two(names ...string) component.Component {
	return component.Component{Objects: []object.Object{configMap(names[0]), configMap(names[1])}}
}

func TestRead_SharesListsInARefresh(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options ReadOptions
		between func(*testing.T, *Cluster)
		want    int32
	}{
		"a refresh":         {ReadOptions{Drift: DriftFind, Shared: true}, nil, 1},
		"one by one":        {ReadOptions{Drift: DriftFind}, nil, 2},
		"a write between":   {ReadOptions{Drift: DriftFind, Shared: true}, func(_ *testing.T, c *Cluster) { c.lists.write() }, 2},
		"when time is over": {ReadOptions{Drift: DriftFind, Shared: true}, func(_ *testing.T, c *Cluster) { c.lists.age(listLife) }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, engine := newCounted(t)
			api.put(configMap("a"), configMap("b"), configMap("c"), configMap("d"))
			if _, err := engine.Read(t.Context(), two("a", "b"), c.options); err != nil {
				t.Fatal(err)
			}
			if c.between != nil {
				c.between(t, engine)
			}
			observed, err := engine.Read(t.Context(), two("c", "d"), c.options)
			if err != nil || len(observed.Drift) > 0 {
				t.Errorf("drift %v, %v", observed.Drift, err)
			}
			if got := api.lists.Load(); got != c.want {
				t.Errorf("%d lists, want %d", got, c.want)
			}
		})
	}
}

// age makes everything that was listed older.
func (l *lists) age(by time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for o, last := range l.kept {
		l.kept[o] = listed{found: last.found, at: last.at.Add(-by)}
	}
}

// Each way of changing a cluster ends the sharing before it begins: what is read then is what is there.
func TestLists_EndWithTheFirstWrite(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(*Cluster) error{
		"install": func(c *Cluster) error {
			_, err := c.Install(t.Context(), two("a", "b"), InstallOptions{Adopt: true})
			return err
		},
		"remove":      func(c *Cluster) error { return c.Remove(t.Context(), two("a", "b"), RemoveOptions{}) },
		"drain":       func(c *Cluster) error { return c.DrainNode(t.Context(), "n", time.Second) },
		"remove node": func(c *Cluster) error { return c.RemoveNode(t.Context(), "n") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, engine := newCounted(t)
			api.put(configMap("a"), configMap("b"), configMap("c"), configMap("d"))
			refresh := ReadOptions{Drift: DriftFind, Shared: true}
			if _, err := engine.Read(t.Context(), two("c", "d"), refresh); err != nil {
				t.Fatal(err)
			}
			if err := write(engine); err != nil && !fault.Is(err, fault.NotFound) {
				t.Fatal(err)
			}
			api.mu.Lock()
			delete(api.live, key(object.RefOf(configMap("c"))))
			api.mu.Unlock()
			observed, err := engine.Read(t.Context(), two("d", "c"), refresh)
			if err != nil || len(observed.Drift) != 1 {
				t.Errorf("drift %v, %v", observed.Drift, err)
			}
		})
	}
}

func TestLists_AskOnceForManyAtOnce(t *testing.T) {
	t.Parallel()
	api, engine := newCounted(t)
	api.hold, api.began = make(chan struct{}), make(chan struct{})
	api.put(configMap("a"), configMap("b"))
	ctx, cancel := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		waiting.Go(func() {
			at := t.Context()
			if i == 0 {
				at = ctx
			}
			_, errs[i] = engine.lists.get(at, kube.ListOptions{APIVersion: "v1", Kind: "ConfigMap", Namespace: "demo"})
		})
	}
	<-api.began
	cancel() // one that gives up takes nobody with it
	close(api.hold)
	waiting.Wait()
	for i, err := range errs[1:] {
		if err != nil {
			t.Errorf("%d: %v", i+1, err)
		}
	}
	if errs[0] != nil && !errors.Is(errs[0], context.Canceled) {
		t.Error(errs[0])
	}
	if got := api.lists.Load(); got != 1 {
		t.Errorf("%d lists", got)
	}
}

func TestLists_KeepNoFailure(t *testing.T) {
	t.Parallel()
	api, engine := newCounted(t)
	api.err = fault.Newf(fault.Unreachable, "no route")
	for range 2 {
		if _, err := engine.lists.get(t.Context(), kube.ListOptions{APIVersion: "v1", Kind: "ConfigMap"}); !fault.Is(err, fault.Unreachable) {
			t.Errorf("got %v", err)
		}
	}
	if got := api.lists.Load(); got != 2 {
		t.Errorf("%d lists", got)
	}
}
