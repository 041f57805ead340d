package istio_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/component/componenttest"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/istio"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

const collector = "otel-collector.otel-system.svc.cluster.local"

func TestMeshTracing_Golden(t *testing.T) {
	t.Parallel()
	half := 50.0
	for name, mesh := range map[string]istio.Mesh{
		"mesh-traced-seed-2023": {Version: "1.17.1", Tracing: &istio.MeshTracing{ZipkinAddress: collector + ":9411"}},
		"mesh-traced-by-zipkin": {Tracing: &istio.MeshTracing{ZipkinAddress: collector + ":9411", Sampling: &half}},
		"mesh-traced-by-otlp":   {Tracing: &istio.MeshTracing{OTLPGRPCEndpoint: collector + ":4317", Sampling: &half}},
		"mesh-traced-by-otlp-in-1.17": {
			Version: "1.17.1", Tracing: &istio.MeshTracing{OTLPGRPCEndpoint: collector + ":4317", Provider: "lab"},
		},
		"mesh-traced-by-otlp-http": {
			Tracing: &istio.MeshTracing{OTLPHTTPEndpoint: collector + ":4318"},
			MoreConfig: map[string]any{
				"rootNamespace": "mesh-root", "extensionProviders": []any{map[string]any{"name": "other", "zipkin": map[string]any{"service": "zipkin", "port": 9411}}},
			},
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

func TestMeshTracing_RefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	low, high := -1.0, 101.0
	otlp := istio.MeshTracing{OTLPGRPCEndpoint: collector + ":4317"}
	taken := map[string]any{"extensionProviders": []any{map[string]any{"name": istio.DefaultTracingProvider}}}
	for name, c := range map[string]struct {
		mesh istio.Mesh
		want string
	}{
		"nothing":         {istio.Mesh{Tracing: &istio.MeshTracing{}}, "not 0 of them"},
		"two ways":        {istio.Mesh{Tracing: &istio.MeshTracing{ZipkinAddress: "a:1", OTLPGRPCEndpoint: "a:2"}}, "not 2 of them"},
		"no port":         {istio.Mesh{Tracing: &istio.MeshTracing{ZipkinAddress: "zipkin.tracing"}}, "host:port"},
		"no host":         {istio.Mesh{Tracing: &istio.MeshTracing{ZipkinAddress: ":9411"}}, "host:port"},
		"a URL":           {istio.Mesh{Tracing: &istio.MeshTracing{OTLPHTTPEndpoint: "http://otel:4318"}}, "host:port"},
		"port of letters": {istio.Mesh{Tracing: &istio.MeshTracing{ZipkinAddress: "zipkin:http"}}, "65535"},
		"port too high":   {istio.Mesh{Tracing: &istio.MeshTracing{ZipkinAddress: "zipkin:65536"}}, "65535"},
		"sampling low":    {istio.Mesh{Tracing: &istio.MeshTracing{ZipkinAddress: "a:1", Sampling: &low}}, "percentage"},
		"sampling high":   {istio.Mesh{Tracing: &istio.MeshTracing{ZipkinAddress: "a:1", Sampling: &high}}, "percentage"},
		"zipkin's name":   {istio.Mesh{Tracing: &istio.MeshTracing{ZipkinAddress: "a:1", Provider: "zipkin"}}, "provider_name"},
		"http in 1.21":    {istio.Mesh{Version: "1.21.6", Tracing: &istio.MeshTracing{OTLPHTTPEndpoint: "a:1"}}, "1.22.0"},
		"otlp in 1.16":    {istio.Mesh{Version: "1.16.7", Tracing: &otlp}, "1.17.0"},
		"name is taken":   {istio.Mesh{Tracing: &otlp, MoreConfig: taken}, "has an extension provider"},
		"values replace it": {istio.Mesh{Tracing: &otlp, Istiod: component.ChartOptions{Values: map[string]any{
			"meshConfig": map[string]any{"extensionProviders": []any{}},
		}}}, "mesh_config"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := c.mesh.Component(); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// v1 of Telemetry came with 1.22.0; a cluster of before would not know the object.
func TestMeshTracing_UsesAnAPIThatTheVersionServes(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		"1.17.1": "telemetry.istio.io/v1alpha1", "1.21.6": "telemetry.istio.io/v1alpha1", "1.22.0": "telemetry.istio.io/v1", "1.30.3": "telemetry.istio.io/v1",
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			c, err := istio.Mesh{Version: version, Tracing: &istio.MeshTracing{OTLPGRPCEndpoint: "otel:4317"}}.Component()
			if err != nil || len(c.Objects) != 1 {
				t.Fatalf("%v, %v", c.Objects, err)
			}
			if got := object.RefOf(c.Objects[0]).APIVersion; got != want {
				t.Errorf("it is %s, want %s", got, want)
			}
		})
	}
}

func TestMesh_Nodes_Golden(t *testing.T) {
	t.Parallel()
	for name, mesh := range map[string]istio.Mesh{
		"mesh-ambient": {Ambient: true},
		"mesh-ambient-in-other-place": {
			Ambient: true, Namespace: "mesh", Platform: "k3d", NamespaceLabels: map[string]string{"pod-security.kubernetes.io/warn": "baseline"},
			Istiod:       component.ChartOptions{Values: map[string]any{"revision": "canary"}},
			CNIChart:     component.ChartOptions{Values: map[string]any{"cniConfDir": "/etc/cni/other"}},
			ZtunnelChart: component.ChartOptions{Values: map[string]any{"resourceName": "ztunnel-canary"}},
		},
		"mesh-with-cni":           {CNI: true},
		"mesh-with-cni-seed-2023": {Version: "1.17.1", CNI: true},
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

func TestMesh_AmbientNeedsAVersionThatHasIt(t *testing.T) {
	t.Parallel()
	if _, err := (istio.Mesh{Version: "1.23.6", Ambient: true}).Component(); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "1.24.0") {
		t.Errorf("got %v", err)
	}
}

// A key in the wrong place is not refused by the chart: pods would go on having an init container.
func TestMesh_TellsIstiodOfThePluginWhereTheVersionReadsIt(t *testing.T) {
	t.Parallel()
	for version, path := range map[string][]string{"1.17.1": {"istio_cni"}, "1.22.0": {"pilot", "cni"}, "1.23.6": {"pilot", "cni"}, "1.24.0": {"cni"}} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			c, err := istio.Mesh{Version: version, CNI: true}.Component()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]any{"enabled": true}, object.Map(c.Charts[1].Values, path...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Routes and labelled namespaces outlive a mesh, so they are told of and refuse nothing.
func TestMesh_UsersAreTolerated(t *testing.T) {
	t.Parallel()
	c, err := istio.Mesh{}.Component()
	if err != nil || len(c.UsedBy) == 0 {
		t.Fatalf("%v, %v", c.UsedBy, err)
	}
	for _, use := range c.UsedBy {
		if !use.Tolerated || use.Loss == "" {
			t.Errorf("%+v", use)
		}
	}
}
