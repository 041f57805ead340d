package metallb_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/component/componenttest"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/metallb"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func pools() map[string]metallb.Pool {
	no := false
	return map[string]metallb.Pool{
		"pool-of-the-tutorial": {
			Name: "ip-pool", Namespace: "metallb-system", Addresses: []string{"10.34.124.115/32"},
			L2: &metallb.L2Advertisement{Name: "l2advertise"},
		},
		"pool-with-two-families": {
			Name: "dual", Namespace: "metallb-system", Addresses: []string{"10.0.0.10-10.0.0.20", "fc00::10-fc00::20"},
			AutoAssign: &no, AvoidBuggyIPs: true,
			L2: &metallb.L2Advertisement{Name: "dual", Interfaces: []string{"eth1"}, NodeSelectors: []metallb.Selector{
				{MatchLabels: map[string]string{"kubernetes.io/hostname": "node-1"}},
			}},
		},
		"pool-for-some-services": {
			Name: "reserved", Namespace: "lb", Addresses: []string{"10.0.1.0/28"},
			Allocation: &metallb.Allocation{
				Priority: 10, Namespaces: []string{"istio-system"},
				NamespaceSelectors: []metallb.Selector{{MatchLabels: map[string]string{"team": "edge"}}},
				ServiceSelectors: []metallb.Selector{{MatchExpressions: []metallb.Expression{
					{Key: "istio", Operator: "In", Values: []string{"ingressgateway"}},
				}}},
			},
			L2: &metallb.L2Advertisement{Name: "reserved"},
		},
		"pool-by-bgp": {
			Name: "routed", Namespace: "metallb-system", Addresses: []string{"10.0.2.0/24"},
			BGP: &metallb.BGPAdvertisement{
				Name: "routed", AggregationLength: 24, AggregationLengthV6: 64, LocalPref: 100,
				Communities: []string{"65535:65282"}, Peers: []string{"tor"},
				NodeSelectors: []metallb.Selector{{MatchLabels: map[string]string{"rack": "1"}}},
			},
		},
		"pool-that-nobody-announces": {Name: "quiet", Namespace: "metallb-system", Addresses: []string{"10.0.3.0/24"}},
	}
}

func TestPool_Golden(t *testing.T) {
	t.Parallel()
	for name, pool := range pools() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := pool.Component()
			if err != nil {
				t.Fatal(err)
			}
			componenttest.Golden(t, name, c)
		})
	}
}

func TestPool_RoundTrip(t *testing.T) {
	t.Parallel()
	for name, pool := range pools() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := pool.Component()
			if err != nil {
				t.Fatal(err)
			}
			back, err := metallb.ReadPool(c.Objects...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(pool, back); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPool_NamesItsObjectsAfterItself(t *testing.T) {
	t.Parallel()
	pool := metallb.Pool{Name: "p", Addresses: []string{"10.0.0.0/24"}, L2: &metallb.L2Advertisement{}, BGP: &metallb.BGPAdvertisement{}}
	var got []string
	for _, ref := range pool.Refs() {
		got = append(got, ref.String())
	}
	want := []string{"IPAddressPool metallb-system/p", "L2Advertisement metallb-system/p", "BGPAdvertisement metallb-system/p"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadPool_NeedsThePool(t *testing.T) {
	t.Parallel()
	if _, err := metallb.ReadPool(object.New(object.Ref{Kind: "L2Advertisement", Name: "a"})); err == nil {
		t.Error("an advertisement was read as a pool")
	}
}

func TestPool_RefusesBadAddresses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		addresses []string
		want      string
	}{
		"none":        {nil, "pool p has no addresses"},
		"malformed":   {[]string{"10.0.0.0/24", "10.0.1.0"}, `address range "10.0.1.0"`},
		"overlapping": {[]string{"10.0.0.0/24", "10.0.1.0/24", "10.0.0.200-10.0.0.210"}, "10.0.0.200-10.0.0.210 overlaps 10.0.0.0/24"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := metallb.Pool{Name: "p", Addresses: c.addresses}.Component()
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestConflict_RejectsOverlappingRanges(t *testing.T) {
	t.Parallel()
	a := metallb.Pool{Name: "a", Addresses: []string{"10.0.0.0/28", "10.0.1.0/28"}}
	b := metallb.Pool{Name: "b", Addresses: []string{"10.0.2.0/24", "10.0.1.8-10.0.1.9"}}
	err := metallb.Conflict(a, b)
	if !fault.Is(err, fault.Invalid) || err.Error() != "pool a: 10.0.1.0/28 overlaps 10.0.1.8-10.0.1.9 of pool b" {
		t.Errorf("got %v", err)
	}
	b.Addresses = []string{"10.0.2.0/24", "nonsense"}
	if err := metallb.Conflict(a, b); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestPool_Contains(t *testing.T) {
	t.Parallel()
	pool := metallb.Pool{Addresses: []string{"10.0.0.0/28", "fc00::/120"}}
	for address, want := range map[string]bool{"10.0.0.3": true, "10.0.0.16": false, "fc00::ff": true, "fc00::100": false} {
		if got := pool.Contains(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}
