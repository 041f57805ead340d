package ingress_test

import (
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/component/componenttest"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/ingress"
)

func TestInstall_Golden(t *testing.T) {
	t.Parallel()
	for name, install := range map[string]ingress.Install{
		"traefik-default":          {},
		"traefik-by-load-balancer": {Exposure: ingress.LoadBalancer, Address: "10.0.0.9", ClassName: "edge", NotDefault: true},
		"traefik-39":               {Chart: component.ChartOptions{Version: "39.0.0", Release: "edge", Namespace: "edge"}},
		"nginx-default":            {Program: ingress.Nginx},
		"nginx-by-load-balancer":   {Program: ingress.Nginx, Exposure: ingress.LoadBalancer, ClassName: "edge", NotDefault: true},
		"nginx-with-user-values": {Program: ingress.Nginx, Chart: component.ChartOptions{Values: map[string]any{
			"fullnameOverride": "edge", "controller": map[string]any{"name": "web", "kind": "Deployment", "admissionWebhooks": map[string]any{"enabled": false}},
		}}},
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

func TestInstall_RefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	for name, install := range map[string]ingress.Install{
		"an address on host ports": {Address: "10.0.0.9"},
		"a version that is none":   {Chart: component.ChartOptions{Version: "newest"}},
	} {
		if _, err := install.Component(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestInstall_RefusesWhatAnotherHolds(t *testing.T) {
	t.Parallel()
	bundled := ingress.Find(seen(t, rke2Traefik, rke2Nginx))
	edge := ingress.Find(seen(t, edgeNginx))
	for name, c := range map[string]struct {
		install ingress.Install
		found   ingress.Controllers
		says    string
	}{
		"nothing there":       {ingress.Install{}, nil, ""},
		"the class":           {ingress.Install{}, bundled, "IngressClass traefik belongs to another controller: traefik (class traefik, default, bundled) in DaemonSet kube-system/rke2-traefik"},
		"the ports":           {ingress.Install{NotDefault: true}, edge, "ports 80 and 443 of the nodes are taken by another controller: nginx (class edge) in Deployment edge/edge"},
		"the default":         {ingress.Install{ClassName: "mine", Exposure: ingress.LoadBalancer}, bundled, "class traefik is the default already"},
		"beside others":       {ingress.Install{ClassName: "mine", Exposure: ingress.LoadBalancer, NotDefault: true}, bundled, ""},
		"itself":              {ingress.Install{Chart: component.ChartOptions{Namespace: "kube-system", Release: "rke2-traefik"}}, ingress.Find(seen(t, rke2Traefik)), ""},
		"beside nodes' ports": {ingress.Install{Exposure: ingress.LoadBalancer}, edge, ""},
	} {
		err := c.install.Refuse(c.found)
		switch {
		case c.says == "" && err != nil:
			t.Errorf("%s: got %v", name, err)
		case c.says == "":
		case !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), c.says):
			t.Errorf("%s: got %v", name, err)
		}
	}
}
