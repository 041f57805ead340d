package istio_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/component/componenttest"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/istio"
)

func TestGateway_Golden(t *testing.T) {
	t.Parallel()
	three := int32(3)
	for name, gateway := range map[string]istio.Gateway{
		"gateway-default":   {},
		"gateway-seed-2023": {Chart: component.ChartOptions{Version: "1.17.1"}, Address: "10.34.124.115"},
		"gateway-with-address-by-annotation": {
			Address: "10.34.124.115", AddressAnnotation: "metallb.io/loadBalancerIPs",
			Service: istio.GatewayService{Annotations: map[string]string{"metallb.io/address-pool": "ip-pool"}, ExternalTrafficPolicy: "Local"},
		},
		"gateway-in-other-place": {
			Chart: component.ChartOptions{Release: "istio-edge", Namespace: "edge"}, MeshNamespace: "mesh",
			Replicas: &three, Labels: map[string]string{"team": "edge"}, Resources: istio.Resources{CPU: "100m"},
		},
		"gateway-on-node-ports": {Service: istio.GatewayService{Type: "NodePort", Ports: []istio.Port{
			{Name: "http2", Port: 80, Protocol: "TCP", TargetPort: 80, NodePort: 30080},
		}}},
		"gateway-as-daemon-set": {Chart: component.ChartOptions{Values: map[string]any{
			"kind": "DaemonSet", "name": "edge", "revision": "canary", "autoscaling": map[string]any{"enabled": false},
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := gateway.Component()
			if err != nil {
				t.Fatal(err)
			}
			componenttest.Golden(t, name, c)
		})
	}
}

func TestGateway_RefusesAddressesThatCannotWork(t *testing.T) {
	t.Parallel()
	values := func(v map[string]any) component.ChartOptions {
		return component.ChartOptions{Values: map[string]any{"service": v}}
	}
	for name, c := range map[string]struct {
		gateway istio.Gateway
		want    string
	}{
		"no address":        {istio.Gateway{Address: "edge.lab"}, "wanted address"},
		"not canonical":     {istio.Gateway{Address: "FC00::0:1"}, "write FC00::0:1 as fc00::1"},
		"no load balancer":  {istio.Gateway{Address: "10.0.0.1", Service: istio.GatewayService{Type: "ClusterIP"}}, "needs a service of type LoadBalancer"},
		"no version":        {istio.Gateway{Chart: component.ChartOptions{Version: "newest"}}, "is not a version"},
		"asked for twice":   {istio.Gateway{Address: "10.0.0.1", Chart: values(map[string]any{"annotations": map[string]any{"metallb.io/loadBalancerIPs": "10.0.0.2"}})}, "asked for twice"},
		"twice, old prefix": {istio.Gateway{Address: "10.0.0.1", AddressAnnotation: "metallb.universe.tf/loadBalancerIPs", Chart: values(map[string]any{"loadBalancerIP": "10.0.0.2"})}, "asked for twice"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.gateway.Component()
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestGateway_LeavesTheCallersAnnotationsAlone(t *testing.T) {
	t.Parallel()
	annotations := map[string]string{"a": "b"}
	gateway := istio.Gateway{Address: "10.0.0.1", AddressAnnotation: "metallb.io/loadBalancerIPs", Service: istio.GatewayService{Annotations: annotations}}
	if _, err := gateway.Component(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"a": "b"}, annotations); diff != "" {
		t.Error(diff)
	}
}

// A node port or cluster address that the user chose is his to keep, so that a change of it is drift.
func TestGateway_IgnoresOnlyWhatNobodyChose(t *testing.T) {
	t.Parallel()
	const nodePort, clusterIP = "spec.ports[*].nodePort", "spec.clusterIP"
	free, err := istio.Gateway{}.Component()
	if err != nil {
		t.Fatal(err)
	}
	if !ignores(free, nodePort) || !ignores(free, clusterIP) {
		t.Errorf("allocated fields count as drift: %+v", free.Ignore)
	}
	chosen, err := istio.Gateway{
		Service: istio.GatewayService{Ports: []istio.Port{{Name: "http2", Port: 80, TargetPort: 80, Protocol: "TCP", NodePort: 30080}}},
		Chart:   component.ChartOptions{Values: map[string]any{"service": map[string]any{"clusterIP": "10.43.0.80"}}},
	}.Component()
	if err != nil {
		t.Fatal(err)
	}
	if ignores(chosen, nodePort) || ignores(chosen, clusterIP) {
		t.Errorf("chosen fields are ignored: %+v", chosen.Ignore)
	}
}
