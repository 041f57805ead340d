package object_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func deployment() object.Object {
	o := object.New(object.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "istio-system", Name: "istiod"})
	object.Set(o, []any{map[string]any{"name": "discovery"}}, "spec", "template", "spec", "containers")
	return o
}

func TestRef_String(t *testing.T) {
	t.Parallel()
	if got := object.RefOf(deployment()).String(); got != "Deployment istio-system/istiod" {
		t.Errorf("got %q", got)
	}
	if got := (object.Ref{Kind: "ClusterRole", Name: "istiod"}).String(); got != "ClusterRole istiod" {
		t.Errorf("got %q", got)
	}
}

func TestRef_Group(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{"v1": "", "apps/v1": "apps"} {
		if got := (object.Ref{APIVersion: version}).Group(); got != want {
			t.Errorf("group of %q is %q, want %q", version, got, want)
		}
	}
}

func TestCopy_IsDeep(t *testing.T) {
	t.Parallel()
	a := deployment()
	b := object.Copy(a)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Fatal(diff)
	}
	object.List(b, "spec", "template", "spec", "containers")[0].(map[string]any)["name"] = "other"
	if cmp.Equal(a, b) {
		t.Error("the copy shares a list with the original")
	}
}

func TestValidate_NamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	o := deployment()
	if err := object.Validate(o); err != nil {
		t.Fatal(err)
	}
	delete(o, "kind")
	if err := object.Validate(o); err == nil {
		t.Error("an object without kind is valid")
	}
}
