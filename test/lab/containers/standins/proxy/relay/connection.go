package relay

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
)

// sniff is how long a client may keep silent until it is taken for one whose server speaks first. Istio's default is to wait for ever,
// which its documentation warns of (istio.io/docs/ops/configuration/traffic-management/protocol-selection, server first protocols).
const sniff = time.Second

// connection is a connection that knows where it was going to. Its first bytes can be looked at.
type connection struct {
	net.Conn // not *net.TCPConn, whose WriteTo would pass the reader by

	to     netip.AddrPort
	reader *bufio.Reader
}

type connectionKey struct{}

// connectionOf returns the captured connection of a request; nil at a gateway.
func connectionOf(ctx context.Context) *connection {
	c, _ := ctx.Value(connectionKey{}).(*connection)
	return c
}

func newConnection(tcp *net.TCPConn, to netip.AddrPort) *connection {
	return &connection{Conn: tcp, to: to, reader: bufio.NewReader(tcp)}
}

// CloseWrite tells the client that nothing more comes.
func (c *connection) CloseWrite() error {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		return tcp.CloseWrite()
	}
	return nil
}

// Read implements net.Conn.
func (c *connection) Read(b []byte) (int, error) { return c.reader.Read(b) }

// methods are HTTP/1.1's. HTTP/2 begins with "PRI * HTTP/2.0" and is passed on byte by byte.
var methods = [][]byte{ //nolint:gochecknoglobals // a constant list
	[]byte("GET "), []byte("HEAD "), []byte("POST "), []byte("PUT "), []byte("DELETE "), []byte("CONNECT "), []byte("OPTIONS "), []byte("TRACE "), []byte("PATCH "),
}

// speaksHTTP looks whether the connection begins as HTTP/1.1 does. What is declared to be HTTP may keep silent.
func (c *connection) speaksHTTP(protocol string) bool {
	if protocol == config.ProtocolTCP {
		return false
	}
	if protocol == "" {
		_ = c.SetReadDeadline(time.Now().Add(sniff))
		defer func() { _ = c.SetReadDeadline(time.Time{}) }()
	}
	for length := 1; ; length++ {
		begin, err := c.reader.Peek(length)
		if err != nil {
			return false
		}
		possible := false
		for _, method := range methods {
			if bytes.Equal(begin, method) {
				return true
			}
			possible = possible || bytes.HasPrefix(method, begin)
		}
		if !possible {
			return false
		}
	}
}

// handed is a listener of connections that somebody else accepted.
type handed struct {
	address net.Addr
	conns   chan net.Conn
	once    sync.Once
	closed  chan struct{}
}

func newHanded(address net.Addr) *handed {
	return &handed{address: address, conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (h *handed) hand(conn net.Conn) {
	select {
	case h.conns <- conn:
	case <-h.closed:
		_ = conn.Close()
	}
}

// Accept implements net.Listener.
func (h *handed) Accept() (net.Conn, error) {
	select {
	case conn := <-h.conns:
		return conn, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (h *handed) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

// Addr implements net.Listener.
func (h *handed) Addr() net.Addr { return h.address }
