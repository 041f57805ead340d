package server

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// shareport sets what the API server's --permit-port-sharing and etcd's --socket-reuse-port set.
func shareport(_, _ string, conn syscall.RawConn) error {
	var option error
	err := conn.Control(func(fd uintptr) { option = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
	return errors.Join(err, option)
}
