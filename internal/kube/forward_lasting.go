package kube

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// reopenLimit is how long a connection to a lasting port waits for a lost forwarding to be opened again.
const reopenLimit = 30 * time.Second

// LastingForward is a local port that leads into the cluster until Close. When the pod behind it goes away or the connection to the
// API server is lost, connections that are open end, and the next one opens the forwarding again, to whichever pod is ready then.
// So it serves clients that know nothing of Kubernetes, such as other providers.
type LastingForward struct {
	// Addr is the local address: "127.0.0.1:41234".
	Addr string

	behind   *reopened
	listener net.Listener
	stop     context.CancelFunc
	serving  sync.WaitGroup
}

// LastingForward opens a local port on the loopback address that leads to a port of a Pod or a Service until it is closed. ctx
// bounds the opening alone. It fails as PortForward does.
func (c *Client) LastingForward(ctx context.Context, o ForwardOptions) (*LastingForward, error) {
	behind := &reopened{client: c, options: o}
	if _, err := behind.open(ctx); err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening a local port: %w", err), behind.Close())
	}
	living, stop := context.WithCancel(context.WithoutCancel(ctx))
	f := &LastingForward{Addr: listener.Addr().String(), behind: behind, listener: listener, stop: stop}
	f.serving.Go(func() { f.accept(living) })
	return f, nil
}

// Close ends the forwarding with all its connections and waits until the local port is free.
func (f *LastingForward) Close() error {
	f.stop()
	err := f.listener.Close()
	f.serving.Wait()
	return errors.Join(err, f.behind.Close())
}

func (f *LastingForward) accept(ctx context.Context) {
	for {
		conn, err := f.listener.Accept()
		if err != nil {
			return
		}
		f.serving.Go(func() { f.serve(ctx, conn) })
	}
}

// serve joins a connection with one through the forwarding. One that cannot be made closes it, which is what a client of a port
// whose pod is gone sees anyway.
func (f *LastingForward) serve(ctx context.Context, near net.Conn) {
	far, err := f.dial(ctx)
	if err != nil {
		f.behind.client.log.Warn("a forwarded port could not be opened again", "port", f.behind.options.Port, "of", f.behind.options.Ref.String(), "err", err)
		_ = near.Close()
		return
	}
	end := sync.OnceFunc(func() { _ = errors.Join(near.Close(), far.Close()) }) // either may be closed by its peer already
	defer end()
	defer context.AfterFunc(ctx, end)()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(far, near) // how it ended is seen by both ends
		end()
	}()
	_, _ = io.Copy(near, far)
	end()
	<-done
}

func (f *LastingForward) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, reopenLimit)
	defer cancel()
	return f.behind.dial(ctx, "tcp")
}
