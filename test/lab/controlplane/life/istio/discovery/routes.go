package discovery

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// meshGateway is what a VirtualService names to be about requests inside the mesh; one that names no gateway means it.
const meshGateway = "mesh"

// virtualService is the part of a VirtualService that is played (istio/api:networking/v1alpha3/virtual_service.proto).
type virtualService struct {
	Hosts    []string    `json:"hosts"`
	Gateways []string    `json:"gateways"`
	HTTP     []httpRoute `json:"http"`
}

type httpRoute struct {
	Match    []httpMatch `json:"match"`
	Route    []httpTo    `json:"route"`
	Redirect *struct {
		URI       string `json:"uri"`
		Authority string `json:"authority"`
		Code      int    `json:"redirectCode"`
	} `json:"redirect"`
	Rewrite *struct {
		URI string `json:"uri"`
	} `json:"rewrite"`
	Timeout string `json:"timeout"`
}

type httpMatch struct {
	URI      *Text           `json:"uri"`
	Method   *Text           `json:"method"`
	Headers  map[string]Text `json:"headers"`
	Port     int32           `json:"port"`
	Gateways []string        `json:"gateways"`
	// What follows is not played: a match that has one of them never holds.
	Scheme          any `json:"scheme"`
	Authority       any `json:"authority"`
	QueryParams     any `json:"queryParams"`
	WithoutHeaders  any `json:"withoutHeaders"`
	IgnoreURICase   any `json:"ignoreUriCase"`
	SourceLabels    any `json:"sourceLabels"`
	SourceNamespace any `json:"sourceNamespace"`
}

type httpTo struct {
	Destination struct {
		Host   string `json:"host"`
		Subset string `json:"subset"`
		Port   struct {
			Number int32 `json:"number"`
		} `json:"port"`
	} `json:"destination"`
	Weight int `json:"weight"`
}

func (v virtualService) boundTo(gateway string) bool {
	if len(v.Gateways) == 0 {
		return gateway == meshGateway
	}
	return slices.Contains(v.Gateways, gateway)
}

// httpRoutes translates the HTTP routes of a VirtualService for a listener. Like istiod it makes one route of each match
// (istio:pilot/pkg/networking/core/route/route.go@1.30.3, BuildHTTPRoutesForVirtualService).
func (b *builder) httpRoutes(from named[virtualService], gateway string, listener int32) []Route {
	var routes []Route
	for _, rule := range from.spec.HTTP {
		if len(rule.Match) == 0 {
			routes = append(routes, b.httpRoute(from, rule, nil, listener))
			continue
		}
		for i := range rule.Match {
			if match := &rule.Match[i]; match.holds(from.namespace, gateway, listener) {
				routes = append(routes, b.httpRoute(from, rule, match, listener))
			}
		}
	}
	return routes
}

// holds tells whether a match can hold at a gateway's listener.
func (m *httpMatch) holds(namespace, gateway string, listener int32) bool {
	for _, unknown := range []any{m.Scheme, m.Authority, m.QueryParams, m.WithoutHeaders, m.IgnoreURICase, m.SourceLabels, m.SourceNamespace} {
		if unknown != nil {
			return false
		}
	}
	if m.Port != 0 && m.Port != listener {
		return false
	}
	if len(m.Gateways) == 0 {
		return true
	}
	return slices.ContainsFunc(m.Gateways, func(name string) bool { return name == gateway || qualified(name, namespace) == gateway })
}

func (b *builder) httpRoute(from named[virtualService], rule httpRoute, match *httpMatch, listener int32) Route {
	route := Route{}
	if match != nil {
		route.Matches = []Match{{Path: match.URI, Method: match.Method, Headers: match.Headers}}
	}
	if rule.Rewrite != nil {
		route.Rewrite = rule.Rewrite.URI
	}
	if timeout, err := time.ParseDuration(rule.Timeout); err == nil {
		route.Timeout = timeout.Milliseconds()
	}
	if rule.Redirect != nil {
		route.Redirect = &Redirect{URI: rule.Redirect.URI, Authority: rule.Redirect.Authority, Code: rule.Redirect.Code}
	}
	target := from.name + ":" + strconv.Itoa(int(listener))
	for _, to := range rule.Route {
		fqdn := resolve(to.Destination.Host, from.namespace)
		port := b.destinationPort(fqdn, to.Destination.Port.Number, listener)
		weight := to.Weight
		if len(rule.Route) == 1 {
			weight, target = 100, fqdn+":"+strconv.Itoa(int(port))
		}
		if weight > 0 {
			route.Clusters = append(route.Clusters, WeightedCluster{Cluster: b.clusterFor(fqdn, port, to.Destination.Subset), Weight: weight})
		}
	}
	route.Operation = target + operationPath(match)
	return route
}

// destinationPort is a destination's port: the one that it names, else the only one of its service, else that of the listener
// (istio:pilot/pkg/networking/core/route/route.go@1.30.3, GetDestinationCluster).
func (b *builder) destinationPort(fqdn string, number, listener int32) int32 {
	if number != 0 {
		return number
	}
	if service := b.world.service(fqdn); service != nil && len(service.Spec.Ports) == 1 {
		return service.Spec.Ports[0].Port
	}
	return listener
}

// operationPath is the end of a span's name (istio:pilot/pkg/networking/util/util.go, GetRouteOperation).
func operationPath(match *httpMatch) string {
	if match == nil || match.URI == nil {
		return "/*"
	}
	if match.URI.Prefix != "" {
		return match.URI.Prefix + "*"
	}
	return cmp.Or(match.URI.Exact, match.URI.Regex, "/*")
}

// qualified is a gateway's name with its namespace.
func qualified(name, namespace string) string {
	if strings.Contains(name, "/") {
		return name
	}
	return namespace + "/" + name
}

// covers tells whether a host, which may begin with "*", includes another one.
func covers(wide, host string) bool {
	if wide == host || wide == "*" {
		return true
	}
	suffix, wild := strings.CutPrefix(wide, "*")
	return wild && strings.HasSuffix(strings.TrimPrefix(host, "*"), suffix)
}
