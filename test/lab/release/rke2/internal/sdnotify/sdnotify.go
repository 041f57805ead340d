// Package sdnotify knows how to tell systemd that a service of Type=notify is ready.
package sdnotify

import (
	"net"
	"os"
)

// Ready sends READY=1 and takes the socket out of the environment so that children do not inherit it. Without a socket it does
// nothing.
func Ready() error {
	socket := os.Getenv("NOTIFY_SOCKET")
	if socket == "" {
		return nil
	}
	if err := os.Unsetenv("NOTIFY_SOCKET"); err != nil {
		return err
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return err
	}
	if _, err := conn.Write([]byte("READY=1\n")); err != nil {
		_ = conn.Close()
		return err
	}
	return conn.Close()
}
