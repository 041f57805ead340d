package egress

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"k8s.io/apiserver/pkg/apis/apiserver/v1beta1"
	"sigs.k8s.io/yaml"
)

type routes map[string]func(net.Conn)

func (r routes) Route(_ context.Context, address string) (func(net.Conn), error) {
	handler, known := r[address]
	switch {
	case !known:
		return nil, ErrUnknown
	case handler == nil:
		return nil, Refused(address)
	}
	return handler, nil
}

func TestProxy_Answers(t *testing.T) {
	t.Parallel()
	backend, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = backend.Close() })
	go func() {
		for {
			conn, err := backend.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "dialled")
			_ = conn.Close()
		}
	}()
	router := routes{
		"10.42.0.1:9443": func(conn net.Conn) {
			_, _ = io.WriteString(conn, "routed")
			_ = conn.Close()
		},
		"10.42.0.2:9443": nil,
	}
	cases := map[string]struct{ wording, address, status, body string }{
		"an address of the router": {Plain, "10.42.0.1:9443", "200 Connection established", "routed"},
		"any other address":        {Plain, backend.Addr().String(), "200 Connection established", "dialled"},
		"nobody listens":           {Plain, "10.42.0.2:9443", "502 dial tcp 10.42.0.2:9443: connect: connection refused", ""},
		"nobody listens, on RKE2":  {RKE2, "10.42.0.2:9443", "502 Bad Gateway", ""},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy, err := New(t.Context(), test.wording, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			proxy.SetRouter(router)
			go proxy.Serve(t.Context())
			status, body := connect(t, proxy, test.address)
			if status != test.status || body != test.body {
				t.Errorf("got %q and %q, want %q and %q", status, body, test.status, test.body)
			}
		})
	}
}

// connect does what the API server's dialer does, with the address that its configuration names.
func connect(t *testing.T, proxy *Proxy, address string) (status, body string) {
	t.Helper()
	content, err := proxy.Config()
	if err != nil {
		t.Fatal(err)
	}
	var config v1beta1.EgressSelectorConfiguration
	if err := yaml.UnmarshalStrict(content, &config); err != nil {
		t.Fatal(err)
	}
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "unix", config.EgressSelections[0].Connection.Transport.UDS.UDSName)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", address); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, &http.Request{Method: http.MethodConnect})
	if err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(response.Status), string(rest)
}
