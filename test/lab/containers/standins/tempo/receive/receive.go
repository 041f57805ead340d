// Package receive knows the ways on which spans come to a stand-in Tempo: OTLP over gRPC and over HTTP, and Zipkin's second version.
package receive

import (
	"context"
	"errors"
	"fmt"
	"net"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"golang.org/x/sync/errgroup"
)

// TenantHeader names the tenant of a request; over gRPC it is metadata of that name (grafana/dskit:user).
const TenantHeader = "X-Scope-OrgID"

// ErrNoTenant is the answer to a request without a tenant where there are several.
var ErrNoTenant = errors.New("no org id")

// Sink takes spans. Tenant is empty when the sender named none; receiver and transport are the labels under which Tempo counts
// ("otlp/otlp_receiver", "grpc"). It returns ErrNoTenant when it wants a tenant.
type Sink func(tenant, receiver, transport string, batch []*tracepb.ResourceSpans) error

// Endpoints are where to listen, as HOST:PORT, one for each protocol that is configured; empty ones stay closed.
type Endpoints struct{ OTLPGRPC, OTLPHTTP, Zipkin string }

// Open listeners, with the protocol that is spoken at each.
type Open struct {
	listeners []net.Listener
	serve     []func(context.Context, net.Listener) error
	// Addresses are where it listens, by protocol: "otlp grpc", "otlp http", "zipkin".
	Addresses map[string]net.Addr
}

// Listen opens the ports of all configured endpoints or none.
func Listen(ctx context.Context, at Endpoints, sink Sink) (*Open, error) {
	open := &Open{Addresses: map[string]net.Addr{}}
	for _, way := range []struct {
		name, address string
		serve         func(context.Context, net.Listener) error
	}{
		{"otlp grpc", at.OTLPGRPC, func(ctx context.Context, l net.Listener) error { return serveGRPC(ctx, l, sink) }},
		{"otlp http", at.OTLPHTTP, func(ctx context.Context, l net.Listener) error { return serveHTTP(ctx, l, otlpHandler(sink)) }},
		{"zipkin", at.Zipkin, func(ctx context.Context, l net.Listener) error { return serveHTTP(ctx, l, zipkinHandler(sink)) }},
	} {
		if way.address == "" {
			continue
		}
		var config net.ListenConfig
		listener, err := config.Listen(ctx, "tcp", way.address)
		if err != nil {
			open.close()
			return nil, fmt.Errorf("error starting receiver: %s: %w", way.name, err)
		}
		open.listeners, open.serve = append(open.listeners, listener), append(open.serve, way.serve)
		open.Addresses[way.name] = listener.Addr()
	}
	return open, nil
}

func (o *Open) close() {
	for _, listener := range o.listeners {
		_ = listener.Close() // it has served nobody
	}
}

// Serve takes spans until ctx ends or one of the listeners fails.
func (o *Open) Serve(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for i, listener := range o.listeners {
		group.Go(func() error { return o.serve[i](ctx, listener) })
	}
	return group.Wait()
}
