package cluster

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func shop(labels map[string]any) object.Object {
	o := object.New(namespaceRef("shop"))
	if labels != nil {
		object.Set(o, labels, "metadata", "labels")
	}
	return o
}

func injected() component.Component {
	return component.Component{Name: "injection", Labels: []component.Labelling{{
		Ref: namespaceRef("shop"), Labels: map[string]string{"inject": "enabled"}, Absent: map[string]string{"rev": "it would be ignored"},
	}}}
}

func TestLabels_ComeAndGoAlone(t *testing.T) {
	t.Parallel()
	f, c := newFakes(t)
	f.put(shop(map[string]any{"team": "a"}))
	observed, err := c.Install(t.Context(), injected(), InstallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"team": "a", "inject": "enabled"}
	if diff := cmp.Diff(want, object.Map(f.live[key(namespaceRef("shop"))], "metadata", "labels")); diff != "" {
		t.Error(diff)
	}
	if len(observed.Drift) != 0 || len(observed.Objects) != 1 || len(observed.Known.Labelled) != 1 {
		t.Errorf("observed %+v", observed)
	}
	if err := c.Remove(t.Context(), injected(), RemoveOptions{Known: observed.Known, Namespaces: true}); err != nil {
		t.Fatal(err)
	}
	live := f.live[key(namespaceRef("shop"))]
	if diff := cmp.Diff(map[string]any{"team": "a"}, object.Map(live, "metadata", "labels")); diff != "" {
		t.Error(diff)
	}
}

func TestLabels_OfSomebodyElseAreAConflict(t *testing.T) {
	t.Parallel()
	for name, live := range map[string]map[string]any{
		"another value":          {"inject": "disabled"},
		"a label that overrides": {"rev": "canary"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, c := newFakes(t)
			f.put(shop(live))
			if _, err := c.Install(t.Context(), injected(), InstallOptions{}); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "adopt") {
				t.Fatalf("got %v", err)
			}
			if _, err := c.Install(t.Context(), injected(), InstallOptions{Adopt: true}); err != nil {
				t.Fatal(err)
			}
			got := object.Map(f.live[key(namespaceRef("shop"))], "metadata", "labels")
			if diff := cmp.Diff(map[string]any{"inject": "enabled"}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLabels_DriftIsFoundAndPutRight(t *testing.T) {
	t.Parallel()
	f, c := newFakes(t)
	f.put(shop(nil))
	first, err := c.Install(t.Context(), injected(), InstallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	object.Set(f.live[key(namespaceRef("shop"))], map[string]any{"inject": "disabled", "rev": "canary", "team": "a"}, "metadata", "labels")
	seen, err := c.Read(t.Context(), injected(), ReadOptions{Known: first.Known, Drift: DriftFind})
	want := []string{
		"Namespace shop metadata.labels.inject: want enabled, live disabled",
		"Namespace shop metadata.labels.rev: want nothing, live canary",
	}
	if diff := cmp.Diff(want, seen.Drift); err != nil || diff != "" {
		t.Fatalf("%v\n%s", err, diff)
	}
	again, err := c.Install(t.Context(), injected(), InstallOptions{Known: first.Known})
	if err != nil || len(again.Drift) != 0 {
		t.Errorf("%v, %v", again.Drift, err)
	}
}

func TestLabels_ThatAreNoLongerWantedGo(t *testing.T) {
	t.Parallel()
	f, c := newFakes(t)
	f.put(shop(map[string]any{"inject": "enabled", "team": "a"}))
	known := Known{Labelled: []Labelled{{namespaceRef("shop"), map[string]string{"inject": "enabled"}}}}
	other := injected()
	other.Labels[0].Labels = map[string]string{"mode": "ambient"}
	if _, err := c.Install(t.Context(), other, InstallOptions{Known: known}); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"mode": "ambient", "team": "a"}
	if diff := cmp.Diff(want, object.Map(f.live[key(namespaceRef("shop"))], "metadata", "labels")); diff != "" {
		t.Error(diff)
	}
}

func TestLabels_ValuesThatSomebodyChangedStay(t *testing.T) {
	t.Parallel()
	f, c := newFakes(t)
	f.put(shop(map[string]any{"inject": "disabled"}))
	if err := c.Remove(t.Context(), injected(), RemoveOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := object.String(f.live[key(namespaceRef("shop"))], "metadata", "labels", "inject"); got != "disabled" {
		t.Errorf("it is %q", got)
	}
}

func TestLabels_OfNothingAreNotFound(t *testing.T) {
	t.Parallel()
	_, c := newFakes(t)
	if _, err := c.Read(t.Context(), injected(), ReadOptions{Drift: DriftFind}); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
	if _, err := c.Install(t.Context(), injected(), InstallOptions{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
}

func ownedBy(kind, name, ownerKind, owner string) object.Object {
	o := object.New(object.Ref{APIVersion: "apps/v1", Kind: kind, Namespace: "shop", Name: name})
	if kind == "Pod" {
		o["apiVersion"] = "v1"
	}
	if owner != "" {
		object.Set(o, []any{map[string]any{"apiVersion": "apps/v1", "kind": ownerKind, "name": owner, "controller": true}}, "metadata", "ownerReferences")
	}
	return o
}

func TestRestart_MakesStalePodsAnewByTheirWorkloads(t *testing.T) {
	t.Parallel()
	f, c := newFakes(t)
	f.put(shop(nil), ownedBy("Deployment", "web", "", ""), ownedBy("ReplicaSet", "web-1", "Deployment", "web"), ownedBy("StatefulSet", "db", "", ""),
		ownedBy("Pod", "web-1-a", "ReplicaSet", "web-1"), ownedBy("Pod", "web-1-b", "ReplicaSet", "web-1"), ownedBy("Pod", "db-0", "StatefulSet", "db"),
		ownedBy("Pod", "job-x", "Job", "job"), ownedBy("Pod", "bare", "", ""), ownedBy("Pod", "fresh", "DaemonSet", "agent"))
	comp := injected()
	comp.Restarts = []component.Restart{{Namespace: "shop", Stale: func(pod object.Object) string {
		if object.RefOf(pod).Name == "fresh" {
			return ""
		}
		return "has no sidecar"
	}}}
	if _, err := c.Install(t.Context(), comp, InstallOptions{}); err != nil {
		t.Fatal(err)
	}
	var restarted []string
	for _, call := range f.calls {
		if strings.Contains(call, restartedAt) {
			restarted = append(restarted, strings.Join(strings.Fields(call)[1:3], " "))
		}
	}
	slices.Sort(restarted)
	if diff := cmp.Diff([]string{"Deployment shop/web", "StatefulSet shop/db"}, restarted); diff != "" {
		t.Error(diff)
	}
	if !slices.Contains(f.calls, "wait Deployment shop/web current") {
		t.Errorf("it does not wait: %v", f.calls)
	}
}

func TestPrune_RemovesReleasesThatAreNoLongerWanted(t *testing.T) {
	t.Parallel()
	f, c := newFakes(t)
	f.put(shop(nil))
	for _, name := range []string{"cni", "ztunnel"} {
		f.releases["mesh/"+name] = f.releases["none"]
	}
	known := Known{Releases: map[string]int{"mesh/cni": 1, "mesh/ztunnel": 1}}
	if _, err := c.Install(t.Context(), injected(), InstallOptions{Known: known}); err != nil {
		t.Fatal(err)
	}
	gone := slices.DeleteFunc(slices.Clone(f.calls), func(call string) bool { return !strings.HasPrefix(call, "uninstall") })
	if diff := cmp.Diff([]string{"uninstall mesh/ztunnel", "uninstall mesh/cni"}, gone); diff != "" {
		t.Error(diff)
	}
}
