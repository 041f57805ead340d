package provider_test

import (
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/helm/helmtest"
)

// finder is a chart finder for the shelf of a test.
func finder(t *testing.T, o helm.ChartsOptions) *helm.Charts {
	t.Helper()
	o.CacheDir, o.RegistryConfigs = t.TempDir(), []string{}
	return helm.NewCharts(o)
}

func TestCompatibility_OfAClusterThatIsPlanned(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings         attrs
		nodes            []attrs
		errors, warnings string
	}{
		"too old":               {nil, []attrs{{"host": "a", "version": "v1.24.10+rke2r1"}}, "needs Kubernetes >= 1.32.0, and the cluster has v1.24.10+rke2r1", ""},
		"too old, as a warning": {attrs{"compatibility": "warn"}, []attrs{{"host": "a", "version": "v1.24.10+rke2r1"}}, "", "needs Kubernetes >= 1.32.0"},
		"fits":                  {nil, []attrs{{"host": "a", "version": "v1.35.7+rke2r1"}}, "", ""},
		"a channel":             {nil, []attrs{{"host": "a", "channel": "v1.24"}}, "", ""},
		"which of two":          {nil, []attrs{{"host": "a", "version": "v1.24.10+rke2r1"}, {"host": "b", "version": "v1.35.7+rke2r1"}}, "", ""},
		"no node":               {nil, nil, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lab := newCore(t, newWorld(t), c.settings)
			for _, node := range c.nodes {
				if p := lab.plan("lab_rke2_node", nil, node); p.errors != "" {
					t.Fatal(p.errors)
				}
			}
			p := lab.plan("lab_istio_mesh", nil, attrs{"cluster": unknown{}})
			if !strings.Contains(p.errors, c.errors) || (c.errors == "") != (p.errors == "") {
				t.Errorf("errors %q", p.errors)
			}
			if !strings.Contains(p.warnings, c.warnings) || (c.warnings == "") != (p.warnings == "") {
				t.Errorf("warnings %q", p.warnings)
			}
		})
	}
}

func TestCompatibility_OfALiveCluster(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cluster, errors, warnings string
	}{
		"too new":    {"v1.40.0", "", "tested on Kubernetes"},
		"too old":    {"v1.21.0", "cert-manager v1.21.1 needs Kubernetes >= 1.22.0", ""},
		"fits":       {"v1.35.7+rke2r1", "", ""},
		"unreadable": {"", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, e := withCluster(t)
			e.version = c.cluster
			p := newCore(t, w, nil).plan("lab_cert_manager", nil, nil)
			if !strings.Contains(p.errors, c.errors) || (c.errors == "") != (p.errors == "") {
				t.Errorf("errors %q", p.errors)
			}
			if !strings.Contains(p.warnings, c.warnings) || (c.warnings == "") != (p.warnings == "") {
				t.Errorf("warnings %q", p.warnings)
			}
		})
	}
}

func web(version string) attrs {
	return attrs{"name": "web", "chart": "web", "chart_version": version}
}

func TestCompatibility_OfAChartThatIsNotKnown(t *testing.T) {
	t.Parallel()
	repository := helmtest.NewRepository(t,
		helmtest.Chart{Name: "web", Version: "1.0.0", KubeVersion: ">=1.20.0-0"}, helmtest.Chart{Name: "web", Version: "2.0.0", KubeVersion: ">=1.99.0-0"})
	w, e := withCluster(t)
	w.charts = finder(t, helm.ChartsOptions{})
	config := func(version string) attrs {
		c := web(version)
		c["repository"] = repository.URL
		return c
	}
	p := newCore(t, w, nil).plan("lab_helm_release", nil, config("2.0.0"))
	if want := "web 2.0.0 needs Kubernetes >=1.99.0-0, and the cluster has v1.35.7+rke2r1"; !strings.Contains(p.errors, want) {
		t.Errorf("errors %q", p.errors)
	}
	lab := newCore(t, w, attrs{"compatibility": "warn"})
	s := must2(t)(lab.apply("lab_helm_release", nil, config("1.0.0")))
	e.taken()
	before := repository.Requests()
	w.charts = finder(t, helm.ChartsOptions{})
	if p := newCore(t, w, nil).plan("lab_helm_release", s, config("1.0.0")); p.action != "nothing" {
		t.Errorf("action %q: %s", p.action, p.errors)
	}
	if after := repository.Requests(); after["/index.yaml"] != before["/index.yaml"] {
		t.Error("a plan without changes asked the repository")
	}
	if p := newCore(t, w, nil).plan("lab_helm_release", s, config("2.0.0")); !strings.Contains(p.errors, "needs Kubernetes") {
		t.Errorf("a change is not checked: %q", p.errors)
	}
	if len(e.taken()) > 0 {
		t.Error("a plan changed something")
	}
	for path := range repository.Requests() {
		if strings.HasSuffix(path, ".tgz") {
			t.Errorf("a plan downloaded %s", path)
		}
	}
}

// What the plan could not know is refused by the apply, before anything is written.
func TestCompatibility_IsRefusedByTheApply(t *testing.T) {
	t.Parallel()
	repository := helmtest.NewRepository(t, helmtest.Chart{Name: "web", Version: "2.0.0", KubeVersion: ">=1.99.0-0"})
	w, e := withCluster(t)
	lab := newCore(t, w, nil)
	config := web("2.0.0")
	config["repository"] = repository.URL
	p := lab.plan("lab_helm_release", nil, config)
	if p.errors != "" {
		t.Fatal(p.errors)
	}
	w.charts = finder(t, helm.ChartsOptions{})
	s, r := lab.applyPlan("lab_helm_release", nil, config, p)
	if !strings.Contains(r.errors, "needs Kubernetes >=1.99.0-0") {
		t.Errorf("errors %q", r.errors)
	}
	if calls := e.taken(); len(calls) > 0 || s != nil {
		t.Errorf("calls %v, state %v", calls, s)
	}
}

func TestCompatibility_AMirrorWithoutTheChartIsNamedAtPlan(t *testing.T) {
	t.Parallel()
	mirror := helmtest.NewRepository(t, helmtest.Chart{Name: "istiod", Version: "1.30.3"})
	down := "http://127.0.0.1:1"
	for name, c := range map[string]struct {
		mirror, errors string
	}{
		"lacks it": {mirror.URL, "There is no chart metallb 0.16.1 in the mirror " + mirror.URL},
		"is down":  {down, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := withCluster(t)
			w.charts = finder(t, helm.ChartsOptions{Mirror: c.mirror, RetryPause: 1})
			p := newCore(t, w, attrs{"charts": attrs{"mirror": c.mirror}}).plan("lab_metallb", nil, attrs{"chart_version": "0.16.1"})
			if !strings.Contains(p.errors, c.errors) || (c.errors == "") != (p.errors == "") {
				t.Errorf("errors %q", p.errors)
			}
		})
	}
}

func TestCompatibility_OfWhatIsPlannedTogether(t *testing.T) {
	t.Parallel()
	w, _ := withCluster(t)
	lab := newCore(t, w, nil)
	if p := lab.plan("lab_istio_mesh", nil, attrs{"chart_version": "1.30.3"}); p.errors+p.warnings != "" {
		t.Fatal(p.errors, p.warnings)
	}
	if p := lab.plan("lab_istio_gateway", nil, attrs{"chart_version": "1.30.1"}); p.errors+p.warnings != "" {
		t.Error(p.errors, p.warnings)
	}
	p := newCoreAfterMesh(t, w).plan("lab_istio_gateway", nil, attrs{"chart_version": "1.28.0"})
	if want := "more than one minor version older than istiod 1.30.3, which lab_istio_mesh istio-system/istiod has"; p.errors != "" || !strings.Contains(p.warnings, want) {
		t.Errorf("errors %q, warnings %q", p.errors, p.warnings)
	}
}

func newCoreAfterMesh(t *testing.T, w *fakeWorld) *core {
	t.Helper()
	lab := newCore(t, w, nil)
	lab.plan("lab_istio_mesh", nil, attrs{"chart_version": "1.30.3"})
	return lab
}

// Versions that have been installed together are not found fault with by every plan.
func TestCompatibility_IsSilentAboutWhatIsInstalled(t *testing.T) {
	t.Parallel()
	w, _ := withCluster(t)
	meshConfig, gatewayConfig := attrs{"chart_version": "1.30.3"}, attrs{"chart_version": "1.28.0"}
	mesh := must2(t)(newCore(t, w, nil).apply("lab_istio_mesh", nil, meshConfig))
	gateway, r := newCore(t, w, nil).apply("lab_istio_gateway", nil, gatewayConfig)
	if r.errors != "" {
		t.Fatal(r.errors)
	}
	lab := newCore(t, w, nil)
	if p := lab.plan("lab_istio_mesh", mesh, meshConfig); p.action != "nothing" || p.warnings != "" {
		t.Errorf("mesh: %q %s%s", p.action, p.errors, p.warnings)
	}
	if p := lab.plan("lab_istio_gateway", gateway, gatewayConfig); p.action != "nothing" || p.warnings != "" {
		t.Errorf("gateway: %q %s%s", p.action, p.errors, p.warnings)
	}
	meshConfig["chart_version"] = "1.31.0"
	lab = newCore(t, w, nil)
	if p := lab.plan("lab_istio_mesh", mesh, meshConfig); p.action != "update" {
		t.Fatalf("mesh: action %q %s", p.action, p.errors)
	}
	if p := lab.plan("lab_istio_gateway", gateway, gatewayConfig); !strings.Contains(p.warnings, "older than istiod 1.31.0") {
		t.Errorf("the mesh changes, and the gateway's plan says %q", p.warnings)
	}
}
