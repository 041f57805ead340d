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
// balancers, or of its address pools. Names are resolved where Terraform runs.
func checkTarget(ctx context.Context, engine Engine, ref reach.Reference, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return fault.Newf(fault.Invalid, "%q is no URL: %w", address, err)
	}
	name := u.Hostname()
	if name == ref.Host || name == ref.Address {
		return nil
	}
	own, pools, err := ownAddresses(ctx, engine)
	if err != nil {
		return err
	}
	const next = "use the gateway's or ingress controller's address and set host, or set allow_external = true if the target is meant"
	targets, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return fault.Newf(fault.Invalid, "%s does not resolve here, so that it cannot be told whether it belongs to the lab; %s", name, next)
	}
	for _, ip := range targets {
		if !own[ip.Unmap()] && !inPools(pools, ip.Unmap()) {
			return fault.Newf(fault.Invalid, "%s (%s) is neither a node nor a load balancer nor in an address pool of the cluster; %s", name, ip.Unmap(), next)
		}
	}
	return nil
}

// ownAddresses are the addresses of nodes and load balancers, and the ranges of MetalLB's pools.
func ownAddresses(ctx context.Context, engine Engine) (map[netip.Addr]bool, []metallb.Range, error) {
	own := map[netip.Addr]bool{}
	note := func(text string) {
		if ip, err := netip.ParseAddr(text); err == nil {
			own[ip.Unmap()] = true
		}
	}
	nodes, err := engine.Nodes(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, n := range nodes {
		note(n.Address)
	}
	services, err := engine.List(ctx, cluster.ListOptions{APIVersion: "v1", Kind: "Service"})
	if err != nil {
		return nil, nil, err
	}
	for _, s := range services {
		for _, at := range object.List(s, "status", "loadBalancer", "ingress") {
			if m, ok := at.(map[string]any); ok {
				note(object.String(m, "ip"))
			}
		}
	}
	pools, err := poolRanges(ctx, engine)
	return own, pools, err
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
