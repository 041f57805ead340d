// Package egress knows the way from the API server into the cluster: an HTTP CONNECT proxy on an abstract Unix socket, over which every
// webhook call, kubelet request and service proxy passes, as it does on RKE2 (k3s:pkg/daemons/control/tunnel.go). Who answers at an
// address is decided by a Router; addresses that it does not know are dialled.
package egress

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"sigs.k8s.io/yaml"
)

// Wording of a failed dial in the API server's errors. Plain is the kernel's, which an API server without a proxy would show ("connect:
// connection refused"); RKE2 is what RKE2's proxy answers since v1.26 ("502 Bad Gateway").
const (
	Plain = "plain"
	RKE2  = "rke2"
)

// ErrUnknown is what a Router returns for an address that is not its own.
var ErrUnknown = errors.New("unknown address")

// Router says who answers at an address.
type Router interface {
	// Route returns the function that serves a connection to address (host:port) and closes it. The error is ErrUnknown for an address that
	// is to be dialled, else it is what a dial would have returned.
	Route(ctx context.Context, address string) (func(net.Conn), error)
}

// Proxy is the proxy of one server.
type Proxy struct {
	listener net.Listener
	errors   string
	logger   *slog.Logger

	mu     sync.RWMutex
	router Router
}

// New opens the proxy's socket. wording is Plain or RKE2.
func New(ctx context.Context, wording string, logger *slog.Logger) (*Proxy, error) {
	// An abstract address needs no file, has no limit on the length of a path, and goes with the process.
	name := fmt.Sprintf("@lab-controlplane-%d-%d", os.Getpid(), time.Now().UnixNano())
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "unix", name)
	if err != nil {
		return nil, fmt.Errorf("opening the egress proxy: %w", err)
	}
	return &Proxy{listener: listener, errors: wording, logger: logger}, nil
}

// SetRouter sets who answers; before that nobody does.
func (p *Proxy) SetRouter(router Router) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.router = router
}

// Config is the EgressSelectorConfiguration that sends the API server's cluster traffic through the proxy.
func (p *Proxy) Config() ([]byte, error) {
	content, err := yaml.Marshal(map[string]any{
		"apiVersion": "apiserver.k8s.io/v1beta1", "kind": "EgressSelectorConfiguration",
		"egressSelections": []any{map[string]any{
			"name": "cluster",
			"connection": map[string]any{
				"proxyProtocol": "HTTPConnect",
				"transport":     map[string]any{"uds": map[string]any{"udsName": p.listener.Addr().String()}},
			},
		}},
	})
	if err != nil {
		return nil, fmt.Errorf("writing the egress configuration: %w", err)
	}
	return content, nil
}

// Serve serves until ctx ends.
func (p *Proxy) Serve(ctx context.Context) {
	context.AfterFunc(ctx, func() { _ = p.listener.Close() })
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.serve(ctx, conn)
	}
}

func (p *Proxy) serve(ctx context.Context, conn net.Conn) {
	reader := bufio.NewReader(conn)
	request, err := http.ReadRequest(reader)
	if err != nil || request.Method != http.MethodConnect {
		_ = conn.Close()
		return
	}
	handler, err := p.route(ctx, request.URL.Host) // the Host header of the API server's requests says nothing
	if err != nil {
		p.logger.Debug("egress refused", "address", request.URL.Host, "err", err)
		p.refuse(conn, err)
		return
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		_ = conn.Close()
		return
	}
	handler(&buffered{Conn: conn, reader: reader})
}

// refuse answers with the error in the status line, which is the one part of the answer that the API server repeats in its errors.
func (p *Proxy) refuse(conn net.Conn, cause error) {
	defer func() { _ = conn.Close() }()
	status := http.StatusText(http.StatusBadGateway)
	if p.errors == Plain {
		status = cause.Error()
	}
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", http.StatusBadGateway, status)
}

func (p *Proxy) route(ctx context.Context, address string) (func(net.Conn), error) {
	p.mu.RLock()
	router := p.router
	p.mu.RUnlock()
	if router == nil {
		return nil, Refused(address)
	}
	if handler, err := router.Route(ctx, address); !errors.Is(err, ErrUnknown) {
		return handler, err
	}
	dialer := net.Dialer{Timeout: dialTimeout}
	backend, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return func(conn net.Conn) { splice(conn, backend) }, nil
}

// dialTimeout is below the ten seconds that most webhooks get, so that the reason is in their error.
const dialTimeout = 5 * time.Second

func splice(a, b net.Conn) {
	var both sync.WaitGroup
	for _, pair := range [][2]net.Conn{{a, b}, {b, a}} {
		both.Go(func() {
			_, _ = io.Copy(pair[0], pair[1])
			_ = pair[0].Close()
			_ = pair[1].Close()
		})
	}
	both.Wait()
}

// buffered is a connection whose first bytes are in reader.
type buffered struct {
	net.Conn
	reader *bufio.Reader
}

func (b *buffered) Read(p []byte) (int, error) { return b.reader.Read(p) }

// Refused is the error of a dial to address at which nobody listens, worded like the kernel's.
func Refused(address string) error {
	return fmt.Errorf("dial tcp %s: connect: connection refused", address)
}

// NoRoute is the error of a dial to an address that no pod has.
func NoRoute(address string) error {
	return fmt.Errorf("dial tcp %s: connect: no route to host", address)
}
