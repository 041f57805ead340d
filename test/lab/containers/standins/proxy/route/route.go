// Package route knows which virtual host, route, cluster and endpoint a request is led to, as Envoy's router does.
package route

import (
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
)

// Host returns the virtual host of a listener that has the domain of a request's authority; nil when none has. Envoy prefers the whole
// name, then the longest "*.suffix", then "*" (envoy: api/envoy/config/route/v3/route_components.proto, VirtualHost.domains). Ports in the
// authority are ignored, as Istio sets it (istio:pilot/pkg/networking/core/listener.go@1.30.3, StripAnyHostPort).
func Host(listener *config.Listener, authority string) *config.VirtualHost {
	name := strings.ToLower(authority)
	if host, _, err := net.SplitHostPort(name); err == nil {
		name = host
	}
	name = strings.TrimSuffix(name, ".")
	var best *config.VirtualHost
	longest := -1
	for i := range listener.Hosts {
		for _, domain := range listener.Hosts[i].Domains {
			if length := fits(strings.ToLower(domain), name); length > longest {
				best, longest = &listener.Hosts[i], length
			}
		}
	}
	return best
}

// exactly is a fit that no suffix reaches.
const exactly = 1 << 16

// fits tells how well a domain fits a name; -1 is not at all.
func fits(domain, name string) int {
	switch suffix, wild := strings.CutPrefix(domain, "*"); {
	case domain == name:
		return exactly
	case wild && strings.HasSuffix(name, suffix) && len(name) > len(suffix):
		return len(suffix)
	}
	return -1
}

// Chosen is a route and how its path is rewritten.
type Chosen struct {
	*config.Route
	// Path is the request's new escaped path; empty leaves it.
	Path string
}

// Find returns the first route of a virtual host that a request matches.
func Find(host *config.VirtualHost, r *http.Request) (Chosen, bool) {
	path := r.URL.EscapedPath()
	for i := range host.Routes {
		route := &host.Routes[i]
		if len(route.Matches) == 0 {
			return Chosen{Route: route, Path: rewritten(route.Rewrite, &config.Text{Prefix: "/"}, path)}, true
		}
		for _, match := range route.Matches {
			if matches(match, r, path) {
				return Chosen{Route: route, Path: rewritten(route.Rewrite, match.Path, path)}, true
			}
		}
	}
	return Chosen{}, false
}

func matches(match config.Match, r *http.Request, path string) bool {
	if !meets(match.Path, path) || !meets(match.Method, r.Method) {
		return false
	}
	for name, text := range match.Headers {
		values := r.Header.Values(name)
		if len(values) == 0 || !meets(&text, strings.Join(values, ",")) {
			return false
		}
	}
	return true
}

func meets(want *config.Text, text string) bool {
	switch {
	case want == nil:
		return true
	case want.Exact != "":
		return text == want.Exact
	case want.Prefix != "":
		return strings.HasPrefix(text, want.Prefix)
	case want.Regex != "":
		expression := compiled(want.Regex)
		return expression != nil && expression.MatchString(text)
	}
	return true
}

// rewritten is the path after a route's rewrite: a prefix that matched is replaced, of other matches the whole path (envoy:
// source/common/router/config_impl.cc, PrefixRouteEntryImpl, PathRouteEntryImpl and RegexRouteEntryImpl).
func rewritten(rewrite string, matched *config.Text, path string) string {
	switch {
	case rewrite == "":
		return ""
	case matched == nil:
		return rewrite + strings.TrimPrefix(path, "/")
	case matched.Prefix != "":
		return rewrite + strings.TrimPrefix(path, matched.Prefix)
	}
	return rewrite
}

// expressions keeps what was compiled, by its text; what is no expression is kept as nil and matches nothing.
var expressions sync.Map

func compiled(text string) *regexp.Regexp {
	if known, ok := expressions.Load(text); ok {
		expression, _ := known.(*regexp.Regexp)
		return expression
	}
	expression, err := regexp.Compile("^(?:" + text + ")$")
	if err != nil {
		expression = nil
	}
	expressions.Store(text, expression)
	return expression
}

// Pick chooses one of a route's clusters by weight; "" when there is none. Clusters that all weigh nothing share alike.
func Pick(clusters []config.WeightedCluster) string {
	total := 0
	for _, cluster := range clusters {
		total += cluster.Weight
	}
	if total == 0 {
		if len(clusters) == 0 {
			return ""
		}
		return clusters[rand.IntN(len(clusters))].Cluster
	}
	at := rand.IntN(total)
	for _, cluster := range clusters {
		if at -= cluster.Weight; at < 0 {
			return cluster.Cluster
		}
	}
	return ""
}
