package cluster

import (
	"slices"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func node(name, ready string, cordoned bool) object.Object {
	o := object.New(object.Ref{APIVersion: "v1", Kind: "Node", Name: name})
	object.Set(o, []any{map[string]any{"type": "Ready", "status": ready}}, "status", "conditions")
	if cordoned {
		object.Set(o, true, "spec", "unschedulable")
	}
	return o
}

func TestDrainNode_OnlyWhereOthersCanTakeThePods(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		others  []object.Object
		drained bool
	}{
		"the last node":        {nil, false},
		"another node":         {[]object.Object{node("b", "True", false)}, true},
		"others are not ready": {[]object.Object{node("b", "False", false)}, false},
		"others are cordoned":  {[]object.Object{node("b", "True", true)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, engine := newFakes(t)
			f.put(append(c.others, node("a", "True", false))...)
			if err := engine.DrainNode(t.Context(), "a", time.Second); err != nil {
				t.Fatal(err)
			}
			if err := engine.DrainNode(t.Context(), "unknown", time.Second); err != nil {
				t.Fatal(err)
			}
			if got := slices.Contains(f.calls, "drain a"); got != c.drained || slices.Contains(f.calls, "drain unknown") {
				t.Errorf("calls %v", f.calls)
			}
		})
	}
}
