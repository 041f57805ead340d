package balancer

import (
	"context"
	"io"
	"net"
	"sync"
)

// Serve passes connections on to the given port of the servers until ctx ends.
func (b *Balancer) Serve(ctx context.Context, listener net.Listener, port string) {
	dial := b.Dialer(port)
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		go pass(ctx, client, dial)
	}
}

func pass(ctx context.Context, client net.Conn, dial func(ctx context.Context, network, addr string) (net.Conn, error)) {
	defer func() { _ = client.Close() }()
	server, err := dial(ctx, "tcp", "")
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	stop := context.AfterFunc(ctx, func() { _, _ = client.Close(), server.Close() })
	defer stop()
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		both.Go(func() {
			_, _ = io.Copy(way[1], way[0])
			// one side has said all: the other one's answer may still come
			if half, ok := way[1].(interface{ CloseWrite() error }); ok {
				_ = half.CloseWrite()
			}
		})
	}
	both.Wait()
}
