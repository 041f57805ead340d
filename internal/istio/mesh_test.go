package istio_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/component/componenttest"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/istio"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// tracingOfTheTutorial is what the tutorial sets on istiod, with every request traced.
func tracingOfTheTutorial() istio.MeshConfig {
	on, all := true, 100.0
	return istio.MeshConfig{EnableTracing: &on, DefaultConfig: &istio.ProxyConfig{Tracing: &istio.Tracing{
		Sampling: &all, Zipkin: &istio.Zipkin{Address: "otel-collector.otel-system.svc.cluster.local:9411"},
	}}}
}

func TestMesh_Golden(t *testing.T) {
	t.Parallel()
	two := int32(2)
	for name, mesh := range map[string]istio.Mesh{
		"mesh-default":             {},
		"mesh-seed-2023":           {Version: "1.17.1", Config: tracingOfTheTutorial()},
		"mesh-seed-2023-two-fixed": {Version: "1.17.1", Replicas: &two},
		"mesh-with-tracing":        {Config: tracingOfTheTutorial()},
		"mesh-in-other-place": {
			Namespace: "mesh", Repository: "oci://registry.lab/charts", Adopt: true, Platform: "k3d", Replicas: &two,
			NamespaceLabels: map[string]string{"team": "lab"},
			Base:            component.ChartOptions{Release: "base"}, Istiod: component.ChartOptions{Digest: "sha256:0"},
		},
		"mesh-with-other-settings": {
			Config:     istio.MeshConfig{AccessLogFile: "/dev/stdout", OutboundTrafficPolicy: &istio.OutboundTrafficPolicy{Mode: "REGISTRY_ONLY"}},
			MoreConfig: map[string]any{"accessLogFile": "/var/log/mesh", "enableDnsProxy": true},
			Resources:  istio.Resources{CPU: "200m"}, ProxyResources: istio.Resources{Memory: "96Mi"},
			Istiod: component.ChartOptions{Values: map[string]any{"logLevel": "debug", "resources": map[string]any{"limits": map[string]any{"memory": "1Gi"}}}},
		},
		"mesh-of-a-revision": {Istiod: component.ChartOptions{Values: map[string]any{"revision": "canary"}}},
		"mesh-of-a-revision-beside-another": {
			Base:   component.ChartOptions{Values: map[string]any{"defaultRevision": ""}},
			Istiod: component.ChartOptions{Values: map[string]any{"revision": "canary"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := mesh.Component()
			if err != nil {
				t.Fatal(err)
			}
			componenttest.Golden(t, name, c)
		})
	}
}

func TestMesh_RefusesWhatAVersionDoesNotKnow(t *testing.T) {
	t.Parallel()
	for name, mesh := range map[string]istio.Mesh{
		"no version":           {Version: "newest"},
		"no version of istiod": {Istiod: component.ChartOptions{Version: "newest"}},
		"platform before 1.24": {Version: "1.23.2", Platform: "k3d"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := mesh.Component(); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// istiod puts its validator by revision into the chart since 1.22; before, nobody makes it and waiting would never end.
func TestMesh_WaitsForTheValidatorsThereAre(t *testing.T) {
	t.Parallel()
	const byRevision = "ValidatingWebhookConfiguration istio-validator-istio-system: webhook usable"
	on := component.ChartOptions{Values: map[string]any{"global": map[string]any{"configValidation": true}}}
	off := component.ChartOptions{Values: map[string]any{"global": map[string]any{"configValidation": false}}}
	for name, c := range map[string]struct {
		mesh istio.Mesh
		want bool
	}{
		"1.17.1":            {istio.Mesh{Version: "1.17.1"}, false},
		"1.17.1 by request": {istio.Mesh{Version: "1.17.1", Istiod: on}, true},
		"1.21.6":            {istio.Mesh{Version: "1.21.6"}, false},
		"1.22.0":            {istio.Mesh{Version: "1.22.0"}, true},
		"1.30.3":            {istio.Mesh{}, true},
		"1.30.3 without":    {istio.Mesh{Istiod: off}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			built, err := c.mesh.Component()
			if err != nil {
				t.Fatal(err)
			}
			if got := slices.Contains(componenttest.Conditions(built.Charts[1].Ready), byRevision); got != c.want {
				t.Errorf("waits for it: %v", got)
			}
		})
	}
}

func TestMesh_ReplicasAreNoDriftWhileAnAutoscalerOwnsThem(t *testing.T) {
	t.Parallel()
	one := int32(1)
	for name, c := range map[string]struct {
		mesh istio.Mesh
		want bool
	}{
		"chart's default":      {istio.Mesh{}, true},
		"fixed":                {istio.Mesh{Replicas: &one}, false},
		"fixed, 1.17.1":        {istio.Mesh{Version: "1.17.1", Replicas: &one}, false},
		"off by user's values": {istio.Mesh{Istiod: component.ChartOptions{Values: map[string]any{"autoscaleEnabled": false}}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			built, err := c.mesh.Component()
			if err != nil {
				t.Fatal(err)
			}
			if got := ignores(built, "spec.replicas"); got != c.want {
				t.Errorf("ignored: %v", got)
			}
		})
	}
}

// A key in the wrong place is not refused by the chart: istiod would silently ask for 2Gi of memory.
func TestMesh_SetsResourcesWhereTheVersionReadsThem(t *testing.T) {
	t.Parallel()
	for version, path := range map[string][]string{
		"1.17.1": {"pilot", "resources"}, "1.23.6": {"pilot", "resources"}, "1.24.0": {"resources"}, "1.30.3": {"resources"},
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			built, err := istio.Mesh{Version: version}.Component()
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]any{"requests": map[string]any{"cpu": istio.LabIstiod.CPU, "memory": istio.LabIstiod.Memory}}
			if diff := cmp.Diff(want, object.Map(built.Charts[1].Values, path...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func ignores(c component.Component, path string) bool {
	return slices.ContainsFunc(c.Ignore, func(rule component.IgnoreRule) bool { return rule.Path == path })
}

// Whoever reads the catalogue has to find out who writes a field.
func TestIgnore_EveryRuleNamesItsSource(t *testing.T) {
	t.Parallel()
	mesh, err := istio.Mesh{}.Component()
	if err != nil {
		t.Fatal(err)
	}
	gateway, err := istio.Gateway{}.Component()
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range append(mesh.Ignore, gateway.Ignore...) {
		if rule.Kind == "" || rule.Name == "" || rule.Path == "" || !strings.Contains(rule.Reason, ".go") && !strings.Contains(rule.Reason, ".yaml") {
			t.Errorf("incomplete rule: %+v", rule)
		}
	}
}
