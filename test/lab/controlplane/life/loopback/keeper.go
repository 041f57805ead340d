// Package loopback knows how the addresses of load balancers come to be answered on a node: they are its own, on its loopback interface, so
// that it answers ARP for them in its network, and kube-proxy leads what arrives to the pods. It is what a speaker of MetalLB achieves.
package loopback

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
	corev1 "k8s.io/api/core/v1"
)

// Label marks the addresses that are a Keeper's, also for whoever has to clean up behind a process that was killed.
const Label = "lo:lab"

// Services lists the cluster's Services.
type Services interface {
	Services() []*corev1.Service
}

// Keeper keeps the addresses of load balancers on the node that it runs on.
type Keeper struct {
	View Services
	// ends is set by the first Sync, whose context says how long addresses are kept.
	ends bool
}

// Sync puts addresses of Services on the loopback interface, and takes away those that no Service has any more. With ctx all of them go.
func (k *Keeper) Sync(ctx context.Context) (time.Duration, error) {
	if !k.ends {
		k.ends = true
		context.AfterFunc(ctx, func() { _ = keep(nil) })
	}
	return 0, keep(wanted(k.View.Services()))
}

// wanted are the IPv4 addresses that Services have.
func wanted(services []*corev1.Service) map[netip.Addr]bool {
	addresses := map[netip.Addr]bool{}
	for _, service := range services {
		if service.Spec.Type != corev1.ServiceTypeLoadBalancer {
			continue
		}
		for _, ingress := range service.Status.LoadBalancer.Ingress {
			if address, err := netip.ParseAddr(ingress.IP); err == nil && address.Is4() && !address.IsLoopback() {
				addresses[address] = true
			}
		}
	}
	return addresses
}

// keep makes the interface's labelled addresses the wanted ones. Others, and those that another interface has, it leaves alone.
func keep(wanted map[netip.Addr]bool) error {
	link, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("looking for the loopback interface: %w", err)
	}
	present, err := netlink.AddrList(nil, netlink.FAMILY_V4)
	if err != nil {
		return fmt.Errorf("listing addresses: %w", err)
	}
	var errs []error
	have := map[netip.Addr]bool{}
	for i := range present {
		address, ok := netip.AddrFromSlice(present[i].IP.To4())
		switch {
		case !ok:
		case present[i].Label != Label || wanted[address]:
			have[address] = true
		default:
			if err := netlink.AddrDel(link, &present[i]); err != nil {
				errs = append(errs, fmt.Errorf("taking %s from the node: %w", address, err))
			}
		}
	}
	for address := range wanted {
		if have[address] {
			continue
		}
		own := &netlink.Addr{IPNet: &net.IPNet{IP: address.AsSlice(), Mask: net.CIDRMask(32, 32)}, Label: Label}
		if err := netlink.AddrAdd(link, own); err != nil {
			errs = append(errs, fmt.Errorf("giving %s to the node: %w", address, err))
		}
	}
	return errors.Join(errs...)
}
