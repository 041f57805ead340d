package component_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/component"
)

func TestMergeValues(t *testing.T) {
	t.Parallel()
	type values = map[string]any
	for name, c := range map[string]struct{ base, over, want values }{
		"both empty":             {nil, nil, nil},
		"maps are merged":        {values{"a": values{"x": 1, "y": 2}}, values{"a": values{"y": 3}}, values{"a": values{"x": 1, "y": 3}}},
		"lists are replaced":     {values{"a": []any{1, 2}}, values{"a": []any{3}}, values{"a": []any{3}}},
		"a map replaces a value": {values{"a": 1}, values{"a": values{"x": 1}}, values{"a": values{"x": 1}}},
		"a value replaces a map": {values{"a": values{"x": 1}}, values{"a": 1}, values{"a": 1}},
		"null stays null":        {values{"a": values{"x": 1}}, values{"a": nil}, values{"a": nil}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, component.MergeValues(c.base, c.over)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMergeValues_LeavesItsInputsAlone(t *testing.T) {
	t.Parallel()
	base := map[string]any{"a": map[string]any{"x": 1}}
	over := map[string]any{"a": map[string]any{"y": 2}, "b": map[string]any{"z": 3}}
	merged := component.MergeValues(base, over)
	merged["a"].(map[string]any)["x"] = 9
	merged["b"].(map[string]any)["z"] = 9
	if diff := cmp.Diff(map[string]any{"a": map[string]any{"x": 1}}, base); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"a": map[string]any{"y": 2}, "b": map[string]any{"z": 3}}, over); diff != "" {
		t.Error(diff)
	}
}

func TestChartOptions_Over(t *testing.T) {
	t.Parallel()
	own := component.Chart{Release: "metallb", Namespace: "metallb-system", Name: "metallb", Version: "0.16.1", Values: map[string]any{"a": 1}}
	if diff := cmp.Diff(own, component.ChartOptions{}.Over(own)); diff != "" {
		t.Error(diff)
	}
	got := component.ChartOptions{
		Release: "lb", Version: "0.13.9", Digest: "sha256:0", Values: map[string]any{"b": 2},
		SecretValues: map[string]any{"c": 3}, Adopt: true,
	}.Over(own)
	want := component.Chart{
		Release: "lb", Namespace: "metallb-system", Name: "metallb", Version: "0.13.9", Digest: "sha256:0",
		Values: map[string]any{"a": 1, "b": 2}, UserValues: map[string]any{"b": 2}, SecretValues: map[string]any{"c": 3}, Adopt: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
