package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/provider"
	"github.com/dxlab/terraform-provider-lab/internal/reach"
	"github.com/dxlab/terraform-provider-lab/internal/rke2"
)

// fakeWorld has machines and clusters by the host that they are reached at; "" is the kubernetes block's. Reaching
// for anything else fails the test.
type fakeWorld struct {
	t        *testing.T
	mu       sync.Mutex
	machines map[string]*fakeMachine
	engines  map[string]*fakeEngine
	// library is where charts and files come from; nil fails the test when it is asked.
	library *fakeLibrary
	// charts finds charts; nil finds none and is not asked.
	charts *helm.Charts
	// err is what every attempt to reach a cluster ends with.
	err error
	// http answers every request, whatever its way; nil means that nobody answers. ways are the ways that were taken.
	http *http.Client
	ways []reach.Via
	// httpErr is what every attempt to make such a client ends with.
	httpErr error
	// sent are the same with all that was said of them.
	sent []reach.HTTPOptions
	// settings are what the provider was configured with last.
	settings reach.Settings
}

func newWorld(t *testing.T) *fakeWorld {
	t.Helper()
	return &fakeWorld{t: t, machines: map[string]*fakeMachine{}, engines: map[string]*fakeEngine{}}
}

// withCluster adds the cluster of the kubernetes block.
func withCluster(t *testing.T) (*fakeWorld, *fakeEngine) {
	t.Helper()
	w := newWorld(t)
	w.engines[""] = newEngine(t, "uid-1")
	w.engines[""].has(t, bundledTraefik)
	return w, w.engines[""]
}

// withHost adds a bare host.
func (w *fakeWorld) withHost(name string) *fakeMachine {
	m := &fakeMachine{world: w, name: name}
	w.machines[name] = m
	return m
}

func (w *fakeWorld) open(s reach.Settings) provider.World {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settings = s
	return w
}

func (w *fakeWorld) Cluster(_ context.Context, ref reach.Reference) (provider.Engine, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.engines[ref.Host]
	switch {
	case w.err != nil:
		return nil, w.err
	case e == nil && w.machines[ref.Host] != nil:
		return nil, fault.Newf(fault.Unreachable, "host %s has no cluster", ref.Host)
	case e == nil:
		w.t.Errorf("a cluster was reached for that is not there: %+v", ref)
		return nil, fault.Newf(fault.Unreachable, "no such host")
	case ref.UID != "" && ref.UID != e.uid:
		return nil, fault.Newf(fault.NotFound, "cluster %s is gone", ref.UID)
	}
	return e, nil
}

func (w *fakeWorld) Node(t host.Target) provider.Machine {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.machines[t.Host]
	if m == nil {
		w.t.Errorf("host %q was reached for, which is not there", t.Host)
		return &fakeMachine{world: w, err: fault.Newf(fault.Unreachable, "no such host")}
	}
	return m
}

func (w *fakeWorld) Kubeconfig(_ context.Context, ref reach.Reference) ([]byte, error) {
	if w.err != nil {
		return nil, w.err
	}
	return []byte("kubeconfig of " + ref.Host), nil
}

func (w *fakeWorld) Charts() *helm.Charts { return w.charts }

func (w *fakeWorld) Forget(reach.Reference) {}

// HTTP leads every way to the fake's client, and remembers which one it was.
func (w *fakeWorld) HTTP(_ context.Context, _ reach.Reference, o reach.HTTPOptions) (*http.Client, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ways, w.sent = append(w.ways, o.Via), append(w.sent, o)
	if w.httpErr != nil {
		return nil, w.httpErr
	}
	if w.http == nil {
		return nil, fault.Newf(fault.Unreachable, "nobody answers")
	}
	return w.http, nil
}

func (w *fakeWorld) Forward(context.Context, reach.Reference, kube.ForwardOptions) (*kube.LastingForward, error) {
	return &kube.LastingForward{Addr: "127.0.0.1:41234"}, nil
}

// Logs says of every container the same: where it was asked for.
func (w *fakeWorld) Logs(_ context.Context, _ reach.Reference, o kube.LogOptions) (string, error) {
	return "Exporting failed in " + o.Namespace + "/" + o.Pod, nil
}

func (w *fakeWorld) Library() provider.Library {
	if w.library == nil {
		w.library = &fakeLibrary{t: w.t}
	}
	return w.library
}

// fakeEngine is a cluster that remembers the components on it.
type fakeEngine struct {
	t          *testing.T
	uid        string
	version    string
	mu         sync.Mutex
	installed  map[string]component.Component
	live       map[object.Ref]object.Object
	drift      []string
	installErr error
	readErr    error
	removeErr  error
	drainErr   error
	calls      []string
	users      []cluster.User
	options    []cluster.InstallOptions
	reads      []cluster.ReadOptions
	removals   []cluster.RemoveOptions
}

func newEngine(t *testing.T, uid string) *fakeEngine {
	t.Helper()
	return &fakeEngine{t: t, uid: uid, version: "v1.35.7+rke2r1", installed: map[string]component.Component{}, live: map[object.Ref]object.Object{}}
}

// placeOf names where a component is, apart from its content.
func placeOf(c component.Component) string {
	if len(c.Charts) > 0 {
		return c.Charts[len(c.Charts)-1].Namespace + "/" + c.Charts[len(c.Charts)-1].Release
	}
	if len(c.Objects) == 0 {
		return c.Labels[0].Ref.String()
	}
	return object.RefOf(c.Objects[0]).String()
}

func (e *fakeEngine) taken() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	calls := slices.Clone(e.calls)
	e.calls = nil
	return calls
}

func (e *fakeEngine) set(change func(*fakeEngine)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(e)
}

func (e *fakeEngine) UID(context.Context) (string, error)     { return e.uid, nil }
func (e *fakeEngine) Version(context.Context) (string, error) { return e.version, nil }

func (e *fakeEngine) Install(_ context.Context, c component.Component, o cluster.InstallOptions) (cluster.Observed, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls = append(e.calls, "install "+placeOf(c))
	e.options = append(e.options, o)
	if e.installErr != nil {
		e.installed[placeOf(c)] = c // half of it is there
		return cluster.Observed{}, e.installErr
	}
	e.installed[placeOf(c)] = c
	e.drift = nil
	return e.observe(c), nil
}

func (e *fakeEngine) Read(_ context.Context, c component.Component, o cluster.ReadOptions) (cluster.Observed, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reads = append(e.reads, o)
	if e.readErr != nil {
		return cluster.Observed{}, e.readErr
	}
	live, ok := e.installed[placeOf(c)]
	if !ok {
		return cluster.Observed{}, fault.Newf(fault.NotFound, "%s is not there", placeOf(c))
	}
	observed := e.observe(live)
	if o.Drift == cluster.DriftFind {
		observed.Drift = slices.Clone(e.drift)
		for i, chart := range c.Charts {
			if have := live.Charts[i].Version; chart.Version != "" && have != chart.Version {
				observed.Drift = append(observed.Drift, fmt.Sprintf("chart version: want %s, live %s", chart.Version, have))
			}
		}
	}
	return observed, nil
}

func (e *fakeEngine) observe(c component.Component) cluster.Observed {
	o := cluster.Observed{Objects: map[string]string{placeOf(c): "0123456789ab"}, Outputs: map[string]string{"address": "10.0.0.9"}}
	for _, chart := range c.Charts {
		o.Charts = append(o.Charts, cluster.ChartObserved{
			Release: chart.Release, Namespace: chart.Namespace, Chart: chart.Name, Version: chart.Version,
			AppVersion: "v" + chart.Version, Digest: fmt.Sprintf("digest-%s-%s", chart.Name, chart.Version), Status: "deployed", Revision: 1,
		})
	}
	o.Known = cluster.Known{Verified: map[string]string{placeOf(c): "1"}}
	return o
}

func (e *fakeEngine) Users(context.Context, component.Component, cluster.RemoveOptions) ([]cluster.User, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.users, nil
}

func (e *fakeEngine) Remove(_ context.Context, c component.Component, o cluster.RemoveOptions) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.removals = append(e.removals, o)
	e.calls = append(e.calls, "remove "+placeOf(c))
	if e.removeErr != nil {
		return e.removeErr
	}
	delete(e.installed, placeOf(c))
	return nil
}

func (e *fakeEngine) Objects(_ context.Context, refs ...object.Ref) ([]object.Object, error) {
	var found []object.Object
	for _, ref := range refs {
		if o, ok := e.live[ref]; ok {
			found = append(found, o)
		}
	}
	return found, nil
}

func (e *fakeEngine) DrainNode(_ context.Context, name string, _ time.Duration) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls = append(e.calls, "drain node "+name)
	return e.drainErr
}

func (e *fakeEngine) List(_ context.Context, o cluster.ListOptions) ([]object.Object, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var found []object.Object
	for ref, live := range e.live {
		labelled := o.LabelSelector == "" || strings.Contains(o.LabelSelector, "="+object.String(live, "metadata", "labels", strings.Split(o.LabelSelector, "=")[0]))
		if ref.APIVersion == o.APIVersion && ref.Kind == o.Kind && (o.Namespace == "" || o.Namespace == ref.Namespace) && labelled {
			found = append(found, live)
		}
	}
	slices.SortFunc(found, func(a, b object.Object) int {
		return strings.Compare(object.RefOf(a).String(), object.RefOf(b).String())
	})
	return found, e.readErr
}

func (e *fakeEngine) RemoveNode(_ context.Context, name string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls = append(e.calls, "remove node "+name)
	return nil
}

func (e *fakeEngine) Nodes(context.Context) ([]cluster.Node, error) {
	return []cluster.Node{{Name: "a", Address: "10.0.0.1", Roles: []string{"control-plane"}, Version: "v1.35.7+rke2r1", Ready: true}}, nil
}

func (e *fakeEngine) AwaitNode(context.Context, string, time.Duration) error { return nil }

// fakeMachine is a host that remembers the node on it.
type fakeMachine struct {
	world *fakeWorld
	name  string
	// node is nil while the host is bare.
	node        *rke2.Node
	clusters    int
	differences []rke2.Difference
	// err is what every operation ends with, changeErr only those that change something.
	err, changeErr error
	calls          []string
	auth           string
}

func (m *fakeMachine) Install(_ context.Context, n rke2.Node, o rke2.Options) (rke2.Outcome, error) {
	m.calls = append(m.calls, fmt.Sprintf("install adopt=%t", o.Adopt))
	return m.change(n)
}

func (m *fakeMachine) Update(_ context.Context, n rke2.Node, _ rke2.Options) (rke2.Outcome, error) {
	m.calls = append(m.calls, "update")
	return m.change(n)
}

func (m *fakeMachine) change(n rke2.Node) (rke2.Outcome, error) {
	if m.err != nil {
		return rke2.Outcome{}, m.err
	}
	m.node, m.differences = &n, nil
	if n.Registries != nil {
		for _, c := range n.Registries.Configs {
			if c.Auth != nil {
				m.auth = c.Auth.Password
			}
		}
	}
	if m.changeErr != nil {
		return rke2.Outcome{Touched: true, Observed: m.observe()}, m.changeErr
	}
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	if m.world.engines[m.name] == nil && n.Join == nil {
		m.clusters++
		m.world.engines[m.name] = newEngine(m.world.t, fmt.Sprintf("uid-%s-%d", m.name, m.clusters))
	}
	return rke2.Outcome{Touched: true, Observed: m.observe()}, nil
}

func (m *fakeMachine) Read(context.Context, rke2.Node) (rke2.Observed, error) {
	if m.err != nil {
		return rke2.Observed{}, m.err
	}
	return m.observe(), nil
}

func (m *fakeMachine) observe() rke2.Observed {
	if m.node == nil {
		return rke2.Observed{}
	}
	version := m.node.Version
	if version == "" {
		version = "v1.35.7+rke2r1"
	}
	return rke2.Observed{
		Installed: true, Version: version, Role: m.node.Role, NodeName: "node-" + m.name, Address: "10.0.0.1",
		Differences: m.differences, ByUs: true, Complete: m.changeErr == nil,
	}
}

func (m *fakeMachine) Uninstall(ctx context.Context, o rke2.UninstallOptions) error {
	m.calls = append(m.calls, "uninstall")
	if m.err != nil {
		return m.err
	}
	if o.BeforeStop != nil {
		if err := o.BeforeStop(ctx); err != nil {
			return err
		}
	}
	m.node = nil
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	delete(m.world.engines, m.name)
	return nil
}

func (m *fakeMachine) Token(rke2.Role) rke2.TokenSource {
	return func(context.Context) (rke2.Token, error) { return rke2.NewToken("token-of-" + m.name) }
}

func (m *fakeMachine) taken() []string {
	calls := m.calls
	m.calls = nil
	return calls
}
