package components_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/istio"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

const spanTarget = "otel-collector.otel-system.svc.cluster.local"

// tracedMeshes are the ways to trace that each profile knows, with what the mesh's ConfigMap has to say then.
func tracedMeshes(version string) map[string]struct {
	mesh istio.Mesh
	want []string
} {
	ten := 10.0
	type traced = struct {
		mesh istio.Mesh
		want []string
	}
	out := map[string]traced{
		"zipkin": {
			istio.Mesh{Version: version, Tracing: &istio.MeshTracing{ZipkinAddress: spanTarget + ":9411"}},
			[]string{"enableTracing: true", "enablePrometheusMerge: true", "address: " + spanTarget + ":9411"},
		},
		"otlp by gRPC": {
			istio.Mesh{Version: version, Tracing: &istio.MeshTracing{OTLPGRPCEndpoint: spanTarget + ":4317", Sampling: &ten}},
			[]string{"enableTracing: true", "extensionProviders:", "name: otel-tracing", "service: " + spanTarget, "port: 4317"},
		},
	}
	if version != "1.17.1" {
		out["otlp by HTTP"] = traced{
			istio.Mesh{Version: version, Tracing: &istio.MeshTracing{OTLPHTTPEndpoint: spanTarget + ":4318"}},
			[]string{"name: otel-tracing", "path: /v1/traces", "port: 4318"},
		}
	}
	return out
}

func TestMesh_SendsItsSpans(t *testing.T) {
	t.Parallel()
	for _, p := range profiles {
		for name, c := range tracedMeshes(p.istio) {
			t.Run(p.name+", "+name, func(t *testing.T) {
				t.Parallel()
				built, made := render(t, c.mesh, p.kubernetes)
				config := object.String(made.named(t, "ConfigMap", "istio"), "data", "mesh")
				for _, want := range c.want {
					if !strings.Contains(config, want) {
						t.Errorf("%q is not in\n%s", want, config)
					}
				}
				for _, o := range built.Objects {
					checkServed(t, made.named(t, "CustomResourceDefinition", "telemetries.telemetry.istio.io"), o)
				}
			})
		}
	}
}

func TestMesh_PutsItsPluginWhereThePlatformLooks(t *testing.T) {
	t.Parallel()
	for _, p := range profiles {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			_, made := render(t, istio.Mesh{Version: p.istio, CNI: true}, p.kubernetes)
			node := made.named(t, "DaemonSet", "istio-cni-node")
			want := map[string]string{"cni-bin-dir": "/opt/cni/bin", "cni-net-dir": "/etc/cni/net.d"}
			checkHostPaths(t, node, want)
			if got := object.String(container(node, "install-cni"), "resources", "requests", "memory"); got != istio.LabNodeAgent.Memory {
				t.Errorf("it requests %q", got)
			}
		})
	}
}

func TestMesh_Ambient(t *testing.T) {
	t.Parallel()
	version := profiles[1].istio
	_, made := render(t, istio.Mesh{Version: version, Ambient: true, Platform: "k3d"}, profiles[1].kubernetes)
	env := fmt.Sprint(container(made.named(t, "Deployment", "istiod"), "discovery")["env"])
	if !strings.Contains(env, "PILOT_ENABLE_AMBIENT") {
		t.Errorf("istiod is not in ambient mode: %s", env)
	}
	if got := object.String(made.named(t, "ConfigMap", "istio-cni-config"), "data", "AMBIENT_ENABLED"); got != "true" {
		t.Errorf("AMBIENT_ENABLED is %q", got)
	}
	checkHostPaths(t, made.named(t, "DaemonSet", "istio-cni-node"), map[string]string{
		"cni-bin-dir": "/bin", "cni-net-dir": "/var/lib/rancher/k3s/agent/etc/cni/net.d",
	})
	if got := object.String(container(made.named(t, "DaemonSet", "ztunnel"), "istio-proxy"), "resources", "requests", "cpu"); got != istio.LabNodeAgent.CPU {
		t.Errorf("ztunnel requests %q", got)
	}
}

func checkHostPaths(t *testing.T, workload object.Object, want map[string]string) {
	t.Helper()
	for _, entry := range object.List(workload, "spec", "template", "spec", "volumes") {
		volume, ok := entry.(map[string]any)
		if !ok {
			continue
		}
		name := object.String(volume, "name")
		if path, asked := want[name]; asked && object.String(volume, "hostPath", "path") != path {
			t.Errorf("%s is %v, want %s", name, volume, path)
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("no volumes %v", want)
	}
}

// An injection waits for what a mesh of the same place makes.
func TestInjection_NeedsWhatTheMeshMakes(t *testing.T) {
	t.Parallel()
	for _, p := range profiles {
		modes := []istio.Mode{istio.Sidecar}
		if p.istio != "1.17.1" {
			modes = append(modes, istio.Ambient)
		}
		for _, mode := range modes {
			t.Run(p.name+", "+string(mode), func(t *testing.T) {
				t.Parallel()
				_, made := render(t, istio.Mesh{Version: p.istio, Namespace: "mesh", Ambient: mode == istio.Ambient}, p.kubernetes)
				c, err := istio.Injection{Namespace: "shop", Mode: mode, MeshNamespace: "mesh"}.Component()
				if err != nil || len(c.Needs) == 0 {
					t.Fatalf("%v, %v", c.Needs, err)
				}
				for _, need := range c.Needs {
					if _, ok := made[key(need.Ref)]; !ok {
						t.Errorf("the mesh does not make what is needed: %s", need.Name)
					}
				}
			})
		}
	}
}
