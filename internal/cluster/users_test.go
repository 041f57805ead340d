package cluster

import (
	"slices"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func thing(name string) object.Object {
	return object.New(object.Ref{APIVersion: "x/v1", Kind: "Thing", Namespace: "demo", Name: name})
}

func TestRemove_RefusesWhatOthersUse(t *testing.T) {
	t.Parallel()
	controller := component.Component{
		Name:   "things",
		Charts: []component.Chart{{Release: "things", Namespace: "demo", Name: "things"}},
		UsedBy: []component.Use{{APIVersion: "x/v1", Kind: "Thing", Loss: "vanishes"}},
	}
	guarded := controller
	guarded.UsedBy, guarded.GuardCRDs = nil, true
	definition := object.New(object.Ref{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition", Name: "things.x"})
	object.Set(definition, "x", "spec", "group")
	object.Set(definition, "Thing", "spec", "names", "kind")
	object.Set(definition, []any{map[string]any{"name": "v1", "storage": true}}, "spec", "versions")
	kept := object.Copy(definition)
	object.Set(kept, "keep", "metadata", "annotations", policyAnnotation)

	for name, c := range map[string]struct {
		component component.Component
		live      object.Object
		release   object.Object
		options   RemoveOptions
		refused   bool
	}{
		"in use":                             {controller, thing("one"), nil, RemoveOptions{}, true},
		"in use, forced":                     {controller, thing("one"), nil, RemoveOptions{Force: true}, false},
		"not in use":                         {controller, configMap("one"), nil, RemoveOptions{}, false},
		"used by an object that is going":    {controller, deleted(thing("one")), nil, RemoveOptions{}, false},
		"used by a part of its own release":  {controller, partOf(thing("one"), "things"), nil, RemoveOptions{}, false},
		"used by a part of another release":  {controller, partOf(thing("one"), "others"), nil, RemoveOptions{}, true},
		"what it owns itself follows it":     {controller, owned(thing("one")), nil, RemoveOptions{}, false},
		"a release takes kinds with objects": {guarded, thing("one"), definition, RemoveOptions{}, true},
		"a release keeps its kinds":          {guarded, thing("one"), kept, RemoveOptions{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, engine := newFakes(t)
			f.put(c.live)
			r := helm.Release{Name: "things", Namespace: "demo"}
			if c.release != nil {
				r.Objects = []object.Object{c.release}
			}
			f.releases["demo/things"] = r
			err := engine.Remove(t.Context(), c.component, c.options)
			if refused := fault.Is(err, fault.Conflict) && strings.Contains(err.Error(), "Thing demo/one"); refused != c.refused {
				t.Errorf("got %v", err)
			}
			if uninstalled := slices.Contains(f.calls, "uninstall demo/things"); uninstalled == c.refused {
				t.Errorf("calls %v", f.calls)
			}
		})
	}
}

func deleted(o object.Object) object.Object {
	object.Set(o, "2026-01-02T03:04:05Z", "metadata", "deletionTimestamp")
	return o
}

func partOf(o object.Object, release string) object.Object {
	object.Set(o, map[string]any{"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": "demo"}, "metadata", "annotations")
	return o
}

func owned(o object.Object) object.Object {
	object.Set(o, []any{map[string]any{"name": "owner"}}, "metadata", "ownerReferences")
	return o
}

func TestInstall_WaitsForANamespaceThatGoes(t *testing.T) {
	t.Parallel()
	f, engine := newFakes(t)
	f.put(deleted(object.New(namespaceRef("demo"))))
	if _, err := engine.Install(t.Context(), web(), InstallOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := f.calls[:2]; !slices.Equal(got, []string{"delete Namespace demo", "apply Namespace demo"}) {
		t.Errorf("calls %v", f.calls)
	}
	live, err := f.Get(t.Context(), namespaceRef("demo"))
	if err != nil || object.String(live, "metadata", "labels", createdLabel) != "true" {
		t.Errorf("the new namespace is not marked as ours: %v %v", live, err)
	}
}

func TestInstall_TriesAgainWhenAWebhookIsNotUpYet(t *testing.T) {
	t.Parallel()
	f, engine := newFakes(t)
	f.applyErrs = []error{
		fault.Newf(fault.Unreachable, `failed calling webhook "x.example": dial tcp 10.0.0.1:443: connect: connection refused`),
		fault.Newf(fault.Invalid, "replicas: got string, want integer"),
	}
	_, err := engine.Install(t.Context(), web(), InstallOptions{})
	if !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "webhook") {
		t.Errorf("got %v", err)
	}
	if _, err := engine.Install(t.Context(), web(), InstallOptions{}); err != nil {
		t.Error(err)
	}
}

func TestUsers_TellsOursFromTheirs(t *testing.T) {
	t.Parallel()
	f, engine := newFakes(t)
	f.put(thing("theirs"), partOf(thing("helm's"), "theirs"), partOf(thing("ours"), "ours"), partOf(thing("of a release that is gone"), "gone"))
	f.releases["demo/theirs"] = helm.Release{Name: "theirs", Namespace: "demo"}
	f.releases["demo/ours"] = helm.Release{Name: "ours", Namespace: "demo", Labels: map[string]string{managedLabel: "true"}}
	users, err := engine.Users(t.Context(), component.Component{UsedBy: []component.Use{{APIVersion: "x/v1", Kind: "Thing"}}}, RemoveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ours := map[string]bool{}
	for _, u := range users {
		ours[u.Ref.Name] = u.Ours
	}
	if len(ours) != 4 || !ours["ours"] || ours["theirs"] || ours["helm's"] || ours["of a release that is gone"] {
		t.Errorf("got %v", ours)
	}
}
