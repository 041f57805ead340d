package kube

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/gorilla/websocket"
	constants "k8s.io/apimachinery/pkg/util/portforward"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport"
	"k8s.io/klog/v2"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

// pingPeriod keeps a forwarded connection alive through whatever is in between.
const pingPeriod = 10 * time.Second

// upgrade opens a connection for streams: over a websocket, and when the server answers that it cannot do that,
// over SPDY. client-go's own dialers (transport/websocket, transport/spdy at v0.37.0) ignore rest.Config.Dial, so
// they would not pass through the host; these here do.
func (c *Client) upgrade(ctx context.Context, to *url.URL) (httpstream.Connection, error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	conn, err := c.overWebsocket(ctx, to)
	if err == nil || !errors.Is(err, websocket.ErrBadHandshake) {
		return conn, err
	}
	c.log.DebugContext(ctx, "port forwarding falls back to SPDY", "cause", c.secrets.clean(err).Error())
	return c.overSPDY(ctx, to)
}

// wrapped makes the transport that authenticates as this client above one that upgrades, and tells the latter
// the TLS configuration.
func (c *Client) wrapped(upgrading func(*transport.Config) (http.RoundTripper, error)) (http.RoundTripper, error) {
	cfg, err := c.config.TransportConfig()
	if err != nil {
		return nil, err
	}
	inner, err := upgrading(cfg)
	if err != nil {
		return nil, err
	}
	return transport.HTTPWrappersForConfig(cfg, inner)
}

func (c *Client) overWebsocket(ctx context.Context, to *url.URL) (httpstream.Connection, error) {
	handshake := &websocketHandshake{}
	rt, err := c.wrapped(func(cfg *transport.Config) (http.RoundTripper, error) {
		tlsConfig, err := transport.TLSConfigFor(cfg)
		handshake.dialer = websocket.Dialer{
			NetDialContext: c.config.Dial, TLSClientConfig: tlsConfig, Proxy: http.ProxyFromEnvironment,
			Subprotocols: []string{constants.WebsocketsSPDYTunnelingPrefix + portforward.PortForwardProtocolV1Name},
		}
		if c.config.Proxy != nil {
			handshake.dialer.Proxy = c.config.Proxy
		}
		return handshake, err
	})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
	if err != nil {
		return nil, err
	}
	response, err := rt.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if err := response.Body.Close(); err != nil {
		return nil, errors.Join(err, handshake.conn.Close())
	}
	tunnel := portforward.NewTunnelingConnectionWithLogger(klog.Background(), handshake.conn)
	return spdy.NewClientConnectionWithPings(tunnel, pingPeriod)
}

// websocketHandshake is a transport for one request: it keeps the connection that the request became.
type websocketHandshake struct {
	dialer websocket.Dialer
	conn   *websocket.Conn
}

// RoundTrip upgrades. When the server answers otherwise, its answer becomes the error.
func (h *websocketHandshake) RoundTrip(r *http.Request) (*http.Response, error) {
	to := *r.URL
	to.Scheme = map[string]string{"https": "wss", "http": "ws"}[to.Scheme]
	conn, response, err := h.dialer.DialContext(r.Context(), to.String(), r.Header)
	if err != nil {
		if response == nil {
			return nil, err
		}
		return nil, errors.Join(err, statusOf(response))
	}
	h.conn = conn
	return response, nil
}

// maxStatus bounds what is read of an answer that is an error.
const maxStatus = 64 << 10

// statusOf reads the error that an API server answered with.
func statusOf(response *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxStatus))
	err = errors.Join(err, response.Body.Close())
	if err != nil {
		return err
	}
	return statusError(response.StatusCode, body)
}

func (c *Client) overSPDY(ctx context.Context, to *url.URL) (httpstream.Connection, error) {
	var upgrader *spdy.SpdyRoundTripper
	rt, err := c.wrapped(func(cfg *transport.Config) (http.RoundTripper, error) {
		tlsConfig, err := transport.TLSConfigFor(cfg)
		if err != nil {
			return nil, err
		}
		upgrader, err = spdy.NewRoundTripperWithConfig(spdy.RoundTripperConfig{
			PingPeriod:       pingPeriod,
			UpgradeTransport: &http.Transport{DialContext: c.config.Dial, TLSClientConfig: tlsConfig},
		})
		return upgrader, err
	})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set(httpstream.HeaderProtocolVersion, portforward.PortForwardProtocolV1Name)
	response, err := rt.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		return nil, statusOf(response) // the library's own error has lost the status
	}
	if err := response.Body.Close(); err != nil {
		return nil, err
	}
	return upgrader.NewConnection(response)
}
