package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// fakes are a cluster's API and its releases in memory. They write down what changes something and what is waited
// for; a kind that is not served cannot be listed or read.
type fakes struct {
	t         *testing.T
	mu        sync.Mutex
	live      map[string]object.Object
	unserved  map[string]bool
	releases  map[string]helm.Release
	crds      map[string][]object.Object
	specs     []helm.Spec
	calls     []string
	waited    []kube.Condition
	gets      int
	applyErrs []error
	waitErr   error
}

func newFakes(t *testing.T) (*fakes, *Cluster) {
	t.Helper()
	f := &fakes{t: t, live: map[string]object.Object{}, unserved: map[string]bool{}, releases: map[string]helm.Release{}, crds: map[string][]object.Object{}}
	return f, New(f, fakeReleases{f}, slog.New(slog.DiscardHandler))
}

func (f *fakes) put(objects ...object.Object) {
	for _, o := range objects {
		f.live[key(object.RefOf(o))] = o
	}
}

func (f *fakes) note(call string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, call)
}

func (f *fakes) UID(context.Context) (string, error)     { return "uid", nil }
func (f *fakes) Version(context.Context) (string, error) { return "v1.35.7", nil }

func (f *fakes) Exists(_ context.Context, _, kind string) (bool, error) {
	return !f.unserved[kind], nil
}

func (f *fakes) Apply(_ context.Context, o object.Object, _ kube.ApplyOptions) (object.Object, error) {
	f.note("apply " + object.RefOf(o).String())
	f.mu.Lock()
	defer f.mu.Unlock()
	f.put(o)
	return o, nil
}

func (f *fakes) Get(_ context.Context, ref object.Ref) (object.Object, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gets++
	o, ok := f.live[key(ref)]
	if !ok {
		return nil, fault.Newf(fault.NotFound, "%s not found", ref)
	}
	return o, nil
}

func (f *fakes) List(_ context.Context, o kube.ListOptions) ([]object.Object, error) {
	if f.unserved[o.Kind] {
		return nil, fault.Newf(fault.NotFound, "no kind %s", o.Kind)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []object.Object
	for _, k := range sortedNames(f.live) {
		ref := object.RefOf(f.live[k])
		if ref.Kind == o.Kind && (o.Namespace == "" || o.Namespace == ref.Namespace) {
			found = append(found, f.live[k])
		}
	}
	return found, nil
}

func (f *fakes) ListMeta(ctx context.Context, o kube.ListOptions) ([]kube.Meta, error) {
	list, err := f.List(ctx, o)
	if err != nil {
		return nil, err
	}
	var found []kube.Meta
	for _, l := range list {
		if o.FieldSelector == "type=helm.sh/release.v1" && object.String(l, "type") != "helm.sh/release.v1" {
			continue
		}
		m := kube.Meta{Ref: object.RefOf(l), ResourceVersion: object.String(l, "metadata", "resourceVersion"), Annotations: map[string]string{}}
		for k, v := range object.Map(l, "metadata", "annotations") {
			m.Annotations[k] = fmt.Sprint(v)
		}
		if object.String(l, "metadata", "deletionTimestamp") != "" {
			m.DeletionTimestamp = time.Now()
		}
		m.Owners = metaOf(l).Owners
		found = append(found, m)
	}
	return found, nil
}

// Patch merges maps and takes nulls out, which is all that is asked of it.
func (f *fakes) Patch(_ context.Context, ref object.Ref, _ kube.PatchType, patch []byte) (object.Object, error) {
	f.note("patch " + ref.String() + " " + string(patch))
	f.mu.Lock()
	defer f.mu.Unlock()
	var change object.Object
	if err := json.Unmarshal(patch, &change); err != nil {
		return nil, err
	}
	live := f.live[key(ref)]
	mergePatch(live, change)
	return live, nil
}

func mergePatch(into, change map[string]any) {
	for k, v := range change {
		below, isMap := v.(map[string]any)
		switch {
		case v == nil:
			delete(into, k)
		case isMap:
			if _, there := into[k].(map[string]any); !there {
				into[k] = map[string]any{}
			}
			if at, ok := into[k].(map[string]any); ok {
				mergePatch(at, below)
			}
		default:
			into[k] = v
		}
	}
}

func (f *fakes) Delete(_ context.Context, ref object.Ref, _ kube.DeleteOptions) error {
	f.note("delete " + ref.String())
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.live, key(ref))
	return nil
}

func (f *fakes) Drain(_ context.Context, node string, _ time.Duration) error {
	f.note("drain " + node)
	return nil
}

func (f *fakes) Wait(_ context.Context, conditions []kube.Condition, _ kube.WaitOptions) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waited = append(f.waited, conditions...)
	for _, c := range conditions {
		f.calls = append(f.calls, "wait "+c.Ref.String()+" "+string(c.Kind))
	}
	return f.waitErr
}

type fakeReleases struct{ *fakes }

func (f fakeReleases) Get(_ context.Context, namespace, release string) (helm.Release, error) {
	r, ok := f.releases[namespace+"/"+release]
	if !ok {
		return helm.Release{}, fault.Newf(fault.NotFound, "no release")
	}
	return r, nil
}

func (f fakeReleases) Apply(_ context.Context, s helm.Spec) (helm.Release, error) {
	f.note("release " + s.Namespace + "/" + s.Release)
	if len(f.applyErrs) > 0 {
		err := f.applyErrs[0]
		f.applyErrs = f.applyErrs[1:]
		return helm.Release{}, err
	}
	f.specs = append(f.specs, s)
	r := helm.Release{
		Name: s.Release, Namespace: s.Namespace, Chart: s.Chart.Name, Version: s.Chart.Version, Status: "deployed",
		Revision: f.releases[s.Namespace+"/"+s.Release].Revision + 1, Values: s.Values, Objects: f.releases["rendered"].Objects,
	}
	f.releases[s.Namespace+"/"+s.Release] = r
	f.put(r.Objects...)
	return r, nil
}

func (f fakeReleases) Uninstall(_ context.Context, s helm.UninstallSpec) error {
	f.note("uninstall " + s.Namespace + "/" + s.Release)
	delete(f.releases, s.Namespace+"/"+s.Release)
	return nil
}

func (f fakeReleases) CRDs(_ context.Context, ref helm.ChartRef, _ map[string]any) ([]object.Object, error) {
	return f.crds[ref.Name], nil
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}
