package metallb

import (
	"net/netip"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// Range is a run of addresses of one family, both ends included.
type Range struct{ From, To netip.Addr }

// ParseRange reads "10.0.0.0/24", "10.0.0.10-10.0.0.20", "fc00::/120" or "fc00::1-fc00::f", with spaces around the
// dash allowed, as MetalLB does (metallb:internal/config/config.go@v0.16.1, ParseCIDR). Everything else is
// [fault.Invalid]; so is a range over two families, which MetalLB's own parser lets through.
func ParseRange(text string) (Range, error) {
	from, to, isRange := strings.Cut(text, "-")
	if !isRange {
		return parsePrefix(text)
	}
	first, err := parseAddr(from)
	if err != nil {
		return Range{}, invalidRange(text, "its start is not an address")
	}
	last, err := parseAddr(to)
	if err != nil {
		return Range{}, invalidRange(text, "its end is not an address")
	}
	if first.Is4() != last.Is4() {
		return Range{}, invalidRange(text, "it starts in one address family and ends in the other")
	}
	if last.Less(first) {
		return Range{}, invalidRange(text, "it ends before it starts")
	}
	return Range{first, last}, nil
}

// Overlap reports whether two ranges have an address in common.
func Overlap(a, b Range) bool {
	return a.From.Is4() == b.From.Is4() && !a.To.Less(b.From) && !b.To.Less(a.From)
}

// Contains reports whether an address is in the range.
func (r Range) Contains(address netip.Addr) bool {
	address = address.Unmap()
	return Overlap(r, Range{address, address})
}

// String returns the range in the form from-to.
func (r Range) String() string { return r.From.String() + "-" + r.To.String() }

func parsePrefix(text string) (Range, error) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return Range{}, invalidRange(text, "want a prefix such as 10.0.0.0/24 or a range such as 10.0.0.1-10.0.0.9")
	}
	if prefix.Addr().Is4In6() {
		return Range{}, invalidRange(text, "write an IPv4 prefix as IPv4")
	}
	prefix = prefix.Masked()
	return Range{prefix.Addr(), lastOf(prefix)}, nil
}

func parseAddr(text string) (netip.Addr, error) {
	address, err := netip.ParseAddr(strings.TrimSpace(text))
	if err != nil {
		return netip.Addr{}, err
	}
	if address.Zone() != "" {
		return netip.Addr{}, fault.Newf(fault.Invalid, "address %s has a zone", address)
	}
	return address.Unmap(), nil
}

// lastOf sets every bit behind the prefix.
func lastOf(prefix netip.Prefix) netip.Addr {
	raw := prefix.Addr().AsSlice()
	for bit := prefix.Bits(); bit < len(raw)*8; bit++ {
		raw[bit/8] |= 1 << (7 - bit%8)
	}
	last, _ := netip.AddrFromSlice(raw)
	return last
}

func invalidRange(text, why string) error {
	return fault.Newf(fault.Invalid, "address range %q: %s", text, why)
}
