package certmanager_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/certmanager"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/component/componenttest"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

func TestInstall_Golden(t *testing.T) {
	t.Parallel()
	for name, install := range map[string]certmanager.Install{
		"install-default":          {},
		"install-seed-2023":        {Chart: component.ChartOptions{Version: "v1.11.0"}},
		"install-last-without-key": {Chart: component.ChartOptions{Version: "v1.14.7"}},
		"install-without-check":    {SkipCheck: true},
		"install-with-user-values": {Chart: component.ChartOptions{Values: map[string]any{"crds": map[string]any{"enabled": false}, "replicaCount": 2}}},
		"install-in-other-place":   {Chart: component.ChartOptions{Release: "certs", Namespace: "pki", Repository: "oci://registry.lab/charts"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := install.Component()
			if err != nil {
				t.Fatal(err)
			}
			componenttest.Golden(t, name, c)
		})
	}
}

func TestInstall_RefusesAVersionThatIsNone(t *testing.T) {
	t.Parallel()
	_, err := certmanager.Install{Chart: component.ChartOptions{Version: "newest"}}.Component()
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "newest") {
		t.Errorf("got %v", err)
	}
}

// What the removal says depends on whether certificates outlive the release.
func TestInstall_SaysWhatItsUsersLose(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		install certmanager.Install
		loss    string
	}{
		"CRDs stay":            {certmanager.Install{}, "are issued and renewed by nobody"},
		"CRDs are dropped":     {certmanager.Install{Chart: component.ChartOptions{Values: map[string]any{"crds": map[string]any{"keep": false}}}}, "vanish with the CRDs of the chart"},
		"the chart drops them": {certmanager.Install{Chart: component.ChartOptions{Version: "v1.11.0"}}, "vanish with the CRDs of the chart"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			built, err := c.install.Component()
			if err != nil {
				t.Fatal(err)
			}
			if len(built.UsedBy) != 3 || slices.ContainsFunc(built.UsedBy, func(u component.Use) bool { return u.Loss != c.loss }) {
				t.Errorf("got %+v", built.UsedBy)
			}
		})
	}
}
