// Package bound knows how to tie the requests of a Kubernetes client to a context, and how to keep such a client
// from asking the same thing twice.
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

// Getter is a getter whose clients stop with a context: requests that are under way are abandoned, later ones are
// not sent. The REST mapper is the shared one.
type Getter struct {
	genericclioptions.RESTClientGetter
	// Answers remembers what was read, while it is switched on.
	Answers *Answers

	join func(*http.Request) (*http.Request, func(), error)
}

// New ties a shared getter to a context.
func New(ctx context.Context, shared genericclioptions.RESTClientGetter) *Getter {
	return &Getter{
		RESTClientGetter: shared,
		Answers:          &Answers{},
		join:             func(r *http.Request) (*http.Request, func(), error) { return join(ctx, r) },
	}
}

// ToRESTConfig returns a configuration over one transport, so that all clients made from it share connections.
func (g *Getter) ToRESTConfig() (*rest.Config, error) {
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
		Transport: transport{base, g},
	}, nil
}

// ToDiscoveryClient returns a discovery client with a cache of its own: helm invalidates the one it gets before each
// operation (pkg/action/action.go, getCapabilities) and would empty the cache that everybody shares.
func (g *Getter) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
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
	next   http.RoundTripper
	getter *Getter
}

// RoundTrip sends a request that ends with the context it is tied to, unless the answer is remembered.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	tied, release, err := t.getter.join(r)
	if err != nil {
		return nil, err
	}
	if known := t.getter.Answers.recall(r); known != nil {
		release()
		return known, nil
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
	return t.getter.Answers.keep(r, response)
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
	tied := r.WithContext(both) //nolint:contextcheck // the request has a context of its own, which both is made of
	return tied, func() { stop(); cancel() }, nil
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
