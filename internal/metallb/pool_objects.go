package metallb

import (
	"fmt"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// The specs of metallb.io/v1beta1, fields that we write (metallb:api/v1beta1/*.go@v0.16.1; all are in v0.13.9 too).

type poolSpec struct {
	Addresses     []string    `json:"addresses"`
	AutoAssign    *bool       `json:"autoAssign,omitempty"`
	AvoidBuggyIPs bool        `json:"avoidBuggyIPs,omitempty"`
	Allocation    *Allocation `json:"serviceAllocation,omitempty"`
}

type l2Spec struct {
	Pools         []string   `json:"ipAddressPools"`
	Interfaces    []string   `json:"interfaces,omitempty"`
	NodeSelectors []Selector `json:"nodeSelectors,omitempty"`
}

type bgpSpec struct {
	Pools               []string   `json:"ipAddressPools"`
	AggregationLength   int32      `json:"aggregationLength,omitempty"`
	AggregationLengthV6 int32      `json:"aggregationLengthV6,omitempty"`
	LocalPref           int64      `json:"localPref,omitempty"`
	Communities         []string   `json:"communities,omitempty"`
	Peers               []string   `json:"peers,omitempty"`
	NodeSelectors       []Selector `json:"nodeSelectors,omitempty"`
}

const (
	kindPool = "IPAddressPool"
	kindL2   = "L2Advertisement"
	kindBGP  = "BGPAdvertisement"
)

// Refs names the objects of the pool, in the order in which they are applied.
func (p Pool) Refs() []object.Ref {
	refs := []object.Ref{p.ref(kindPool, p.Name)}
	if p.L2 != nil {
		refs = append(refs, p.ref(kindL2, p.L2.Name))
	}
	if p.BGP != nil {
		refs = append(refs, p.ref(kindBGP, p.BGP.Name))
	}
	return refs
}

func (p Pool) ref(kind, name string) object.Ref {
	namespace := p.Namespace
	if namespace == "" {
		namespace = DefaultNamespace
	}
	if name == "" {
		name = p.Name
	}
	return object.Ref{APIVersion: v1beta1, Kind: kind, Namespace: namespace, Name: name}
}

func (p Pool) objects() ([]object.Object, error) {
	specs := []any{poolSpec{p.Addresses, p.AutoAssign, p.AvoidBuggyIPs, p.Allocation}}
	if l2 := p.L2; l2 != nil {
		specs = append(specs, l2Spec{[]string{p.Name}, l2.Interfaces, l2.NodeSelectors})
	}
	if bgp := p.BGP; bgp != nil {
		specs = append(specs, bgpSpec{
			[]string{p.Name},
			bgp.AggregationLength, bgp.AggregationLengthV6,
			bgp.LocalPref, bgp.Communities, bgp.Peers, bgp.NodeSelectors,
		})
	}
	return object.WithSpecs(p.Refs(), specs)
}

// ReadPool is the inverse of [Pool.Component]: it reads a pool from its objects, desired or live, in any order. Names
// and namespaces read as they are on the cluster, never as empty; so do the defaults that MetalLB's CRDs fill in
// (autoAssign true, aggregation lengths 32 and 128). An IPAddressPool must be among the objects.
func ReadPool(objects ...object.Object) (Pool, error) {
	var p Pool
	for _, o := range objects {
		ref := object.RefOf(o)
		if ref.Kind == kindPool {
			var spec poolSpec
			if err := object.Decode(object.Map(o, "spec"), &spec); err != nil {
				return Pool{}, fmt.Errorf("%s: %w", ref, err)
			}
			p.Name, p.Namespace = ref.Name, ref.Namespace
			p.Addresses, p.AutoAssign, p.AvoidBuggyIPs, p.Allocation = spec.Addresses, spec.AutoAssign, spec.AvoidBuggyIPs, spec.Allocation
		}
	}
	if p.Name == "" {
		return Pool{}, fmt.Errorf("reading a pool: no %s among the objects", kindPool)
	}
	for _, o := range objects {
		if err := p.readAdvertisement(o); err != nil {
			return Pool{}, err
		}
	}
	return p, nil
}

func (p *Pool) readAdvertisement(o object.Object) error {
	ref := object.RefOf(o)
	switch ref.Kind {
	case kindL2:
		var spec l2Spec
		if err := object.Decode(object.Map(o, "spec"), &spec); err != nil {
			return fmt.Errorf("%s: %w", ref, err)
		}
		p.L2 = &L2Advertisement{Name: ref.Name, Interfaces: spec.Interfaces, NodeSelectors: spec.NodeSelectors}
	case kindBGP:
		var spec bgpSpec
		if err := object.Decode(object.Map(o, "spec"), &spec); err != nil {
			return fmt.Errorf("%s: %w", ref, err)
		}
		p.BGP = &BGPAdvertisement{
			Name: ref.Name, AggregationLength: spec.AggregationLength, AggregationLengthV6: spec.AggregationLengthV6,
			LocalPref: spec.LocalPref, Communities: spec.Communities, Peers: spec.Peers, NodeSelectors: spec.NodeSelectors,
		}
	}
	return nil
}
