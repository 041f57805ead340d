package kube

import (
	"context"
	"net"
	"sync"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// reopened is a forwarding that is opened by its first use, and again by the next one after it was lost.
type reopened struct {
	client  *Client
	options ForwardOptions

	mu      sync.Mutex
	forward *Forward // nil before the first use
}

// dial returns a connection to what the forwarding leads to.
func (r *reopened) dial(ctx context.Context, network string) (net.Conn, error) {
	f, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, f.Addr)
	if err != nil {
		return nil, fault.Newf(fault.Unreachable, "dialing the forwarded port %s of %s: %w", r.options.Port, r.options.Ref, err)
	}
	return conn, nil
}

// open returns the forwarding that lasts. One that is being opened keeps others waiting, which would open the same one.
func (r *reopened) open(ctx context.Context) (*Forward, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.forward != nil {
		select {
		case <-r.forward.Done():
		default:
			return r.forward, nil
		}
	}
	f, err := r.client.PortForward(ctx, r.options)
	if err != nil {
		return nil, err
	}
	r.forward = f
	return f, nil
}

// Close ends the forwarding, if there is one.
func (r *reopened) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.forward == nil {
		return nil
	}
	return r.forward.Close()
}
