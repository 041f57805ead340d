package istio_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/component/componenttest"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/istio"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

func nginx() []istio.Rule {
	return []istio.Rule{{Destinations: []istio.Destination{{Host: "nginx.default.svc.cluster.local", Port: 80}}}}
}

// routes are written out in full, as they read back.
func routes() map[string]istio.Route {
	http := func(name string) *istio.Server {
		return &istio.Server{Name: name, Selector: map[string]string{"istio": "ingressgateway"}, Port: 80, Protocol: "HTTP"}
	}
	return map[string]istio.Route{
		"route-of-the-tutorial": {
			Name: "virtualservice-nginx-svc", Namespace: "default", APIVersion: istio.AnyNetworkingAPI,
			Hosts: []string{"nginx.istio-dxlab.wistron.com"}, Server: http("gateway-nginx-svc"), Rules: nginx(),
		},
		"route-with-everything": {
			Name: "shop", Namespace: "shop", APIVersion: "networking.istio.io/v1",
			Hosts: []string{"shop.lab", "*.shop.lab"},
			Server: &istio.Server{
				Name: "shop", Selector: map[string]string{"istio": "edge"}, Port: 443, Protocol: "HTTPS",
				TLS: &istio.TLS{Mode: "SIMPLE", CredentialName: "shop-cert"},
			},
			Gateways: []string{"mesh"},
			Rules: []istio.Rule{
				{
					Matches: []istio.Match{
						{URI: &istio.StringMatch{Prefix: "/api/"}, Method: &istio.StringMatch{Exact: "GET"}},
						{Headers: map[string]istio.StringMatch{"x-test": {Regex: "on|yes"}, "x-any": {}}},
					},
					Rewrite: &istio.Rewrite{URI: "/"}, Timeout: "5s",
					Destinations: []istio.Destination{
						{Host: "api", Port: 8080, Subset: "v1", Weight: 90},
						{Host: "api", Port: 8080, Subset: "v2", Weight: 10},
					},
				},
				{Destinations: []istio.Destination{{Host: "web"}}},
			},
		},
		"route-through-another-gateway": {
			Name: "docs", Namespace: "docs", APIVersion: istio.AnyNetworkingAPI, Hosts: []string{"docs.lab"},
			Gateways: []string{"istio-system/shared"}, Rules: nginx(),
		},
	}
}

func TestRoute_Golden(t *testing.T) {
	t.Parallel()
	for name, route := range routes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := route.Component()
			if err != nil {
				t.Fatal(err)
			}
			componenttest.Golden(t, name, c)
		})
	}
}

func TestRoute_RoundTrip(t *testing.T) {
	t.Parallel()
	for name, route := range routes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := route.Component()
			if err != nil {
				t.Fatal(err)
			}
			// Live objects come in any order.
			slices.Reverse(c.Objects)
			back, err := istio.ReadRoute(c.Objects...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(route, back); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRoute_FillsInTheUsualServer(t *testing.T) {
	t.Parallel()
	c, err := istio.Route{Name: "nginx", Namespace: "default", Hosts: []string{"nginx.lab"}, Server: &istio.Server{}, Rules: nginx()}.Component()
	if err != nil {
		t.Fatal(err)
	}
	back, err := istio.ReadRoute(c.Objects...)
	if err != nil {
		t.Fatal(err)
	}
	want := &istio.Server{Name: "nginx", Selector: map[string]string{"istio": "ingressgateway"}, Port: 80, Protocol: "HTTP"}
	if diff := cmp.Diff(want, back.Server); diff != "" {
		t.Error(diff)
	}
}

func TestNetworkingAPI_FollowsTheVersion(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1.17.1": "networking.istio.io/v1beta1", "1.21.6": "networking.istio.io/v1beta1", "1.22.0": "networking.istio.io/v1", "1.30.3": "networking.istio.io/v1",
	} {
		version, err := versions.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := istio.NetworkingAPI(version); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}

func TestReadRoute_NeedsTheVirtualService(t *testing.T) {
	t.Parallel()
	if _, err := istio.ReadRoute(object.New(object.Ref{Kind: "Gateway", Name: "a"})); err == nil {
		t.Error("a gateway was read as a route")
	}
}

func TestRoute_RefusesWhatLeadsNowhere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*istio.Route)
		want   string
	}{
		"no hosts":       {func(r *istio.Route) { r.Hosts = nil }, "no hosts"},
		"no way in":      {func(r *istio.Route) { r.Server, r.Gateways = nil, nil }, "names no gateway"},
		"no rules":       {func(r *istio.Route) { r.Rules = nil }, "no rules"},
		"no destination": {func(r *istio.Route) { r.Rules = []istio.Rule{nginx()[0], {}} }, "rule 2: it has no destination"},
		"no host":        {func(r *istio.Route) { r.Rules[0].Destinations[0].Host = "" }, "a destination has no host"},
		"no weights": {func(r *istio.Route) {
			r.Rules[0].Destinations = []istio.Destination{{Host: "a"}, {Host: "b"}}
		}, "its 2 destinations have no weights"},
		"two matches in one": {func(r *istio.Route) {
			r.Rules[0].Matches = []istio.Match{{URI: &istio.StringMatch{Exact: "/", Prefix: "/"}}}
		}, "more than one of exact, prefix and regex"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			route := istio.Route{Name: "nginx", Namespace: "default", Hosts: []string{"nginx.lab"}, Server: &istio.Server{}, Rules: nginx()}
			c.change(&route)
			_, err := route.Component()
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
