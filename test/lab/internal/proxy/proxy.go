// Package proxy knows how to give processes in a private network a way to the internet, as an HTTP proxy that they have to be told
// of. Tests against real chart repositories need it; all others are better off without.
package proxy

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"
)

// New returns a server that fetches plain HTTP for its clients and connects them to what they name with CONNECT.
func New() *http.Server {
	forward := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.Out.Host = r.In.Host },
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment},
	}
	return &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodConnect:
			connect(w, r)
		case r.URL.IsAbs():
			forward.ServeHTTP(w, r)
		default:
			http.Error(w, "this is a proxy", http.StatusBadRequest)
		}
	})}
}

const dialTimeout = 20 * time.Second

// connect joins the client's connection with one to the host that it asks for.
func connect(w http.ResponseWriter, r *http.Request) {
	dialer := net.Dialer{Timeout: dialTimeout}
	there, err := dialer.DialContext(r.Context(), "tcp", r.Host)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer func() { _ = there.Close() }()
	here, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer func() { _ = here.Close() }()
	if _, err := io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	stop := context.AfterFunc(r.Context(), func() { _, _ = here.Close(), there.Close() })
	defer stop()
	var both sync.WaitGroup
	both.Go(func() { pass(there, buffered) })
	both.Go(func() { pass(here, there) })
	both.Wait()
}

// pass copies until from ends, and tells to.
func pass(to net.Conn, from io.Reader) {
	_, _ = io.Copy(to, from)
	if half, ok := to.(*net.TCPConn); ok {
		_ = half.CloseWrite()
	}
}
