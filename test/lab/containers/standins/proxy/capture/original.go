package capture

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Original is where a captured connection was going to, as the kernel remembers it (SO_ORIGINAL_DST, linux/netfilter_ipv4.h). Of a
// connection that was not captured it is the local address.
func Original(conn *net.TCPConn) (netip.AddrPort, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("looking at a connection: %w", err)
	}
	var address unix.RawSockaddrInet4
	var errno unix.Errno
	err = raw.Control(func(fd uintptr) {
		size := uint32(unsafe.Sizeof(address))
		_, _, errno = unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_IP, unix.SO_ORIGINAL_DST,
			uintptr(unsafe.Pointer(&address)), uintptr(unsafe.Pointer(&size)), 0)
	})
	switch {
	case err != nil:
		return netip.AddrPort{}, fmt.Errorf("looking at a connection: %w", err)
	case errno == unix.ENOENT: // the connection passed no rule
		local, ok := conn.LocalAddr().(*net.TCPAddr)
		if !ok {
			return netip.AddrPort{}, fmt.Errorf("a connection at %s has no address", conn.LocalAddr())
		}
		port := local.AddrPort()
		return netip.AddrPortFrom(port.Addr().Unmap(), port.Port()), nil
	case errno != 0:
		return netip.AddrPort{}, fmt.Errorf("asking for the original destination: %w", errno)
	}
	// The port is in the network's order within a field of the machine's.
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&address.Port))[:])
	return netip.AddrPortFrom(netip.AddrFrom4(address.Addr), port), nil
}
