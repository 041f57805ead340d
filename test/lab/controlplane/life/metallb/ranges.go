// Package metallb knows what MetalLB's controller does to a cluster from outside: it refuses pools that make no sense, gives addresses to
// Services and takes them back, and says so in events, in the words of MetalLB v0.16 (metallb:controller, metallb:internal/{config,allocator}).
package metallb

import (
	"fmt"
	"net/netip"
	"strings"
)

// addressRange is a range of addresses, first and last included.
type addressRange struct{ first, last netip.Addr }

func (r addressRange) contains(address netip.Addr) bool {
	return address.Is4() == r.first.Is4() && !address.Less(r.first) && !r.last.Less(address)
}

// parseRange reads "192.0.2.0/24" or "192.0.2.1-192.0.2.9" (metallb:internal/config/config.go ParseCIDR).
func parseRange(text string) (addressRange, error) {
	if !strings.Contains(text, "-") {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return addressRange{}, fmt.Errorf("invalid CIDR %q", text)
		}
		return addressRange{first: prefix.Masked().Addr(), last: lastOf(prefix)}, nil
	}
	from, to, _ := strings.Cut(text, "-")
	first, err := netip.ParseAddr(strings.TrimSpace(from))
	if err != nil {
		return addressRange{}, fmt.Errorf("invalid IP range %q: invalid start IP %q", text, from)
	}
	last, err := netip.ParseAddr(strings.TrimSpace(to))
	if err != nil {
		return addressRange{}, fmt.Errorf("invalid IP range %q: invalid end IP %q", text, to)
	}
	if last.Less(first) {
		return addressRange{}, fmt.Errorf("invalid IP range %q: start IP %q is after the end IP %q", text, first, last)
	}
	return addressRange{first: first, last: last}, nil
}

func lastOf(prefix netip.Prefix) netip.Addr {
	bytes := prefix.Masked().Addr().AsSlice()
	for bit := prefix.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}

// cidrs splits a range into the fewest prefixes, which is the form in which MetalLB compares pools and names them in its refusals.
func (r addressRange) cidrs() []netip.Prefix {
	var prefixes []netip.Prefix
	for at := r.first; ; {
		prefix := largestFrom(at, r.last)
		prefixes = append(prefixes, prefix)
		end := lastOf(prefix)
		if !end.Less(r.last) {
			return prefixes
		}
		at = end.Next()
	}
}

func largestFrom(at, last netip.Addr) netip.Prefix {
	best := netip.PrefixFrom(at, at.BitLen())
	for bits := at.BitLen() - 1; bits >= 0; bits-- {
		wider := netip.PrefixFrom(at, bits)
		if wider.Masked().Addr() != at || last.Less(lastOf(wider)) {
			return best
		}
		best = wider
	}
	return best
}
