package cluster

import (
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func TestRead_ComparesASealedObjectByItsDigest(t *testing.T) {
	t.Parallel()
	f, c := newFakes(t)
	full := configMap("boards")
	full["data"] = map[string]any{"a.json": "{}"}
	full = object.Digested(full)
	installed, err := c.Install(t.Context(), component.Component{Name: "boards", Objects: []object.Object{full}}, InstallOptions{})
	if err != nil || len(installed.Drift) > 0 {
		t.Fatal(err, installed.Drift)
	}
	sealed := component.Component{Name: "boards", Objects: []object.Object{object.Seal(full)}}
	read, err := c.Read(t.Context(), sealed, ReadOptions{Drift: DriftFind})
	if err != nil || len(read.Drift) > 0 {
		t.Fatal(err, read.Drift)
	}
	name := object.RefOf(full).String()
	if read.Objects[name] != installed.Objects[name] {
		t.Errorf("the object's digest was %s and is %s", installed.Objects[name], read.Objects[name])
	}
	edited := object.Copy(full)
	object.Set(edited, "[]", "data", "a.json")
	f.put(edited)
	read, err = c.Read(t.Context(), sealed, ReadOptions{Drift: DriftFind})
	if err != nil || len(read.Drift) != 1 || !strings.HasPrefix(read.Drift[0], name+" data: differs") {
		t.Errorf("drift %v, %v", read.Drift, err)
	}
}

func TestList_KnowsNothingOfAKindThatIsNotServed(t *testing.T) {
	t.Parallel()
	f, c := newFakes(t)
	f.put(configMap("one"))
	found, err := c.List(t.Context(), ListOptions{APIVersion: "v1", Kind: "ConfigMap"})
	if err != nil || len(found) != 1 {
		t.Errorf("found %v, %v", found, err)
	}
	f.unserved["HelmChart"] = true
	found, err = c.List(t.Context(), ListOptions{APIVersion: "helm.cattle.io/v1", Kind: "HelmChart"})
	if err != nil || len(found) != 0 {
		t.Errorf("found %v, %v", found, err)
	}
}
