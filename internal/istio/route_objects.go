package istio

import (
	"fmt"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// The specs of networking.istio.io, fields that we write (istio/api:networking/v1/gateway.proto, virtual_service.proto;
// v1beta1 and v1alpha3 are the same).

type gatewaySpec struct {
	Selector map[string]string `json:"selector"`
	Servers  []serverSpec      `json:"servers"`
}

type serverSpec struct {
	Hosts []string       `json:"hosts"`
	Port  serverPortSpec `json:"port"`
	TLS   *TLS           `json:"tls,omitempty"`
}

type serverPortSpec struct {
	Number   int32  `json:"number"`
	Name     string `json:"name"`
	Protocol string `json:"protocol"`
}

type virtualServiceSpec struct {
	Hosts    []string `json:"hosts"`
	Gateways []string `json:"gateways,omitempty"`
	Rules    []Rule   `json:"http,omitempty"`
}

// Refs names the objects of the route, in the order in which they are applied.
func (r Route) Refs() []object.Ref {
	var refs []object.Ref
	if r.Server != nil {
		refs = append(refs, r.ref(kindGateway, r.gatewayName()))
	}
	return append(refs, r.ref(kindService, r.Name))
}

func (r Route) ref(kind, name string) object.Ref {
	version := r.APIVersion
	if version == "" {
		version = AnyNetworkingAPI
	}
	return object.Ref{APIVersion: version, Kind: kind, Namespace: r.Namespace, Name: name}
}

func (r Route) gatewayName() string {
	if r.Server.Name != "" {
		return r.Server.Name
	}
	return r.Name
}

func (r Route) objects() ([]object.Object, error) {
	var specs []any
	gateways := r.Gateways
	if r.Server != nil {
		specs = append(specs, r.Server.spec(r.Hosts))
		gateways = append([]string{r.gatewayName()}, gateways...)
	}
	specs = append(specs, virtualServiceSpec{Hosts: r.Hosts, Gateways: gateways, Rules: r.Rules})
	return object.WithSpecs(r.Refs(), specs)
}

// spec fills in the defaults of a server, so that what is written is what is meant.
func (s Server) spec(hosts []string) gatewaySpec {
	if len(s.Selector) == 0 {
		s.Selector = map[string]string{"istio": "ingressgateway"}
	}
	if s.Port == 0 {
		s.Port = defaultServerPort
	}
	if s.Protocol == "" {
		s.Protocol = defaultProtocol
	}
	port := serverPortSpec{Number: s.Port, Name: strings.ToLower(s.Protocol), Protocol: s.Protocol}
	return gatewaySpec{Selector: s.Selector, Servers: []serverSpec{{Hosts: hosts, Port: port, TLS: s.TLS}}}
}

// ReadRoute is the inverse of [Route.Component]: it reads a route from its objects, desired or live, in any order. The
// defaults of a [Server] read as what they stand for. A VirtualService must be among the objects; a Gateway is the
// route's own when it is.
func ReadRoute(objects ...object.Object) (Route, error) {
	var r Route
	for _, o := range objects {
		if ref := object.RefOf(o); ref.Kind == kindService {
			var spec virtualServiceSpec
			if err := object.Decode(object.Map(o, "spec"), &spec); err != nil {
				return Route{}, fmt.Errorf("%s: %w", ref, err)
			}
			r.Name, r.Namespace, r.APIVersion = ref.Name, ref.Namespace, ref.APIVersion
			r.Hosts, r.Gateways, r.Rules = spec.Hosts, spec.Gateways, spec.Rules
		}
	}
	if r.Name == "" {
		return Route{}, fmt.Errorf("reading a route: no %s among the objects", kindService)
	}
	for _, o := range objects {
		if object.RefOf(o).Kind != kindGateway {
			continue
		}
		if err := r.readGateway(o); err != nil {
			return Route{}, err
		}
	}
	return r, nil
}

func (r *Route) readGateway(o object.Object) error {
	ref := object.RefOf(o)
	var spec gatewaySpec
	if err := object.Decode(object.Map(o, "spec"), &spec); err != nil {
		return fmt.Errorf("%s: %w", ref, err)
	}
	r.Server = &Server{Name: ref.Name, Selector: spec.Selector}
	if len(spec.Servers) > 0 {
		first := spec.Servers[0]
		r.Server.Port, r.Server.Protocol, r.Server.TLS = first.Port.Number, first.Port.Protocol, first.TLS
	}
	var others []string
	for _, name := range r.Gateways {
		if name != ref.Name {
			others = append(others, name)
		}
	}
	r.Gateways = others
	return nil
}
