package forward

import (
	"crypto/sha256"
	"net/netip"
)

// Block returns the loopback network 127.A.B.0/24 of a lab, by the path of its folder: the same lab gets the same addresses each
// time. When another lab has it, the next attempt gives another one.
func Block(path string, attempt int) netip.Prefix {
	sum := sha256.Sum256(append([]byte(path), byte(attempt)))
	// 127.0 and 127.1 are used by resolvers and by people, 127.255 by its broadcast address
	a := 2 + int(sum[0])%253
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{127, byte(a), sum[1], 0}), 24)
}

// In returns the address of the block that ends in n.
func In(block netip.Prefix, n int) netip.Addr {
	bytes := block.Addr().As4()
	bytes[3] = byte(n)
	return netip.AddrFrom4(bytes)
}
