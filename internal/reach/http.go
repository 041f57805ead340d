package reach

import (
	"context"
	"crypto/tls"
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

const (
	// idleTimeout ends connections that wait for another request; a process that lives for one plan needs none for long.
	idleTimeout = 30 * time.Second
	// maxIdle is how many of them wait at one address: as many as requests are usually under way at once. Go's own two
	// would make most requests of a load dial anew, over SSH at that.
	maxIdle = 64
)

// HTTPOptions say how requests go out.
type HTTPOptions struct {
	Via Via
	// Pinned holds the addresses of names that were looked up and found right. A connection goes there, and nobody is
	// asked again, who might say something else. It does not concern names of services.
	Pinned map[string]string
	// ServerName is the name that a certificate must have, where the address is not it.
	ServerName string
}

// HTTP returns a client that sends requests that way. It does not follow redirects: what is asked is what is checked; and
// it goes through no proxy of the environment. The cluster is only looked for when it is the way.
func (r *Reach) HTTP(ctx context.Context, ref Reference, o HTTPOptions) (*http.Client, error) {
	transport, err := r.transport(ctx, ref, o)
	if err != nil {
		return nil, err
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

func (r *Reach) transport(ctx context.Context, ref Reference, o HTTPOptions) (http.RoundTripper, error) {
	switch o.Via {
	case ViaLocal:
		return o.transport((&net.Dialer{}).DialContext), nil
	case ViaNode:
		if ref.Host == "" {
			return nil, fault.Newf(fault.Invalid, "a request via the node needs a cluster reference; the provider's kubernetes block names no node")
		}
		return o.transport(r.pool.Host(ref.target()).DialContext), nil
	case ViaCluster:
		client, err := r.Client(ctx, ref)
		if err != nil {
			return nil, err
		}
		return client.Services(), nil
	}
	return nil, fault.Newf(fault.Invalid, "there is no way %q", o.Via)
}

// dialer opens a connection, as net.Dialer does.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

func (o HTTPOptions) transport(dial dialer) *http.Transport {
	return &http.Transport{
		IdleConnTimeout: idleTimeout, MaxIdleConnsPerHost: maxIdle, DialContext: o.pinned(dial),
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, ServerName: o.ServerName},
	}
}

func (o HTTPOptions) pinned(dial dialer) dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if host, port, err := net.SplitHostPort(address); err == nil && o.Pinned[host] != "" {
			address = net.JoinHostPort(o.Pinned[host], port)
		}
		return dial(ctx, network, address)
	}
}

// Logs reads the end of a container's log, see [kube.Client.Logs].
func (r *Reach) Logs(ctx context.Context, ref Reference, o kube.LogOptions) (string, error) {
	client, err := r.Client(ctx, ref)
	if err != nil {
		return "", err
	}
	return client.Logs(ctx, o)
}

// Forward opens a local port that leads into a cluster, until it is closed or the process ends.
func (r *Reach) Forward(ctx context.Context, ref Reference, o kube.ForwardOptions) (*kube.LastingForward, error) {
	client, err := r.Client(ctx, ref)
	if err != nil {
		return nil, err
	}
	return client.LastingForward(ctx, o)
}
