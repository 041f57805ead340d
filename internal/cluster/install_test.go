package cluster

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func configMap(name string) object.Object {
	return object.New(object.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: "demo", Name: name})
}

func versioned(o object.Object, version string) object.Object {
	object.Set(o, version, "metadata", "resourceVersion")
	return o
}

func managed(o object.Object, manager string) object.Object {
	object.Set(o, []any{map[string]any{"manager": manager, "operation": "Apply"}}, "metadata", "managedFields")
	return o
}

func web() component.Component {
	ref := object.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "demo", Name: "web"}
	return component.Component{
		Name:       "web",
		Requires:   []component.Requirement{{APIVersion: "x/v1", Kind: "Thing", BroughtBy: "lab_things"}},
		Needs:      []component.Condition{component.MutatingWebhookUsable("injector")},
		Namespaces: []component.Namespace{{Name: "demo", Labels: map[string]string{"a": "b"}}},
		Charts: []component.Chart{{
			Release: "web", Namespace: "demo", Repository: "https://charts.example", Name: "web", Version: "1.0.0",
			Values: map[string]any{"a": 1}, Ready: []component.Condition{component.DeploymentAvailable("demo", "web")},
		}},
		Objects: []object.Object{configMap("one"), configMap("two")},
		Ready:   []component.Condition{{Name: "web is current", Ref: ref, Check: component.Check{Kind: component.Current}}},
	}
}

func TestInstall_GoesInOrder(t *testing.T) {
	t.Parallel()
	f, c := newFakes(t)
	f.crds["web"] = []object.Object{object.New(object.Ref{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition", Name: "things.x"})}
	observed, err := c.Install(t.Context(), web(), InstallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"apply Namespace demo",
		"wait MutatingWebhookConfiguration injector webhook usable",
		"apply CustomResourceDefinition things.x", "wait CustomResourceDefinition things.x established",
		"release demo/web", "wait Deployment demo/web available",
		"apply ConfigMap demo/one", "apply ConfigMap demo/two",
		"wait Deployment demo/web current",
	}
	if diff := cmp.Diff(want, f.calls); diff != "" {
		t.Error(diff)
	}
	if len(observed.Drift) > 0 || len(observed.Known.Objects) != 2 {
		t.Errorf("observed %+v", observed)
	}
}

// What comes after a gate is not looked at before: it would be true of what ran until then.
func TestInstall_WaitsInParts(t *testing.T) {
	t.Parallel()
	f, c := newFakes(t)
	comp := web()
	rendered := component.Rendered{Source: object.Ref{Kind: "App", Name: "web"}, Path: "spec.config", Entry: "app.yaml", Fields: []string{"a"}, Added: []string{"b"}, Sum: "c"}
	gate := component.Condition{Name: "configured", Ref: comp.Ready[0].Ref, Check: component.Check{Kind: component.RunsConfig, Rendered: &rendered}, Gate: true}
	comp.Ready = append([]component.Condition{gate}, comp.Ready...)
	f.waitErr = fault.Newf(fault.Unreachable, "no answer")
	comp.Charts, comp.Needs = nil, nil
	if _, err := c.Install(t.Context(), comp, InstallOptions{}); !fault.Is(err, fault.Unreachable) {
		t.Fatalf("got %v", err)
	}
	if len(f.waited) != 1 || f.waited[0].Name != "configured" {
		t.Fatalf("waited for %+v", f.waited)
	}
	if diff := cmp.Diff(kube.Rendered(rendered), *f.waited[0].Rendered); diff != "" {
		t.Error(diff)
	}
	f, c = newFakes(t)
	if _, err := c.Install(t.Context(), comp, InstallOptions{}); err != nil || len(f.waited) != 2 {
		t.Errorf("waited for %+v: %v", f.waited, err)
	}
	f, c = newFakes(t)
	f.waitErr = fault.Newf(fault.Timeout, "still the old one")
	var doubts []string
	comp.Ready = comp.Ready[:1]
	if _, err := c.Install(t.Context(), comp, InstallOptions{OnDoubt: func(seen string) { doubts = append(doubts, seen) }}); err != nil || len(doubts) != 1 {
		t.Errorf("doubts %v: %v", doubts, err)
	}
}

func TestInstall_LeavesAloneWhatIsAsWanted(t *testing.T) {
	t.Parallel()
	f, c := newFakes(t)
	comp := web()
	observed, err := c.Install(t.Context(), comp, InstallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f.calls = nil
	if _, err := c.Install(t.Context(), comp, InstallOptions{Known: observed.Known}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(strings.Join(f.calls, ","), "release ") {
		t.Errorf("calls %v", f.calls)
	}
	comp.Charts[0].Values = map[string]any{"a": 2}
	if _, err := c.Install(t.Context(), comp, InstallOptions{Known: observed.Known}); err != nil {
		t.Fatal(err)
	}
	if f.releases["demo/web"].Revision != 2 {
		t.Errorf("other values made no upgrade: %v", f.calls)
	}
}

func TestInstall_RepairsAReleaseWhoseObjectsDiffer(t *testing.T) {
	t.Parallel()
	f, c := newFakes(t)
	rendered := configMap("rendered")
	rendered["data"] = map[string]any{"a": "b"}
	f.releases["rendered"] = helm.Release{Objects: []object.Object{rendered}}
	if _, err := c.Install(t.Context(), web(), InstallOptions{}); err != nil {
		t.Fatal(err)
	}
	edited := configMap("rendered")
	edited["data"] = map[string]any{"a": "c"}
	f.put(edited)
	if _, err := c.Install(t.Context(), web(), InstallOptions{Known: Known{Objects: refsOf(web().Objects)}}); err != nil {
		t.Fatal(err)
	}
	if f.releases["demo/web"].Revision != 2 {
		t.Error("the release was not applied again")
	}
}

func TestInstall_SaysWhoBringsAMissingKind(t *testing.T) {
	t.Parallel()
	f, c := newFakes(t)
	f.unserved["Thing"] = true
	_, err := c.Install(t.Context(), web(), InstallOptions{})
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "lab_things installs it") || len(f.calls) > 0 {
		t.Errorf("error %v, calls %v", err, f.calls)
	}
}

func TestInstall_LeavesObjectsOfOthers(t *testing.T) {
	t.Parallel()
	comp := component.Component{Name: "c", Objects: []object.Object{configMap("one")}}
	for name, c := range map[string]struct {
		live     object.Object
		options  InstallOptions
		conflict bool
	}{
		"somebody else's":          {managed(configMap("one"), "kubectl"), InstallOptions{}, true},
		"somebody else's, adopted": {managed(configMap("one"), "kubectl"), InstallOptions{Adopt: true}, false},
		"known from the last run":  {managed(configMap("one"), "kubectl"), InstallOptions{Known: Known{Objects: refsOf(comp.Objects)}}, false},
		"ours, of a run cut short": {managed(configMap("one"), "terraform-provider-lab"), InstallOptions{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, engine := newFakes(t)
			f.put(c.live)
			_, err := engine.Install(t.Context(), comp, c.options)
			if fault.Is(err, fault.Conflict) != c.conflict || (c.conflict && !strings.Contains(err.Error(), "made by kubectl")) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestInstall_PrunesWhatIsNoLongerWanted(t *testing.T) {
	t.Parallel()
	f, c := newFakes(t)
	comp := component.Component{Name: "c", Objects: []object.Object{configMap("one")}}
	known := Known{Objects: refsOf([]object.Object{configMap("one"), configMap("old")})}
	f.put(configMap("one"), configMap("old"))
	if _, err := c.Install(t.Context(), comp, InstallOptions{Known: known}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"apply ConfigMap demo/one", "delete ConfigMap demo/old"}, f.calls); diff != "" {
		t.Error(diff)
	}
}

func TestInstall_MarksOnlyNamespacesThatItMakes(t *testing.T) {
	t.Parallel()
	for name, there := range map[string]bool{"made": false, "found": true} {
		f, c := newFakes(t)
		if there {
			f.put(object.New(namespaceRef("demo")))
		}
		comp := component.Component{Name: "c", Namespaces: []component.Namespace{{Name: "demo", Labels: map[string]string{"a": "b"}}}}
		if _, err := c.Install(t.Context(), comp, InstallOptions{}); err != nil {
			t.Fatal(err)
		}
		marked := object.String(f.live[key(namespaceRef("demo"))], "metadata", "labels", createdLabel) != ""
		if marked == there {
			t.Errorf("%s: marked %t", name, marked)
		}
	}
}

func TestInstall_TakesChartsFromADirectory(t *testing.T) {
	t.Parallel()
	f, c := newFakes(t)
	comp := component.Component{Name: "c", Charts: []component.Chart{{Release: "web", Namespace: "demo", Repository: "/charts", Name: "web", Direct: true}}}
	if _, err := c.Install(t.Context(), comp, InstallOptions{}); err != nil {
		t.Fatal(err)
	}
	if got, want := f.specs[0].Chart, (helm.ChartRef{Name: "/charts/web", Direct: true}); got != want {
		t.Errorf("chart %+v, want %+v", got, want)
	}
}

func TestRemove_GoesInReverse(t *testing.T) {
	t.Parallel()
	f, c := newFakes(t)
	f.releases["rendered"] = helm.Release{Objects: []object.Object{configMap("rendered")}}
	if _, err := c.Install(t.Context(), web(), InstallOptions{}); err != nil {
		t.Fatal(err)
	}
	f.calls = nil
	if err := c.Remove(t.Context(), web(), RemoveOptions{Namespaces: true, Known: Known{Objects: refsOf([]object.Object{configMap("old")})}}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"delete ConfigMap demo/old", "delete ConfigMap demo/two", "delete ConfigMap demo/one",
		"uninstall demo/web", "delete ConfigMap demo/rendered", "delete Namespace demo",
	}
	if diff := cmp.Diff(want, f.calls); diff != "" {
		t.Error(diff)
	}
}

func TestRemove_DeletesWhatControllersLeave(t *testing.T) {
	t.Parallel()
	f, c := newFakes(t)
	f.put(configMap("left"))
	comp := web()
	comp.Leaves = refsOf([]object.Object{configMap("left"), configMap("gone")})
	if err := c.Remove(t.Context(), comp, RemoveOptions{Namespaces: true}); err != nil {
		t.Fatal(err)
	}
	want := []string{"delete ConfigMap demo/two", "delete ConfigMap demo/one", "delete ConfigMap demo/left", "delete ConfigMap demo/gone"}
	got := slices.DeleteFunc(slices.Clone(f.calls), func(call string) bool { return !strings.HasPrefix(call, "delete ConfigMap") })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRemove_KeepsNamespaces(t *testing.T) {
	t.Parallel()
	mine := object.New(namespaceRef("demo"))
	object.Set(mine, "true", "metadata", "labels", createdLabel)
	release := object.New(object.Ref{APIVersion: "v1", Kind: "Secret", Namespace: "demo", Name: "sh.helm.release.v1.other.v1"})
	release["type"] = "helm.sh/release.v1"
	for name, c := range map[string]struct {
		live    []object.Object
		removed bool
	}{
		"ours and empty":         {[]object.Object{mine}, true},
		"somebody else's":        {[]object.Object{object.New(namespaceRef("demo"))}, false},
		"with a pod":             {[]object.Object{mine, object.New(object.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "demo", Name: "p"})}, false},
		"with another release":   {[]object.Object{mine, release}, false},
		"with a pod beside it":   {[]object.Object{mine, object.New(object.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "x", Name: "p"})}, true},
		"with a mere config map": {[]object.Object{mine, configMap("kube-root-ca.crt")}, true},
		"with a pod that lives":  {[]object.Object{mine, controlled("Pod", "p", "StatefulSet"), controlled("StatefulSet", "owner", "")}, false},
		"with a pod that goes":   {[]object.Object{mine, controlled("Pod", "p", "StatefulSet")}, true},
		"with one that goes late": {
			[]object.Object{mine, controlled("Pod", "p", "ReplicaSet"), controlled("ReplicaSet", "owner", "Deployment")}, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, engine := newFakes(t)
			f.put(c.live...)
			comp := component.Component{Name: "c", Namespaces: []component.Namespace{{Name: "demo"}}}
			if err := engine.Remove(t.Context(), comp, RemoveOptions{Namespaces: true}); err != nil {
				t.Fatal(err)
			}
			if removed := f.live[key(namespaceRef("demo"))] == nil; removed != c.removed {
				t.Errorf("removed %t", removed)
			}
		})
	}
}

// controlled is an object whose owner is of a kind, and named owner.
func controlled(kind, name, by string) object.Object {
	version := "apps/v1"
	if kind == "Pod" {
		version = "v1"
	}
	o := object.New(object.Ref{APIVersion: version, Kind: kind, Namespace: "demo", Name: name})
	if by != "" {
		object.Set(o, []any{map[string]any{"apiVersion": "apps/v1", "kind": by, "name": "owner"}}, "metadata", "ownerReferences")
	}
	return o
}

func TestRemove_KeepsWhatTheChartKeeps(t *testing.T) {
	t.Parallel()
	f, c := newFakes(t)
	kept := configMap("kept")
	object.Set(kept, map[string]any{"helm.sh/resource-policy": "keep"}, "metadata", "annotations")
	f.releases["demo/web"] = helm.Release{Objects: []object.Object{kept}}
	if err := c.Remove(t.Context(), component.Component{Charts: web().Charts}, RemoveOptions{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"uninstall demo/web"}, f.calls); diff != "" {
		t.Error(diff)
	}
}

// Helm keeps no values as null, and a component without settings has an empty map.
func TestInstall_LeavesAReleaseWithoutValuesAlone(t *testing.T) {
	t.Parallel()
	f, c := newFakes(t)
	comp := web()
	comp.Charts[0].Values = map[string]any{}
	first, err := c.Install(t.Context(), comp, InstallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	kept := f.releases["demo/web"]
	kept.Values = nil
	f.releases["demo/web"] = kept
	if _, err := c.Install(t.Context(), comp, InstallOptions{Known: first.Known}); err != nil {
		t.Fatal(err)
	}
	if len(f.specs) != 1 {
		t.Errorf("it was installed %d times", len(f.specs))
	}
}
