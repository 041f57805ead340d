package reach

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
)

// Via says where a request goes out.
type Via string

// The ways.
const (
	// ViaLocal is the machine that Terraform runs on.
	ViaLocal Via = "local"
	// ViaNode is the node of a cluster reference: over its SSH connection, so that its network is reached from anywhere.
	ViaNode Via = "node"
	// ViaCluster is for names of services: a forwarded port of the API server, or its service proxy.
	ViaCluster Via = "cluster"
)

// idleTimeout ends connections that wait for another request; a process that lives for one plan needs none for long.
const idleTimeout = 30 * time.Second

// HTTP returns a client that sends requests that way. It does not follow redirects: what is asked is what is checked. The
// cluster is only looked for when it is the way.
func (r *Reach) HTTP(ctx context.Context, ref Reference, via Via) (*http.Client, error) {
	transport, err := r.transport(ctx, ref, via)
	if err != nil {
		return nil, err
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

func (r *Reach) transport(ctx context.Context, ref Reference, via Via) (http.RoundTripper, error) {
	switch via {
	case ViaLocal:
		return &http.Transport{IdleConnTimeout: idleTimeout, DialContext: (&net.Dialer{}).DialContext}, nil
	case ViaNode:
		if ref.Host == "" {
			return nil, fault.Newf(fault.Invalid, "a request via the node needs a cluster reference; the provider's kubernetes block names no node")
		}
		return &http.Transport{IdleConnTimeout: idleTimeout, DialContext: r.pool.Host(ref.target()).DialContext}, nil
	case ViaCluster:
		client, err := r.Client(ctx, ref)
		if err != nil {
			return nil, err
		}
		return client.Services(), nil
	}
	return nil, fault.Newf(fault.Invalid, "there is no way %q", via)
}

// Forward opens a local port that leads into a cluster, until it is closed or the process ends.
func (r *Reach) Forward(ctx context.Context, ref Reference, o kube.ForwardOptions) (*kube.Forward, error) {
	client, err := r.Client(ctx, ref)
	if err != nil {
		return nil, err
	}
	return client.PortForward(ctx, o)
}
