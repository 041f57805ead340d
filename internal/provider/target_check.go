package provider

import (
	"context"
	"net"
	"net/netip"
	"net/url"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/metallb"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/reach"
)

// checkTarget refuses to send traffic to an address that is not the cluster's own: one of its nodes, of its load
// balancers, or of its address pools. Names are resolved where Terraform runs; pinned holds what they were found to be,
// so that nobody has to be asked twice.
func checkTarget(ctx context.Context, engine Engine, ref reach.Reference, address string) (pinned map[string]string, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return nil, fault.Newf(fault.Invalid, "%q is no URL", address)
	}
	name := u.Hostname()
	if name == ref.Host || name == ref.Address {
		return nil, nil
	}
	own, err := lookUpOwn(ctx, engine)
	if err != nil {
		return nil, err
	}
	if own.names[name] {
		return nil, nil
	}
	const next = "use the gateway's or ingress controller's address and set host, or set allow_external = true if the target is meant"
	targets, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	if err != nil || len(targets) == 0 {
		return nil, fault.New(fault.Invalid, &unresolved{name: name, next: next})
	}
	for _, ip := range targets {
		if !own.has(ip.Unmap()) {
			return nil, fault.Newf(fault.Invalid, "target %s (%s) is neither a node nor a load balancer nor in an address pool of the cluster; %s", name, ip.Unmap(), next)
		}
	}
	return map[string]string{name: targets[0].Unmap().String()}, nil
}

// unresolved is a target whose name has no address here.
type unresolved struct{ name, next string }

func (u *unresolved) Error() string {
	return "target " + u.name + " does not resolve here, so that it cannot be told whether it belongs to the lab; " + u.next
}

// ownPlaces are where a cluster may be sent traffic to.
type ownPlaces struct {
	addresses map[netip.Addr]bool
	names     map[string]bool
	pools     []metallb.Range
}

func (o ownPlaces) has(ip netip.Addr) bool { return o.addresses[ip] || inPools(o.pools, ip) }

// lookUpOwn finds the addresses of nodes and load balancers (some have names instead), and the ranges of MetalLB's pools.
func lookUpOwn(ctx context.Context, engine Engine) (ownPlaces, error) {
	own := ownPlaces{addresses: map[netip.Addr]bool{}, names: map[string]bool{}}
	note := func(text string) {
		if ip, err := netip.ParseAddr(text); err == nil {
			own.addresses[ip.Unmap()] = true
		} else if text != "" {
			own.names[text] = true
		}
	}
	nodes, err := engine.Nodes(ctx)
	if err != nil {
		return own, err
	}
	for _, n := range nodes {
		note(n.Address)
	}
	services, err := engine.List(ctx, cluster.ListOptions{APIVersion: "v1", Kind: "Service"})
	if err != nil {
		return own, err
	}
	for _, s := range services {
		for _, at := range object.List(s, "status", "loadBalancer", "ingress") {
			if m, ok := at.(map[string]any); ok {
				note(object.String(m, "ip"))
				note(object.String(m, "hostname"))
			}
		}
	}
	own.pools, err = poolRanges(ctx, engine)
	return own, err
}

// poolRanges are the ranges of MetalLB's pools. A pool that cannot be read has no address of ours.
func poolRanges(ctx context.Context, engine Engine) ([]metallb.Range, error) {
	live, err := engine.List(ctx, cluster.ListOptions{APIVersion: "metallb.io/v1beta1", Kind: "IPAddressPool"})
	if err != nil {
		return nil, err
	}
	var pools []metallb.Range
	for _, p := range live {
		for _, a := range object.List(p, "spec", "addresses") {
			text, _ := a.(string)
			if r, err := metallb.ParseRange(text); err == nil {
				pools = append(pools, r)
			}
		}
	}
	return pools, nil
}

func inPools(pools []metallb.Range, ip netip.Addr) bool {
	for _, p := range pools {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}
