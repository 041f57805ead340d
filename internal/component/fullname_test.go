package component_test

import (
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/component"
)

func TestChart_FullName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		release string
		values  map[string]any
		want    string
	}{
		"release has the name":  {"my-thing", nil, "my-thing"},
		"release has it not":    {"lab", nil, "lab-thing"},
		"name override":         {"lab", map[string]any{"nameOverride": "x"}, "lab-x"},
		"full name override":    {"lab", map[string]any{"fullnameOverride": "y", "nameOverride": "x"}, "y"},
		"longer than a label":   {strings.Repeat("a", 62), nil, strings.Repeat("a", 62)},
		"long full name at all": {"lab", map[string]any{"fullnameOverride": strings.Repeat("b", 70)}, strings.Repeat("b", 63)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := (component.Chart{Release: c.release, Values: c.values}).FullName("thing"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
