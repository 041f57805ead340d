package metallb

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// Request is what a Service of type LoadBalancer asks MetalLB for. The zero value asks for nothing.
type Request struct {
	// Addresses are the wanted addresses: one, or one of each family for a dual-stack Service.
	Addresses []string
	// Pool is the IPAddressPool to take an address from.
	Pool string
	// SharingKey lets Services with the same key share an address.
	SharingKey string
}

// Prefix returns the prefix of the annotations that a MetalLB version reads. Until 0.14.8 it is metallb.universe.tf;
// from 0.14.9 it is metallb.io and the old prefix still works (metallb:controller/service.go@v0.16.1 lines 33-45).
func Prefix(version versions.Version) string {
	if version.AtLeast(0, 14, 9) {
		return "metallb.io"
	}
	return "metallb.universe.tf"
}

// AddressAnnotation is the key by which a Service asks for its addresses. MetalLB refuses a Service that has both this
// annotation and spec.loadBalancerIP (metallb:controller/service.go@v0.16.1, getDesiredLbIPs).
func AddressAnnotation(version versions.Version) string { return Prefix(version) + "/loadBalancerIPs" }

// Annotations returns the annotations for the request in the words of a MetalLB version. An address that cannot be
// read is [fault.Invalid].
func (r Request) Annotations(version versions.Version) (map[string]string, error) {
	prefix := Prefix(version)
	out := map[string]string{}
	for _, address := range r.Addresses {
		if _, err := netip.ParseAddr(address); err != nil {
			return nil, fault.New(fault.Invalid, fmt.Errorf("wanted address: %w", err))
		}
	}
	if len(r.Addresses) > 0 {
		out[AddressAnnotation(version)] = strings.Join(r.Addresses, ",")
	}
	if r.Pool != "" {
		out[prefix+"/address-pool"] = r.Pool
	}
	if r.SharingKey != "" {
		out[prefix+"/allow-shared-ip"] = r.SharingKey
	}
	return out, nil
}
