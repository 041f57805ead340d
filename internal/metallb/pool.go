package metallb

import (
	"fmt"
	"net/netip"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Pool is a set of addresses and how they are announced: an IPAddressPool and, where asked for, the L2Advertisement
// and the BGPAdvertisement of this pool alone.
type Pool struct {
	// Name is the pool's name. Namespace is MetalLB's own; empty is [DefaultNamespace].
	Name, Namespace string
	// Addresses are the ranges, see [ParseRange].
	Addresses []string
	// AutoAssign gives addresses to Services that ask for none. Nil leaves it to MetalLB, which does.
	AutoAssign *bool
	// AvoidBuggyIPs keeps .0 and .255 back.
	AvoidBuggyIPs bool
	// Allocation limits the pool to some namespaces and Services. Nil serves all.
	Allocation *Allocation
	// L2 announces the pool by ARP and NDP; BGP announces it to the peers. With neither, the addresses are assigned
	// and nobody finds them, unless an advertisement made elsewhere selects the pool.
	L2  *L2Advertisement
	BGP *BGPAdvertisement
}

// Allocation is spec.serviceAllocation of an IPAddressPool.
type Allocation struct {
	// Priority decides between pools that fit; the lower number wins, zero is the lowest priority of all.
	Priority           int64      `json:"priority,omitempty"`
	Namespaces         []string   `json:"namespaces,omitempty"`
	NamespaceSelectors []Selector `json:"namespaceSelectors,omitempty"`
	ServiceSelectors   []Selector `json:"serviceSelectors,omitempty"`
}

// Selector is a label selector.
type Selector struct {
	MatchLabels      map[string]string `json:"matchLabels,omitempty"`
	MatchExpressions []Expression      `json:"matchExpressions,omitempty"`
}

// Expression is one requirement of a [Selector]. Operator is In, NotIn, Exists or DoesNotExist.
type Expression struct {
	Key      string   `json:"key"`
	Operator string   `json:"operator"`
	Values   []string `json:"values,omitempty"`
}

// L2Advertisement announces a pool on the local network. The zero value announces it from every node on every
// interface.
type L2Advertisement struct {
	// Name is the object's name; empty is the pool's.
	Name string
	// Interfaces limit the interfaces, NodeSelectors the nodes.
	Interfaces    []string
	NodeSelectors []Selector
}

// BGPAdvertisement announces a pool to BGP peers. The zero value announces every address by itself to every peer.
type BGPAdvertisement struct {
	// Name is the object's name; empty is the pool's.
	Name string
	// AggregationLength and AggregationLengthV6 are the prefix lengths to announce; zero is 32 and 128.
	AggregationLength, AggregationLengthV6 int32
	// LocalPref is the LOCAL_PREF of the announcement, for peers of the same AS.
	LocalPref int64
	// Communities are BGP communities, "65535:65282", or names of a Community object.
	Communities []string
	// Peers limit the BGPPeers, NodeSelectors the nodes.
	Peers         []string
	NodeSelectors []Selector
}

// Component builds the pool's objects. Malformed and overlapping ranges are [fault.Invalid].
func (p Pool) Component() (component.Component, error) {
	if _, err := p.Ranges(); err != nil {
		return component.Component{}, err
	}
	objects, err := p.objects()
	if err != nil {
		return component.Component{}, fmt.Errorf("pool %s: %w", p.Name, err)
	}
	c := component.Component{Name: "metallb pool " + p.Name, Objects: objects}
	for _, o := range objects {
		ref := object.RefOf(o)
		c.Requires = append(c.Requires, component.Requirement{APIVersion: ref.APIVersion, Kind: ref.Kind, BroughtBy: "lab_metallb"})
		c.Ready = append(c.Ready, component.Condition{Name: ref.String() + " exists", Ref: ref, Check: component.Check{Kind: component.Exists}})
	}
	return c, nil
}

// Ranges parses the pool's addresses. Ranges that overlap each other are [fault.Invalid], as they are to MetalLB's
// webhook.
func (p Pool) Ranges() ([]Range, error) {
	if len(p.Addresses) == 0 {
		return nil, fault.Newf(fault.Invalid, "pool %s has no addresses", p.Name)
	}
	ranges := make([]Range, 0, len(p.Addresses))
	for i, text := range p.Addresses {
		r, err := ParseRange(text)
		if err != nil {
			return nil, fmt.Errorf("pool %s: %w", p.Name, err)
		}
		for j, other := range ranges {
			if Overlap(r, other) {
				return nil, fault.Newf(fault.Invalid, "pool %s: %s overlaps %s", p.Name, p.Addresses[i], p.Addresses[j])
			}
		}
		ranges = append(ranges, r)
	}
	return ranges, nil
}

// Conflict reports, as [fault.Invalid], the first ranges of two pools that overlap. A pool whose addresses cannot be
// read conflicts with nothing.
func Conflict(a, b Pool) error {
	for _, textA := range a.Addresses {
		for _, textB := range b.Addresses {
			rangeA, errA := ParseRange(textA)
			rangeB, errB := ParseRange(textB)
			if errA == nil && errB == nil && Overlap(rangeA, rangeB) {
				return fault.Newf(fault.Invalid, "pool %s: %s overlaps %s of pool %s", a.Name, textA, textB, b.Name)
			}
		}
	}
	return nil
}

// Contains reports whether the pool can give out an address.
func (p Pool) Contains(address netip.Addr) bool {
	for _, text := range p.Addresses {
		if r, err := ParseRange(text); err == nil && r.Contains(address) {
			return true
		}
	}
	return false
}
