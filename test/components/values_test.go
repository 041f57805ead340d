package components_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/istio"
	"github.com/dxlab/terraform-provider-lab/internal/metallb"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// named finds an object by kind and name.
func (r rendered) named(t *testing.T, kind, name string) object.Object {
	t.Helper()
	for ref, o := range r {
		if ref.Kind == kind && ref.Name == name {
			return o
		}
	}
	t.Fatalf("no %s %s was rendered", kind, name)
	return nil
}

// container returns a container of a Deployment or DaemonSet, nil when there is none of the name.
func container(workload object.Object, name string) map[string]any {
	for _, c := range object.List(workload, "spec", "template", "spec", "containers") {
		if c, ok := c.(map[string]any); ok && c["name"] == name {
			return c
		}
	}
	return nil
}

func TestMesh_AsksForWhatALabHas(t *testing.T) {
	t.Parallel()
	for _, p := range profiles {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			_, made := render(t, istio.Mesh{Version: p.istio}, p.kubernetes)
			istiod := made.named(t, "Deployment", "istiod")
			want := map[string]any{"cpu": istio.LabIstiod.CPU, "memory": istio.LabIstiod.Memory}
			if diff := cmp.Diff(want, object.Map(container(istiod, "discovery"), "resources", "requests")); diff != "" {
				t.Error(diff)
			}
			if _, ok := object.Lookup(istiod, "spec", "replicas"); ok {
				t.Error("replicas are set beside an autoscaler")
			}
			injected := object.String(made.named(t, "ConfigMap", "istio-sidecar-injector"), "data", "values")
			if !strings.Contains(injected, `"memory": "`+istio.LabProxy.Memory+`"`) {
				t.Errorf("the proxies' requests are not in %s", injected)
			}
		})
	}
}

func TestMesh_FixesReplicasWithoutAnAutoscaler(t *testing.T) {
	t.Parallel()
	two := int32(2)
	for _, p := range profiles {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			_, made := render(t, istio.Mesh{Version: p.istio, Replicas: &two}, p.kubernetes)
			if got, _ := object.Lookup(made.named(t, "Deployment", "istiod"), "spec", "replicas"); got != int64(2) {
				t.Errorf("replicas are %v", got)
			}
			for ref := range made {
				if ref.Kind == "HorizontalPodAutoscaler" {
					t.Errorf("%s is there", ref)
				}
			}
		})
	}
}

func TestMesh_WritesItsConfig(t *testing.T) {
	t.Parallel()
	on, all := true, 100.0
	config := istio.MeshConfig{AccessLogFile: "/dev/stdout", EnableTracing: &on, DefaultConfig: &istio.ProxyConfig{
		Tracing: &istio.Tracing{Sampling: &all, Zipkin: &istio.Zipkin{Address: "otel-collector.otel-system.svc.cluster.local:9411"}},
	}}
	for _, p := range profiles {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			_, made := render(t, istio.Mesh{Version: p.istio, Config: config, MoreConfig: map[string]any{"trustDomain": "lab.local"}}, p.kubernetes)
			mesh := object.String(made.named(t, "ConfigMap", "istio"), "data", "mesh")
			for _, want := range []string{
				"accessLogFile: /dev/stdout", "enableTracing: true", "sampling: 100", "address: otel-collector.otel-system.svc.cluster.local:9411",
				"trustDomain: lab.local", "discoveryAddress: istiod.istio-system.svc:15012", "enablePrometheusMerge: true",
			} {
				if !strings.Contains(mesh, want) {
					t.Errorf("%q is not in\n%s", want, mesh)
				}
			}
		})
	}
}

func TestGateway_IsTheOneThatRoutesSelect(t *testing.T) {
	t.Parallel()
	for _, p := range profiles {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			three := int32(3)
			_, made := render(t, istio.Gateway{
				Chart: component.ChartOptions{Version: p.istio}, Address: "10.34.124.115", Replicas: &three, Labels: map[string]string{"team": "edge"},
			}, p.kubernetes)
			service := made.named(t, "Service", "istio-ingressgateway")
			if got := object.String(service, "spec", "loadBalancerIP"); got != "10.34.124.115" {
				t.Errorf("loadBalancerIP is %q", got)
			}
			deployment := made.named(t, "Deployment", "istio-ingressgateway")
			if got := object.String(deployment, "spec", "template", "metadata", "labels", "istio"); got != "ingressgateway" {
				t.Errorf("the pods' label istio is %q", got)
			}
			if got := object.String(deployment, "metadata", "labels", "team"); got != "edge" {
				t.Errorf("the label team is %q", got)
			}
			if got, _ := object.Lookup(deployment, "spec", "replicas"); got != int64(3) {
				t.Errorf("replicas are %v", got)
			}
			if got := container(deployment, "istio-proxy")["image"]; got != "auto" {
				t.Errorf("the image is %v", got)
			}
		})
	}
}

func TestGateway_AsksByAnnotation(t *testing.T) {
	t.Parallel()
	for _, p := range profiles {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			_, made := render(t, istio.Gateway{
				Chart: component.ChartOptions{Version: p.istio}, Address: "10.0.0.1", AddressAnnotation: "metallb.io/loadBalancerIPs",
				Service: istio.GatewayService{ExternalTrafficPolicy: "Local", Ports: []istio.Port{{Name: "http2", Port: 80, TargetPort: 80, Protocol: "TCP"}}},
			}, p.kubernetes)
			service := made.named(t, "Service", "istio-ingressgateway")
			if got := object.String(service, "metadata", "annotations", "metallb.io/loadBalancerIPs"); got != "10.0.0.1" {
				t.Errorf("the annotation is %q", got)
			}
			if got := object.String(service, "spec", "loadBalancerIP"); got != "" {
				t.Errorf("loadBalancerIP is %q as well", got)
			}
			if got := object.String(service, "spec", "externalTrafficPolicy"); got != "Local" {
				t.Errorf("externalTrafficPolicy is %q", got)
			}
			if got := object.List(service, "spec", "ports"); len(got) != 1 {
				t.Errorf("the ports are %v", got)
			}
		})
	}
}

func TestMetalLB_RunsFRROnlyForBGP(t *testing.T) {
	t.Parallel()
	for _, p := range profiles {
		for name, bgp := range map[string]bool{"l2": false, "bgp": true} {
			t.Run(p.name+", "+name, func(t *testing.T) {
				t.Parallel()
				_, made := render(t, metallb.Install{Chart: component.ChartOptions{Version: p.metallb}, BGP: bgp, LogLevel: "debug"}, p.kubernetes)
				frr := container(made.named(t, "DaemonSet", "metallb-speaker"), "frr") != nil
				for ref := range made {
					frr = frr || ref.Kind == "DaemonSet" && ref.Name == "metallb-frr-k8s"
				}
				if frr != bgp {
					t.Errorf("FRR runs: %v", frr)
				}
				args := container(made.named(t, "Deployment", "metallb-controller"), "controller")["args"]
				if list, ok := args.([]any); !ok || !contains(list, "--log-level=debug") {
					t.Errorf("the controller's arguments are %v", args)
				}
			})
		}
	}
}

func contains(list []any, want string) bool {
	for _, v := range list {
		if v == want {
			return true
		}
	}
	return false
}
