package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/istio"
	"github.com/dxlab/terraform-provider-lab/internal/metallb"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

var (
	_ liveReader = (*metalLBPoolModel)(nil)
	_ liveReader = (*istioRouteModel)(nil)
)

// liveRefs names the pool and the advertisement that carries its name, which is the one that this resource makes.
func (m *metalLBPoolModel) liveRefs() []object.Ref {
	return metallb.Pool{
		Name: m.Name.ValueString(), Namespace: m.Namespace.ValueString(),
		L2: &metallb.L2Advertisement{}, BGP: &metallb.BGPAdvertisement{},
	}.Refs()
}

func (m *metalLBPoolModel) readLive(_ context.Context, objects []object.Object, diags *diag.Diagnostics) {
	p, err := metallb.ReadPool(objects...)
	if err != nil {
		diags.AddError("Importing "+metalLBPoolType+" failed", sentence(err.Error()))
		return
	}
	m.Addresses = listOf(p.Addresses)
	m.AutoAssign = types.BoolValue(p.AutoAssign == nil || *p.AutoAssign)
	m.AvoidBuggyIPs = types.BoolValue(p.AvoidBuggyIPs)
	if p.L2 != nil && (len(p.L2.Interfaces) > 0 || p.BGP != nil) {
		m.L2 = &l2AdvertisementModel{Interfaces: listOf(p.L2.Interfaces)}
	}
	if b := p.BGP; b != nil {
		m.BGP = &bgpAdvertisementModel{
			AggregationLength: types.Int32PointerValue(unlessZero(b.AggregationLength)), LocalPref: types.Int64PointerValue(unlessZero(b.LocalPref)),
			Communities: listOf(b.Communities), Peers: listOf(b.Peers),
		}
	}
	if a := p.Allocation; a != nil {
		m.Allocation = &serviceAllocationModel{Priority: types.Int64PointerValue(unlessZero(a.Priority)), Namespaces: listOf(a.Namespaces)}
	}
}

func (m *istioRouteModel) liveRefs() []object.Ref {
	m.APIVersion = types.StringValue(istio.AnyNetworkingAPI)
	route := istio.Route{Name: m.Name.ValueString(), Namespace: m.Namespace.ValueString(), APIVersion: istio.AnyNetworkingAPI}
	route.Server = &istio.Server{}
	return route.Refs()
}

func (m *istioRouteModel) readLive(_ context.Context, objects []object.Object, diags *diag.Diagnostics) {
	route, err := istio.ReadRoute(objects...)
	if err != nil {
		diags.AddError("Importing "+istioRouteType+" failed", sentence(err.Error()))
		return
	}
	m.Hosts, m.Gateways = listOf(route.Hosts), listOf(route.Gateways)
	if s := route.Server; s != nil {
		m.Server = readServer(*s)
	}
	for _, rule := range route.Rules {
		m.Rules = append(m.Rules, readRule(rule))
	}
}

func readServer(s istio.Server) *routeServerModel {
	m := &routeServerModel{
		Name: nullIfEmpty(s.Name), Selector: types.MapNull(types.StringType),
		Port: types.Int32PointerValue(unlessZero(s.Port)), Protocol: nullIfEmpty(s.Protocol),
	}
	if len(s.Selector) > 0 {
		m.Selector = objectsMap(s.Selector)
	}
	if t := s.TLS; t != nil {
		m.TLSMode, m.CredentialName = nullIfEmpty(t.Mode), nullIfEmpty(t.CredentialName)
		m.HTTPSRedirect = types.BoolValue(t.HTTPSRedirect)
	}
	return m
}

func readRule(r istio.Rule) routeRuleModel {
	m := routeRuleModel{Timeout: nullIfEmpty(r.Timeout)}
	if r.Rewrite != nil {
		m.RewriteURI = nullIfEmpty(r.Rewrite.URI)
	}
	for _, match := range r.Matches {
		var out routeMatchModel
		if u := match.URI; u != nil {
			out.Exact, out.Prefix, out.Regex = nullIfEmpty(u.Exact), nullIfEmpty(u.Prefix), nullIfEmpty(u.Regex)
		}
		if match.Method != nil {
			out.Method = nullIfEmpty(match.Method.Exact)
		}
		m.Matches = append(m.Matches, out)
	}
	for _, d := range r.Destinations {
		m.Destinations = append(m.Destinations, routeDestinationModel{
			Host: types.StringValue(d.Host), Port: types.Int32PointerValue(unlessZero(d.Port)),
			Subset: nullIfEmpty(d.Subset), Weight: types.Int32PointerValue(unlessZero(d.Weight)),
		})
	}
	return m
}

// listOf makes a list of texts; none make null, as a configuration that leaves the attribute out does.
func listOf(texts []string) types.List {
	if len(texts) == 0 {
		return types.ListNull(types.StringType)
	}
	return everyOf(texts)
}

func unlessZero[N int32 | int64](n N) *N {
	if n == 0 {
		return nil
	}
	return &n
}
