package istio

import (
	"fmt"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// Route leads HTTP requests for some hosts to services: a VirtualService and, where asked for, the Gateway that opens
// the hosts on the ingress gateway.
type Route struct {
	// Name is the VirtualService's name. Namespace is required.
	Name, Namespace string
	// APIVersion of the objects; empty is [AnyNetworkingAPI].
	APIVersion string
	// Hosts are the names in the request, "nginx.istio-dxlab.wistron.com" or "*.lab".
	Hosts []string
	// Server opens the hosts on an ingress gateway by a Gateway object of this route. Nil makes none.
	Server *Server
	// Gateways are Gateway objects made elsewhere, "namespace/name", or "mesh" for requests from inside the mesh.
	Gateways []string
	// Rules are tried in order.
	Rules []Rule
}

// Server is a port of an ingress gateway. The zero value is HTTP on port 80 of istio-ingressgateway.
type Server struct {
	// Name is the Gateway object's name; empty is the route's.
	Name string
	// Selector are labels of the ingress gateway's pods; empty is istio: ingressgateway.
	Selector map[string]string
	// Port is the proxy's port; zero is 80. The gateway chart maps port 80 of the Service to 80 of the proxy; upstream's
	// samples that say 8080 are made for istioctl's gateway, which maps it to 8080.
	Port int32
	// Protocol is HTTP, HTTPS, HTTP2, GRPC, TLS or TCP; empty is HTTP.
	Protocol string
	// TLS is for HTTPS and TLS.
	TLS *TLS
}

// TLS is how a [Server] speaks TLS.
type TLS struct {
	// Mode is SIMPLE, MUTUAL, PASSTHROUGH, ...
	Mode string `json:"mode,omitempty"`
	// CredentialName is a Secret in the ingress gateway's namespace.
	CredentialName string `json:"credentialName,omitempty"`
	// HTTPSRedirect answers plain HTTP with 301.
	HTTPSRedirect bool `json:"httpsRedirect,omitempty"`
}

// Rule leads the requests that match to its destinations.
type Rule struct {
	// Matches are alternatives; none matches everything.
	Matches []Match `json:"match,omitempty"`
	// Rewrite replaces what matched of the path.
	Rewrite *Rewrite `json:"rewrite,omitempty"`
	// Destinations share the requests by weight.
	Destinations []Destination `json:"route"`
	// Timeout is a duration, "5s"; empty is none.
	Timeout string `json:"timeout,omitempty"`
}

// Match holds when everything in it holds.
type Match struct {
	URI     *StringMatch           `json:"uri,omitempty"`
	Method  *StringMatch           `json:"method,omitempty"`
	Headers map[string]StringMatch `json:"headers,omitempty"`
}

// StringMatch has exactly one of its fields.
type StringMatch struct {
	Exact  string `json:"exact,omitempty"`
	Prefix string `json:"prefix,omitempty"`
	Regex  string `json:"regex,omitempty"`
}

// Rewrite is the new path.
type Rewrite struct {
	URI string `json:"uri"`
}

// Destination is a port of a service.
type Destination struct {
	// Host is a service's name, best in full: "nginx.default.svc.cluster.local". A short name is looked for in the
	// route's namespace.
	Host string
	// Port may be zero when the service has only one.
	Port int32
	// Subset is one of a DestinationRule's.
	Subset string
	// Weight is this destination's share; with one destination it may be zero.
	Weight int32
}

// Group and version of the objects. v1 came with Istio 1.22.0, v1beta1 is served by every Istio since 1.5.
const (
	networkingGroup   = "networking.istio.io"
	AnyNetworkingAPI  = networkingGroup + "/v1beta1"
	networkingV1      = networkingGroup + "/v1"
	kindGateway       = "Gateway"
	kindService       = "VirtualService"
	defaultServerPort = 80
	defaultProtocol   = "HTTP"
)

// NetworkingAPI is the newest API version of Gateway and VirtualService that an Istio version serves.
func NetworkingAPI(version versions.Version) string {
	if version.AtLeast(1, 22, 0) {
		return networkingV1
	}
	return AnyNetworkingAPI
}

// Component builds the route's objects. A route without hosts, destinations or gateways is [fault.Invalid].
func (r Route) Component() (component.Component, error) {
	if err := r.validate(); err != nil {
		return component.Component{}, fmt.Errorf("route %s/%s: %w", r.Namespace, r.Name, err)
	}
	objects, err := r.objects()
	if err != nil {
		return component.Component{}, fmt.Errorf("route %s/%s: %w", r.Namespace, r.Name, err)
	}
	c := component.Component{Name: "istio route " + r.Name, Objects: objects}
	for _, o := range objects {
		ref := object.RefOf(o)
		c.Requires = append(c.Requires, component.Requirement{APIVersion: ref.APIVersion, Kind: ref.Kind, BroughtBy: "lab_istio_mesh"})
		c.Ready = append(c.Ready, component.Condition{Name: ref.String() + " exists", Ref: ref, Check: component.Check{Kind: component.Exists}})
	}
	return c, nil
}

func (r Route) validate() error {
	if len(r.Hosts) == 0 {
		return fault.Newf(fault.Invalid, "it has no hosts")
	}
	if r.Server == nil && len(r.Gateways) == 0 {
		return fault.Newf(fault.Invalid, "it opens no server and names no gateway, so no request would reach it")
	}
	if len(r.Rules) == 0 {
		return fault.Newf(fault.Invalid, "it has no rules")
	}
	for i, rule := range r.Rules {
		if err := rule.validate(); err != nil {
			return fmt.Errorf("rule %d: %w", i+1, err)
		}
	}
	return nil
}

func (r Rule) validate() error {
	if len(r.Destinations) == 0 {
		return fault.Newf(fault.Invalid, "it has no destination")
	}
	weight := int32(0)
	for _, d := range r.Destinations {
		if d.Host == "" {
			return fault.Newf(fault.Invalid, "a destination has no host")
		}
		weight += d.Weight
	}
	// Istio's webhook refuses it: "total destination weight = 0" (istio:pkg/config/validation, both versions).
	if len(r.Destinations) > 1 && weight == 0 {
		return fault.Newf(fault.Invalid, "its %d destinations have no weights", len(r.Destinations))
	}
	for _, m := range r.Matches {
		for _, s := range m.all() {
			if err := s.validate(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m Match) all() []StringMatch {
	var all []StringMatch
	for _, s := range []*StringMatch{m.URI, m.Method} {
		if s != nil {
			all = append(all, *s)
		}
	}
	for _, s := range m.Headers {
		all = append(all, s)
	}
	return all
}

func (s StringMatch) validate() error {
	set := 0
	for _, v := range []string{s.Exact, s.Prefix, s.Regex} {
		if v != "" {
			set++
		}
	}
	if set > 1 {
		return fault.Newf(fault.Invalid, "a match has more than one of exact, prefix and regex")
	}
	return nil
}
