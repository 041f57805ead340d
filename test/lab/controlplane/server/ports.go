package server

import (
	"fmt"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// ports are the TCP ports of one server.
type ports struct {
	api, etcdClient, etcdPeer int
}

const (
	etcdClientPort = 2379
	etcdPeerPort   = 2380
)

func (o *Options) choosePorts() (ports, error) {
	if o.SecurePort != 0 {
		return ports{api: o.SecurePort, etcdClient: etcdClientPort, etcdPeer: etcdPeerPort}, nil
	}
	var p ports
	for _, port := range []*int{&p.api, &p.etcdClient, &p.etcdPeer} {
		free, err := reserve(o.BindAddress)
		if err != nil {
			return ports{}, err
		}
		*port = free
	}
	return p, nil
}

// reserve binds a free port without listening on it and keeps it for the life of the process. Whoever binds with SO_REUSEPORT, as the
// API server and etcd are told to, can still listen there; nobody else gets the port.
func reserve(address string) (int, error) {
	ip := net.ParseIP(address)
	family, socketAddress := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Addr: [16]byte(ip.To16())})
	if v4 := ip.To4(); v4 != nil {
		family, socketAddress = unix.AF_INET, &unix.SockaddrInet4{Addr: [4]byte(v4)}
	}
	socket, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("reserving a port: %w", err)
	}
	if err := unix.SetsockoptInt(socket, syscall.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		return 0, fmt.Errorf("reserving a port: %w", err)
	}
	if err := unix.Bind(socket, socketAddress); err != nil {
		return 0, fmt.Errorf("reserving a port on %s: %w", address, err)
	}
	bound, err := unix.Getsockname(socket)
	if err != nil {
		return 0, fmt.Errorf("reserving a port: %w", err)
	}
	switch a := bound.(type) {
	case *unix.SockaddrInet4:
		return a.Port, nil
	case *unix.SockaddrInet6:
		return a.Port, nil
	}
	return 0, fmt.Errorf("reserving a port: unexpected address %T", bound)
}
