package host

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// DialContext opens a connection from the host to addr, over its SSH connection. network is "tcp", "tcp4", "tcp6" or
// "unix". The error is of kind fault.Denied where sshd forbids forwarding, and fault.Unreachable when the host cannot
// connect there or cannot be reached itself.
func (h *Host) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	title := "dial " + addr + " from"
	for first := true; ; first = false {
		l, err := h.link(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", title, h, err)
		}
		conn, err := l.dial(ctx, network, addr)
		if err == nil {
			l.stats.dials.Add(1)
			return newForwarded(conn), nil
		}
		if err = forwardFault(err); first && ctx.Err() == nil && l.goneSoon() {
			continue
		}
		return nil, fmt.Errorf("%s %s: %w", title, h, err)
	}
}

const linger = 5 * time.Second

// forwarded is a channel with deadlines, which SSH channels lack and TLS and HTTP clients rely on: a pipe in memory has
// them, and two copies connect it to the channel.
type forwarded struct {
	net.Conn
	channel net.Conn
	once    sync.Once
}

func newForwarded(channel net.Conn) net.Conn {
	near, far := net.Pipe()
	f := &forwarded{Conn: near, channel: channel}
	go func() {
		_, _ = io.Copy(far, channel) // the reader sees the end, however it came
		_ = far.Close()
		_ = channel.Close()
	}()
	go func() {
		_, _ = io.Copy(channel, far) // the writer sees a closed pipe
		_ = far.Close()
		_ = channel.Close()
	}()
	return f
}

// Close ends the connection. What was written before still goes out; a peer that does not take it has linger to do so.
func (f *forwarded) Close() error {
	err := f.Conn.Close()
	f.once.Do(func() { time.AfterFunc(linger, func() { _ = f.channel.Close() }) })
	return err
}

// LocalAddr is the channel's.
func (f *forwarded) LocalAddr() net.Addr { return f.channel.LocalAddr() }

// RemoteAddr is the channel's.
func (f *forwarded) RemoteAddr() net.Addr { return f.channel.RemoteAddr() }
