package relay

import (
	"context"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/stats"
)

// outboundRaw passes a connection to one of the pods of the service at its address, or to where it was going to.
func (r *Relay) outboundRaw(ctx context.Context, c *connection) {
	endpoints := []config.Endpoint{{Address: c.to.String()}}
	service := passthrough
	if outbound, known := r.serviceAt(c.to.String()); known {
		cluster := r.Config().Clusters[outbound.Cluster]
		endpoints, service = r.balancer.Next(outbound.Cluster, cluster), cluster.Service
	}
	self := r.Config().Proxy
	about := stats.Request{Reporter: stats.Source, From: &self, Service: service, Protocol: "tcp"}
	if len(endpoints) > 0 && endpoints[0].Workload.Name != "" {
		about.To = &endpoints[0].Workload
	}
	r.join(ctx, c, &net.Dialer{Timeout: connectTimeout}, endpoints, about)
}

func (r *Relay) inboundRaw(ctx context.Context, c *connection) {
	self := r.Config().Proxy
	about := stats.Request{Reporter: stats.Destination, To: &self, Service: r.inboundAt(int(c.to.Port())).Service, Protocol: "tcp"}
	r.join(ctx, c, ownDialer(), []config.Endpoint{{Address: c.to.String()}}, about)
}

// join copies both ways until both ends have said all.
func (r *Relay) join(ctx context.Context, c *connection, dialer *net.Dialer, endpoints []config.Endpoint, about stats.Request) {
	defer func() { _ = c.Close() }()
	if len(endpoints) == 0 {
		return
	}
	upstream, err := dialer.DialContext(ctx, "tcp", endpoints[0].Address)
	if err != nil {
		r.Logger.DebugContext(ctx, "a connection is not passed on", "to", endpoints[0].Address, "err", err)
		return
	}
	defer func() { _ = upstream.Close() }()
	stop := context.AfterFunc(ctx, func() { _, _ = c.Close(), upstream.Close() })
	defer stop()
	closed := r.Stats.Opened(about)
	var sent, received atomic.Int64
	var both sync.WaitGroup
	both.Go(func() { received.Store(pour(upstream, c)) })
	both.Go(func() { sent.Store(pour(c, upstream)) })
	both.Wait()
	closed(sent.Load(), received.Load())
}

// pour copies until the end of from and passes that end on.
func pour(into, from net.Conn) int64 {
	written, _ := io.Copy(into, from) // a connection that breaks has ended, too
	if half, ok := into.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	return written
}

// passthrough is Istio's name for what is in no registry.
var passthrough = config.Service{Name: "PassthroughCluster"} //nolint:gochecknoglobals // a constant

func (r *Relay) serviceAt(address string) (config.Outbound, bool) {
	for _, outbound := range r.Config().Outbound {
		if outbound.Address == address {
			return outbound, true
		}
	}
	return config.Outbound{}, false
}

func (r *Relay) inboundAt(port int) config.Inbound {
	for _, inbound := range r.Config().Inbound {
		if inbound.Port == port {
			return inbound
		}
	}
	return config.Inbound{Port: port, Service: config.Service{Name: "InboundPassthroughCluster"}}
}

func (r *Relay) listenerAt(port int) *config.Listener {
	listeners := r.Config().Listeners
	for i := range listeners {
		if listeners[i].Port == port {
			return &listeners[i]
		}
	}
	return &config.Listener{Port: port}
}

func inboundName(port int) string { return "inbound|" + strconv.Itoa(port) + "||" }
