package istiomonitoring_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/component/componenttest"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/istiomonitoring"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func monitorings() map[string]istiomonitoring.Monitoring {
	return map[string]istiomonitoring.Monitoring{
		"monitors-current":          {Namespace: "istio-system", Form: istiomonitoring.FormCurrent, Interval: "15s"},
		"monitors-of-the-tutorial":  {Namespace: "istio-system", Form: istiomonitoring.FormSeed2023, Interval: "15s"},
		"monitors-with-other-label": {Namespace: "mesh", Form: istiomonitoring.FormCurrent, Interval: "30s", Labels: map[string]string{"release": "kube-stack-prometheus"}},
	}
}

func TestMonitoring_Golden(t *testing.T) {
	t.Parallel()
	for name, m := range monitorings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := m.Component()
			if err != nil {
				t.Fatal(err)
			}
			componenttest.Golden(t, name, c)
			back, err := istiomonitoring.ReadMonitors(c.Objects...)
			if err != nil {
				t.Fatal(err)
			}
			if len(back.Labels) == 0 {
				back.Labels = nil
			}
			if diff := cmp.Diff(m, back); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMonitoring_MayBeDashboardsAlone(t *testing.T) {
	t.Parallel()
	if _, err := (istiomonitoring.Monitoring{NoMonitors: true}).Component(); !fault.Is(err, fault.Invalid) {
		t.Errorf("nothing to make: %v", err)
	}
	packed, err := istiomonitoring.Pack("istio-system", []istiomonitoring.Dashboard{istiomonitoring.Overview()})
	if err != nil {
		t.Fatal(err)
	}
	c, err := istiomonitoring.Monitoring{NoMonitors: true, ConfigMaps: packed}.Component()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Requires) > 0 || len(c.Objects) != 1 || object.RefOf(c.Objects[0]).String() != "ConfigMap istio-system/istio-dashboards" {
		t.Errorf("requires %v, objects %v", c.Requires, c.Objects)
	}
	back, err := istiomonitoring.ReadMonitors(c.Objects...)
	if err != nil || !back.NoMonitors {
		t.Errorf("read %+v, %v", back, err)
	}
}
