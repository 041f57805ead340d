// Package bound knows how to tie the requests of a Kubernetes client to a context.
//
// Helm's Kubernetes client takes no context: it sends its requests with context.Background, so nothing can stop an
// installation half-way. A getter from here gives it clients whose every request ends when the context ends.
package bound

import (
	"context"
	"io"
	"net/http"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
)

// Getter returns a getter like the given one, whose clients stop with ctx: requests that are under way are
// abandoned, later ones are not sent. The REST mapper stays the shared one.
//
// The discovery client is a fresh one, because helm invalidates the one it gets before each operation
// (pkg/action/action.go, getCapabilities) and would empty the cache that everybody shares.
func Getter(ctx context.Context, shared genericclioptions.RESTClientGetter) genericclioptions.RESTClientGetter {
	return getter{shared, func(r *http.Request) (*http.Request, func(), error) { return join(ctx, r) }}
}

type getter struct {
	genericclioptions.RESTClientGetter
	join joiner
}

// joiner ties a request to the context and returns how to release it.
type joiner func(*http.Request) (*http.Request, func(), error)

// ToRESTConfig returns a configuration over one transport, so that all clients made from it share connections.
func (g getter) ToRESTConfig() (*rest.Config, error) {
	from, err := g.RESTClientGetter.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	base := from.Transport
	if base == nil {
		if base, err = rest.TransportFor(from); err != nil {
			return nil, err
		}
	}
	host, _, err := rest.DefaultServerUrlFor(from)
	if err != nil {
		return nil, err
	}
	return &rest.Config{
		Host: host.String(), APIPath: from.APIPath, UserAgent: from.UserAgent, Timeout: from.Timeout,
		QPS: from.QPS, Burst: from.Burst, RateLimiter: from.RateLimiter,
		WarningHandler: from.WarningHandler, WarningHandlerWithContext: from.WarningHandlerWithContext,
		Transport: transport{base, g.join},
	}, nil
}

// ToDiscoveryClient returns a discovery client of its own, with its own cache.
func (g getter) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	config, err := g.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	direct, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	return memory.NewMemCacheClient(direct), nil
}

type transport struct {
	next http.RoundTripper
	join joiner
}

// RoundTrip sends a request that ends with the context it is tied to.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	tied, release, err := t.join(r)
	if err != nil {
		return nil, err
	}
	response, err := t.next.RoundTrip(tied)
	if err != nil {
		release()
		return nil, err
	}
	if response.Body == nil {
		release()
		return response, nil
	}
	response.Body = &body{response.Body, release}
	return response, nil
}

// WrappedRoundTripper lets client-go find the transport whose idle connections are to be closed.
func (t transport) WrappedRoundTripper() http.RoundTripper { return t.next }

// join makes a request end when either its own context or ctx ends.
func join(ctx context.Context, r *http.Request) (*http.Request, func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	both, cancel := context.WithCancel(r.Context())
	stop := context.AfterFunc(ctx, cancel)
	return r.WithContext(both), func() { stop(); cancel() }, nil
}

// body releases the request when its answer has been read.
type body struct {
	io.ReadCloser
	release func()
}

// Close closes the body and releases the request.
func (b *body) Close() error {
	defer b.release()
	return b.ReadCloser.Close()
}
