package object_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func TestContent_IsSealedByItsDigest(t *testing.T) {
	t.Parallel()
	plain := object.New(object.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: "a", Name: "b"})
	plain["data"] = map[string]any{"x": "1", "y": "2"}
	digested := object.Digested(plain)
	if object.Map(plain, "metadata", "annotations") != nil {
		t.Error("the caller's object was changed")
	}
	if object.SealedDigest(digested) != "" || object.SealedDigest(plain) != "" {
		t.Error("an object with data counts as sealed")
	}
	sealed := object.Seal(digested)
	if sealed["data"] != nil || object.SealedDigest(sealed) != object.ContentDigest(plain) {
		t.Errorf("sealed: %v", sealed)
	}
	if diff := cmp.Diff(plain, object.Seal(plain)); diff != "" {
		t.Error(diff)
	}
	other := object.Copy(plain)
	object.Set(other, "3", "data", "y")
	if object.ContentDigest(other) == object.ContentDigest(plain) {
		t.Error("other data has the same digest")
	}
}
