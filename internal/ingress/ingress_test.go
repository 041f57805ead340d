package ingress_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/component/componenttest"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/ingress"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// ingresses are written out in full, as they read back.
func ingresses() map[string]ingress.Ingress {
	return map[string]ingress.Ingress{
		"ingress-of-the-tutorial": {
			Name: "ingress-nginx-svc", Namespace: "default", Hosts: []string{"nginx.dxlab.wistron.com"},
			Paths: []ingress.Path{{Path: "/", Type: "Prefix", Service: "nginx", Port: 80}},
		},
		"ingress-with-everything": {
			Name: "shop", Namespace: "shop", ClassName: "traefik", Hosts: []string{"shop.lab", "www.shop.lab"},
			Paths: []ingress.Path{
				{Path: "/", Type: "Prefix", Service: "shop", PortName: "http"},
				{Path: "/health", Type: "Exact", Service: "monitor", Port: 9000},
			},
			TLS:    []ingress.TLS{{Secret: "shop-tls"}, {Secret: "www-tls", Hosts: []string{"www.shop.lab"}}},
			Labels: map[string]string{"team": "shop"}, Annotations: map[string]string{"a": "b"},
		},
		"ingress-of-every-host": {Name: "all", Namespace: "default", Paths: []ingress.Path{{Path: "/", Type: "Prefix", Service: "web", Port: 80}}},
	}
}

func TestIngress_Golden(t *testing.T) {
	t.Parallel()
	for name, i := range ingresses() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := i.Component()
			if err != nil {
				t.Fatal(err)
			}
			componenttest.Golden(t, name, c)
			back, err := ingress.ReadIngress(c.Objects[0])
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(i, back); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestIngress_RefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ingress ingress.Ingress
		says    string
	}{
		"no path":         {ingress.Ingress{}, "leads to no Service"},
		"no service":      {ingress.Ingress{Paths: []ingress.Path{{Port: 80}}}, "path / leads to no Service"},
		"no port":         {ingress.Ingress{Paths: []ingress.Path{{Service: "a"}}}, "the number or the name of one port"},
		"two ports":       {ingress.Ingress{Paths: []ingress.Path{{Service: "a", Port: 80, PortName: "http"}}}, "the number or the name of one port"},
		"a relative path": {ingress.Ingress{Paths: []ingress.Path{{Path: "a", Service: "a", Port: 80}}}, "does not begin with /"},
		"a path twice":    {ingress.Ingress{Paths: []ingress.Path{{Service: "a", Port: 80}, {Path: "/", Service: "b", Port: 80}}}, "there twice"},
		"foreign certificate": {
			ingress.Ingress{Hosts: []string{"a"}, Paths: []ingress.Path{{Service: "a", Port: 80}}, TLS: []ingress.TLS{{Hosts: []string{"b"}}}}, "none of its hosts",
		},
	} {
		if _, err := c.ingress.Component(); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestIngress_URLs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ingress   ingress.Ingress
		addresses []string
		want      string
	}{
		"by host":                {ingress.Ingress{Hosts: []string{"a.lab", "*.b.lab"}}, []string{"10.0.0.1"}, "http://a.lab/"},
		"by address":             {ingress.Ingress{Paths: []ingress.Path{{Path: "/shop"}}}, []string{"10.0.0.1", "10.0.0.2"}, "http://10.0.0.1/shop http://10.0.0.2/shop"},
		"no address":             {ingress.Ingress{}, nil, ""},
		"certificate for all":    {ingress.Ingress{Hosts: []string{"a", "b"}, TLS: []ingress.TLS{{}}}, nil, "https://a/ https://b/"},
		"certificate for one":    {ingress.Ingress{Hosts: []string{"a", "b"}, TLS: []ingress.TLS{{Hosts: []string{"b"}}}}, nil, "http://a/ https://b/"},
		"certificate of nowhere": {ingress.Ingress{Hosts: []string{"a"}, TLS: []ingress.TLS{{Hosts: []string{"b"}}}}, nil, "http://a/"},
	} {
		if got := strings.Join(c.ingress.URLs(c.addresses), " "); got != c.want {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

func TestReadIngress_RefusesHostsWithDifferentPaths(t *testing.T) {
	t.Parallel()
	var o object.Object
	err := yaml.Unmarshal([]byte(`
kind: Ingress
metadata: {name: a, namespace: b}
spec:
  rules:
  - {host: a, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: a, port: {number: 80}}}}]}}
  - {host: b, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: b, port: {number: 80}}}}]}}
`), &o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ingress.ReadIngress(o); err == nil || !strings.Contains(err.Error(), "different Services") {
		t.Errorf("got %v", err)
	}
}

func TestAddressesOf(t *testing.T) {
	t.Parallel()
	var o object.Object
	if err := yaml.Unmarshal([]byte("status: {loadBalancer: {ingress: [{ip: 10.0.0.2}, {ip: 10.0.0.1}, {}]}}"), &o); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"10.0.0.1", "10.0.0.2"}, ingress.AddressesOf(o)); diff != "" {
		t.Error(diff)
	}
}
