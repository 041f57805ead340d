package cluster

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func released(objects ...object.Object) helm.Release {
	return helm.Release{Name: "web", Namespace: "demo", Chart: "web", Version: "1.0.0", Status: "deployed", Revision: 1, Objects: objects}
}

func TestRead_FindsWhatDiffers(t *testing.T) {
	t.Parallel()
	wanted := configMap("one")
	wanted["data"] = map[string]any{"a": "b"}
	edited := configMap("one")
	edited["data"] = map[string]any{"a": "c"}
	deleting := configMap("one")
	deleting["data"] = map[string]any{"a": "b"}
	object.Set(deleting, "2026-01-01T00:00:00Z", "metadata", "deletionTimestamp")
	failed := released(wanted)
	failed.Status, failed.Description = "failed", "hook failed"
	upgraded := released(wanted)
	upgraded.Version, upgraded.Revision = "1.1.0", 2
	for name, c := range map[string]struct {
		release helm.Release
		live    []object.Object
		drift   []string
	}{
		"nothing":  {released(wanted), []object.Object{wanted}, nil},
		"edited":   {released(wanted), []object.Object{edited}, []string{`ConfigMap demo/one data.a: want "b", live "c"`}},
		"deleted":  {released(wanted), nil, []string{"ConfigMap demo/one: it is missing"}},
		"deleting": {released(wanted), []object.Object{deleting}, []string{"ConfigMap demo/one: it is being deleted since 2026-01-01T00:00:00Z"}},
		"failed":   {failed, []object.Object{wanted}, []string{"release demo/web status: want deployed, live failed (hook failed)"}},
		"upgraded by somebody": {upgraded, []object.Object{wanted}, []string{
			"release demo/web chart version: want 1.0.0, live 1.1.0", "release demo/web revision: want 1, live 2: somebody else changed the release",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, engine := newFakes(t)
			f.releases["demo/web"] = c.release
			f.put(c.live...)
			comp := component.Component{Charts: web().Charts}
			observed, err := engine.Read(t.Context(), comp, ReadOptions{Drift: DriftFind, Known: Known{Releases: map[string]int{"demo/web": 1}}})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.drift, observed.Drift); diff != "" {
				t.Error(diff)
			}
			skipped, err := engine.Read(t.Context(), comp, ReadOptions{Drift: DriftSkip})
			if err != nil || len(skipped.Drift) > 0 {
				t.Errorf("a read that skips drift found %v, %v", skipped.Drift, err)
			}
		})
	}
}

func TestRead_AKindThatIsGoneHasLostItsObjects(t *testing.T) {
	t.Parallel()
	f, c := newFakes(t)
	f.unserved["ConfigMap"] = true
	f.releases["demo/web"] = released(configMap("one"))
	observed, err := c.Read(t.Context(), component.Component{Charts: web().Charts}, ReadOptions{Drift: DriftFind})
	if err != nil || len(observed.Drift) != 1 || !strings.Contains(observed.Drift[0], "missing") {
		t.Errorf("drift %v, error %v", observed.Drift, err)
	}
}

func TestRead_NotFoundOnlyWhenNothingIsThere(t *testing.T) {
	t.Parallel()
	two := component.Component{Charts: []component.Chart{{Release: "web", Namespace: "demo"}, {Release: "more", Namespace: "demo"}}}
	objects := component.Component{Objects: []object.Object{configMap("one"), configMap("two")}}
	for name, c := range map[string]struct {
		comp     component.Component
		live     []object.Object
		release  bool
		notFound bool
	}{
		"no release":       {two, nil, false, true},
		"the first of two": {two, nil, true, false},
		"no object":        {objects, nil, false, true},
		"the first object": {objects, []object.Object{configMap("one")}, false, false},
		"the second alone": {objects, []object.Object{configMap("two")}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, mode := range []DriftMode{DriftFind, DriftSkip} {
				f, engine := newFakes(t)
				f.put(c.live...)
				if c.release {
					f.releases["demo/web"] = released()
				}
				_, err := engine.Read(t.Context(), c.comp, ReadOptions{Drift: mode})
				if fault.Is(err, fault.NotFound) != c.notFound {
					t.Errorf("%s: error %v", mode, err)
				}
			}
		})
	}
}

func TestRead_ReadsOnlyWhatChangedSinceItWasVerified(t *testing.T) {
	t.Parallel()
	f, c := newFakes(t)
	f.put(versioned(configMap("one"), "1"), versioned(configMap("two"), "1"))
	comp := component.Component{Objects: []object.Object{configMap("one"), configMap("two")}}
	observed, err := c.Read(t.Context(), comp, ReadOptions{Drift: DriftFind})
	if err != nil || f.gets != 2 {
		t.Fatalf("%d reads, %v", f.gets, err)
	}
	f.put(versioned(configMap("two"), "2"))
	if observed, err = c.Read(t.Context(), comp, ReadOptions{Drift: DriftFind, Known: observed.Known}); err != nil || f.gets != 3 {
		t.Fatalf("%d reads, %v", f.gets, err)
	}
	if got := observed.Known.Verified[mark(object.RefOf(configMap("two")))]; !strings.HasPrefix(got, "2 ") {
		t.Errorf("verified at %q", got)
	}
	comp.Objects[0]["data"] = map[string]any{"a": "wanted now"}
	if observed, err = c.Read(t.Context(), comp, ReadOptions{Drift: DriftFind, Known: observed.Known}); err != nil || f.gets != 4 || len(observed.Drift) != 1 {
		t.Errorf("something else is wanted: %d reads, drift %v, %v", f.gets, observed.Drift, err)
	}
}

func TestRead_Outputs(t *testing.T) {
	t.Parallel()
	f, c := newFakes(t)
	service := object.New(object.Ref{APIVersion: "v1", Kind: "Service", Namespace: "demo", Name: "s"})
	service["status"] = map[string]any{"loadBalancer": map[string]any{"ingress": []any{map[string]any{"ip": "10.0.0.9"}}}}
	f.put(service)
	missing := object.Ref{APIVersion: "v1", Kind: "Service", Namespace: "demo", Name: "missing"}
	observed, err := c.Read(t.Context(), component.Component{Outputs: []component.Output{
		{Name: "address", Ref: object.RefOf(service), Path: "status.loadBalancer.ingress.0.ip"},
		{Name: "hostname", Ref: object.RefOf(service), Path: "status.loadBalancer.ingress.0.hostname"},
		{Name: "other", Ref: missing, Path: "status.x"},
	}}, ReadOptions{Drift: DriftFind})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"address": "10.0.0.9"}, observed.Outputs); diff != "" {
		t.Error(diff)
	}
}

func TestNodes(t *testing.T) {
	t.Parallel()
	f, c := newFakes(t)
	f.put(parse(t, `
apiVersion: v1
kind: Node
metadata: {name: b, labels: {node-role.kubernetes.io/etcd: "true", node-role.kubernetes.io/control-plane: "true"}}
status: {addresses: [{type: Hostname, address: b}, {type: InternalIP, address: 10.0.0.2}], nodeInfo: {kubeletVersion: v1.35.7+rke2r1}, conditions: [{type: Ready, status: "True"}]}
`), parse(t, "apiVersion: v1\nkind: Node\nmetadata: {name: a}\nstatus: {conditions: [{type: Ready, status: Unknown}]}"))
	nodes, err := c.Nodes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []Node{{Name: "a", Roles: []string{}}, {Name: "b", Address: "10.0.0.2", Roles: []string{"control-plane", "etcd"}, Version: "v1.35.7+rke2r1", Ready: true}}
	if diff := cmp.Diff(want, nodes); diff != "" {
		t.Error(diff)
	}
}
