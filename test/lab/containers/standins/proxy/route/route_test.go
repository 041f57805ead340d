package route_test

import (
	"net/http/httptest"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/route"
)

func TestHost_PrefersTheBestDomain(t *testing.T) {
	t.Parallel()
	listener := &config.Listener{Hosts: []config.VirtualHost{
		{Name: "all", Domains: []string{"*"}},
		{Name: "lab", Domains: []string{"*.lab"}},
		{Name: "deep", Domains: []string{"*.deep.lab"}},
		{Name: "web", Domains: []string{"web.deep.lab", "web"}},
	}}
	for authority, want := range map[string]string{
		"web.deep.lab": "web", "WEB.deep.lab:8080": "web", "web": "web", "web.deep.lab.": "web",
		"other.deep.lab": "deep", "other.lab": "lab", "lab": "all", ".lab": "all", "elsewhere.test": "all",
	} {
		t.Run(authority, func(t *testing.T) {
			t.Parallel()
			host := route.Host(listener, authority)
			if host == nil || host.Name != want {
				t.Errorf("got %+v, want %s", host, want)
			}
		})
	}
	if host := route.Host(&config.Listener{Hosts: listener.Hosts[1:]}, "elsewhere.test"); host != nil {
		t.Errorf("an unknown host is %s", host.Name)
	}
}

func TestFind_TakesTheFirstRouteThatMatches(t *testing.T) {
	t.Parallel()
	host := &config.VirtualHost{Routes: []config.Route{
		{Operation: "page", Matches: []config.Match{{Path: &config.Text{Exact: "/productpage"}}, {Path: &config.Text{Prefix: "/static/"}}}, Rewrite: "/new/"},
		{Operation: "api", Matches: []config.Match{{Path: &config.Text{Regex: `/v\d+/.*`}}}, Rewrite: "/api"},
		{Operation: "post", Matches: []config.Match{{Method: &config.Text{Exact: "POST"}, Headers: map[string]config.Text{"x-who": {Prefix: "j"}}}}},
		{Operation: "broken", Matches: []config.Match{{Path: &config.Text{Regex: "("}}}},
		{Operation: "any", Matches: []config.Match{{Path: &config.Text{Prefix: "/any"}, Headers: map[string]config.Text{"x-any": {}}}}},
	}}
	cases := map[string]struct {
		method, target, who string
		want, path          string
	}{
		"an exact path":                    {"GET", "/productpage?u=1", "", "page", "/new/"},
		"not a longer one":                 {"GET", "/productpage/", "", "", ""},
		"a prefix":                         {"GET", "/static/a%2Fb.css", "", "page", "/new/a%2Fb.css"},
		"an expression":                    {"GET", "/v1/x", "", "api", "/api"},
		"an expression matches the whole":  {"GET", "/a/v1/x", "", "", ""},
		"method and header":                {"POST", "/", "jason", "post", ""},
		"another header":                   {"POST", "/", "tom", "", ""},
		"no header":                        {"POST", "/", "", "", ""},
		"a header that must only be there": {"GET", "/any", "any", "any", ""},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(test.method, test.target, nil)
			if test.who != "" {
				r.Header.Set("X-Who", test.who)
				r.Header.Set("X-Any", "")
			}
			chosen, found := route.Find(host, r)
			if found != (test.want != "") || found && (chosen.Operation != test.want || chosen.Path != test.path) {
				t.Errorf("got %v %+v, want %q with path %q", found, chosen, test.want, test.path)
			}
		})
	}
}

func TestPick_FollowsWeights(t *testing.T) {
	t.Parallel()
	count := func(clusters ...config.WeightedCluster) map[string]int {
		got := map[string]int{}
		for range 1000 {
			got[route.Pick(clusters)]++
		}
		return got
	}
	if got := count(config.WeightedCluster{Cluster: "a", Weight: 90}, config.WeightedCluster{Cluster: "b", Weight: 10}); got["a"] < 800 || got["b"] < 20 || got["a"]+got["b"] != 1000 {
		t.Errorf("90 to 10 came out as %v", got)
	}
	if got := count(config.WeightedCluster{Cluster: "a"}, config.WeightedCluster{Cluster: "b"}); got["a"] < 300 || got["b"] < 300 {
		t.Errorf("without weights it came out as %v", got)
	}
	if got := count(); got[""] != 1000 {
		t.Errorf("out of none it chose %v", got)
	}
}

func TestBalancer_GivesEachEndpointItsTurn(t *testing.T) {
	t.Parallel()
	var balancer route.Balancer
	cluster := config.Cluster{Endpoints: []config.Endpoint{{Address: "a"}, {Address: "b"}, {Address: "c"}}}
	got := ""
	for range 4 {
		for _, endpoint := range balancer.Next("x", cluster) {
			got += endpoint.Address
		}
		got += " "
	}
	if want := "abc bca cab abc "; got != want {
		t.Errorf("turns %q, want %q", got, want)
	}
	if rest := balancer.Next("x", config.Cluster{}); len(rest) != 0 {
		t.Errorf("an empty cluster has %v", rest)
	}
}
