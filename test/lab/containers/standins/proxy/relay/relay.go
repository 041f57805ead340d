// Package relay knows how a proxy passes on what it captured, or what came to a gateway: requests by their routes, with a span and metrics
// for each, and everything that is not HTTP/1.1 byte by byte.
package relay

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/capture"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/route"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/stats"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/trace"
)

// Relay is one proxy's passing on.
type Relay struct {
	// Config is the newest configuration; never nil while the relay runs.
	Config func() *config.Config
	Tracer *trace.Tracer
	Stats  *stats.Stats
	Logger *slog.Logger
	// Original tells where a captured connection was going to.
	Original func(*net.TCPConn) (netip.AddrPort, error)

	balancer route.Balancer
	// others reaches other pods, own the proxy's own workload.
	others, own *http.Transport
}

const (
	// connectTimeout is Istio's default (istio:pkg/config/mesh/mesh.go@1.30.3, ConnectTimeout).
	connectTimeout = 10 * time.Second
	headerTimeout  = 30 * time.Second
	idleTimeout    = time.Hour
	// idleUpstream is shorter than the time after which common servers close connections that are not used.
	idleUpstream = 3 * time.Second
)

// New makes a relay.
func New(current func() *config.Config, tracer *trace.Tracer, counts *stats.Stats, logger *slog.Logger) *Relay {
	return &Relay{
		Config: current, Tracer: tracer, Stats: counts, Logger: logger, Original: capture.Original,
		others: transport(&net.Dialer{Timeout: connectTimeout}), own: transport(ownDialer()),
	}
}

// ownDialer dials from the address that the rules of capture let pass to the workload (istio:pilot/pkg/networking/core/listener.go,
// InboundPassthroughBindIpv4).
func ownDialer() *net.Dialer {
	return &net.Dialer{Timeout: connectTimeout, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 6)}}
}

func transport(dialer *net.Dialer) *http.Transport {
	return &http.Transport{DialContext: dialer.DialContext, DisableCompression: true, MaxIdleConnsPerHost: 32, IdleConnTimeout: idleUpstream}
}

// side is one of the two ways through a sidecar.
type side struct {
	relay *Relay
	// protocol is what is known beforehand of connections to a port.
	protocol func(*connection) string
	handed   *handed
	// raw passes a connection on that is not HTTP.
	raw func(context.Context, *connection)
}

// Outbound passes on what leaves the workload, from a listener to which it is redirected, until the listener is closed.
func (r *Relay) Outbound(ctx context.Context, listener net.Listener) error {
	protocol := func(c *connection) string {
		outbound, _ := r.serviceAt(c.to.String())
		return outbound.Protocol
	}
	return r.serve(ctx, listener, http.HandlerFunc(r.outboundHTTP), protocol, r.outboundRaw)
}

// Inbound passes on what comes to the workload.
func (r *Relay) Inbound(ctx context.Context, listener net.Listener) error {
	protocol := func(c *connection) string { return r.inboundAt(int(c.to.Port())).Protocol }
	return r.serve(ctx, listener, http.HandlerFunc(r.inboundHTTP), protocol, r.inboundRaw)
}

func (r *Relay) serve(
	ctx context.Context, listener net.Listener, handler http.Handler, protocol func(*connection) string, raw func(context.Context, *connection),
) error {
	s := &side{relay: r, protocol: protocol, handed: newHanded(listener.Addr()), raw: raw}
	server := r.server(handler)
	go func() { _ = server.Serve(s.handed) }() // it ends with the listener
	defer func() { go drain(ctx, server) }()
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		tcp, ok := conn.(*net.TCPConn)
		if !ok {
			_ = conn.Close()
			continue
		}
		go s.take(ctx, tcp)
	}
}

func (r *Relay) server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, ErrorLog: slog.NewLogLogger(r.Logger.Handler(), slog.LevelDebug),
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, connectionKey{}, conn)
		},
	}
}

// take looks at a connection and hands it to whom it is for.
func (s *side) take(ctx context.Context, tcp *net.TCPConn) {
	to, err := s.relay.Original(tcp)
	if err != nil {
		s.relay.Logger.WarnContext(ctx, "a connection goes nowhere", "err", err)
		_ = tcp.Close()
		return
	}
	c := newConnection(tcp, to)
	if c.speaksHTTP(s.protocol(c)) {
		s.handed.hand(c)
		return
	}
	s.raw(ctx, c)
}

// patience with requests under way when a proxy ends (istio:pkg/config/mesh/mesh.go, TerminationDrainDuration).
const patience = 5 * time.Second

func drain(ctx context.Context, server *http.Server) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	_ = server.Shutdown(ctx)
}
