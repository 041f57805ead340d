// Package forward knows how to make addresses inside a lab reachable from outside, by copying bytes between two TCP connections.
package forward

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"
)

// Dial connects to a TCP address.
type Dial func(ctx context.Context, address string) (net.Conn, error)

// Route is a listener whose connections go on to Target.
type Route struct {
	Listener net.Listener
	Target   string
	Dial     Dial
	Logger   *slog.Logger
}

// connectTimeout is how long a target may take to answer; a host that is off never does.
const connectTimeout = 10 * time.Second

// Serve forwards connections until ctx ends; then it closes the listener and all connections.
func (r Route) Serve(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	stop := context.AfterFunc(ctx, func() { _ = r.Listener.Close() })
	defer stop()
	for {
		conn, err := r.Listener.Accept()
		if err != nil {
			if ctx.Err() == nil && !errors.Is(err, net.ErrClosed) {
				r.Logger.Error("forwarder stopped", "target", r.Target, "error", err)
			}
			return
		}
		running.Go(func() { r.forward(ctx, conn) })
	}
}

func (r Route) forward(ctx context.Context, outside net.Conn) {
	defer func() { _ = outside.Close() }()
	dialing, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	inside, err := r.Dial(dialing, r.Target)
	if err != nil {
		r.Logger.Debug("target does not answer", "target", r.Target, "error", err)
		// a reset is as near as it gets to the refused connection that the client would have seen
		if tcp, ok := outside.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		return
	}
	defer func() { _ = inside.Close() }()
	stop := context.AfterFunc(ctx, func() { _, _ = outside.Close(), inside.Close() })
	defer stop()
	var both sync.WaitGroup
	both.Go(func() { pass(inside, outside) })
	both.Go(func() { pass(outside, inside) })
	both.Wait()
}

// pass copies one direction and passes its end on, so that a connection closed in one direction stays open in the other.
func pass(to, from net.Conn) {
	_, err := io.Copy(to, from)
	half, ok := to.(interface{ CloseWrite() error })
	if err != nil || !ok {
		_, _ = to.Close(), from.Close()
		return
	}
	_ = half.CloseWrite()
}
