package capture

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// The expressions below are what `nft` makes of the words in their comments. All compare in register 1.

const register = 1

func compare(data []byte) *expr.Cmp {
	return &expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: data}
}

// not turns the last comparison of an expression round.
func not(part []expr.Any) []expr.Any {
	turned := slices.Clone(part)
	if last, ok := turned[len(turned)-1].(*expr.Cmp); ok {
		turned[len(turned)-1] = &expr.Cmp{Op: expr.CmpOpNeq, Register: last.Register, Data: last.Data}
	}
	return turned
}

// toPort: tcp dport PORT.
func toPort(port uint16) []expr.Any {
	const offset, length = 2, 2 // of the destination's port in TCP's header
	return append(tcp(), &expr.Payload{DestRegister: register, Base: expr.PayloadBaseTransportHeader, Offset: offset, Len: length},
		compare(binaryutil.BigEndian.PutUint16(port)))
}

// tcp: meta l4proto tcp.
func tcp() []expr.Any {
	return []expr.Any{&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: register}, compare([]byte{unix.IPPROTO_TCP})}
}

// overLoopback: oifname lo.
func overLoopback() []expr.Any {
	name := make([]byte, unix.IFNAMSIZ)
	copy(name, "lo")
	return []expr.Any{&expr.Meta{Key: expr.MetaKeyOIFNAME, Register: register}, compare(name)}
}

// user: skuid ID.
func user(id uint32) []expr.Any { return owner(expr.MetaKeySKUID, id) }

// group: skgid ID.
func group(id uint32) []expr.Any { return owner(expr.MetaKeySKGID, id) }

func owner(key expr.MetaKey, id uint32) []expr.Any {
	return []expr.Any{&expr.Meta{Key: key, Register: register}, compare(binaryutil.NativeEndian.PutUint32(id))}
}

// Where the addresses are in IPv4's header.
const (
	sourceOffset      = 12
	destinationOffset = 16
	addressLength     = 4
)

// from: ip saddr RANGE.
func from(prefix string) []expr.Any { return address(sourceOffset, netip.MustParsePrefix(prefix)) }

// to: ip daddr RANGE.
func to(prefix string) []expr.Any { return address(destinationOffset, netip.MustParsePrefix(prefix)) }

func address(offset uint32, prefix netip.Prefix) []expr.Any {
	mask := make([]byte, addressLength)
	binary.BigEndian.PutUint32(mask, ^uint32(0)<<(32-prefix.Bits()))
	start := prefix.Masked().Addr().As4()
	return []expr.Any{
		&expr.Payload{DestRegister: register, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: addressLength},
		&expr.Bitwise{SourceRegister: register, DestRegister: register, Len: addressLength, Mask: mask, Xor: make([]byte, addressLength)},
		compare(start[:]),
	}
}

// leave: return.
func leave() []expr.Any { return []expr.Any{&expr.Verdict{Kind: expr.VerdictReturn}} }

// redirect: meta l4proto tcp redirect to :PORT.
func redirect(port uint16) []expr.Any {
	return append(tcp(), &expr.Immediate{Register: register, Data: binaryutil.BigEndian.PutUint16(port)}, &expr.Redir{RegisterProtoMin: register})
}
