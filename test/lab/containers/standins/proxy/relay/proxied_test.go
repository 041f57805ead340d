package relay_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/relay"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/stats"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/trace"
)

// proxied is a relay whose captured connections all were going to one address.
type proxied struct {
	*relay.Relay
	to     netip.AddrPort
	config *config.Config
	counts *stats.Stats

	mu    sync.Mutex
	spans []*trace.Span
}

func newProxied(t *testing.T, to string, c *config.Config) *proxied {
	t.Helper()
	p := &proxied{to: netip.MustParseAddrPort(to), config: c, counts: stats.New()}
	tracer := &trace.Tracer{Report: func(span *trace.Span) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.spans = append(p.spans, span)
	}}
	p.Relay = relay.New(func() *config.Config { return p.config }, tracer, p.counts, slog.New(slog.DiscardHandler))
	p.Original = func(*net.TCPConn) (netip.AddrPort, error) { return p.to, nil }
	return p
}

// listen runs one side and returns its address.
func (p *proxied) listen(t *testing.T, pass func(context.Context, net.Listener) error) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() { _ = pass(t.Context(), listener) }()
	return listener.Addr().String()
}

// finished returns the spans once there are so many.
func (p *proxied) finished(t *testing.T, count int) []*trace.Span {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		p.mu.Lock()
		spans := p.spans
		p.mu.Unlock()
		if len(spans) >= count {
			return spans
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d spans, want %d", len(spans), count)
		}
	}
}

func (p *proxied) metrics() string {
	recorder := httptest.NewRecorder()
	p.counts.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/", nil))
	return recorder.Body.String()
}

// counted waits for a line of metrics with all of some texts; a request is counted after its answer.
func (p *proxied) counted(t *testing.T, texts ...string) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		for line := range strings.SplitSeq(p.metrics(), "\n") {
			all := true
			for _, text := range texts {
				all = all && strings.Contains(line, text)
			}
			if all {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("no metric with %q in\n%s", texts, p.metrics())
		}
	}
}

// echo is a workload that answers with what it was asked.
func echo(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Server", "echo")
		_, _ = fmt.Fprintf(w, "%s %s %s\n%s", r.Method, r.Host, r.RequestURI, body)
		for _, name := range []string{"Traceparent", "X-B3-Traceid", "X-B3-Sampled", "X-Envoy-Peer-Metadata", "X-Forwarded-For", "X-Request-Id"} {
			_, _ = fmt.Fprintf(w, "\n%s=%s", name, r.Header.Get(name))
		}
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func get(t *testing.T, address, host, path string, header map[string]string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+path, strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	for name, value := range header {
		request.Header.Set(name, value)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func mesh(endpoints ...string) *config.Config {
	cluster := config.Cluster{Service: config.Service{Host: "web.shop.svc.cluster.local", Name: "web", Namespace: "shop"}}
	for _, address := range endpoints {
		cluster.Endpoints = append(cluster.Endpoints, config.Endpoint{Address: address, Workload: config.Workload{Name: "web-v1", Namespace: "shop"}})
	}
	return &config.Config{
		Proxy: config.Workload{Name: "client", Namespace: "shop", App: "client"},
		Listeners: []config.Listener{{Port: 80, Hosts: []config.VirtualHost{{Name: "web", Domains: []string{"web"}, Routes: []config.Route{
			{Operation: "moved", Matches: []config.Match{{Path: &config.Text{Exact: "/old"}}}, Redirect: &config.Redirect{URI: "/new", Code: 302}},
			{Operation: "nowhere", Matches: []config.Match{{Path: &config.Text{Exact: "/nowhere"}}}, Clusters: []config.WeightedCluster{{Cluster: "nobody"}}},
			{Operation: "slow", Matches: []config.Match{{Path: &config.Text{Prefix: "/slow"}}}, Timeout: 50, Clusters: []config.WeightedCluster{{Cluster: "web"}}},
			{Operation: "web:80/*", Rewrite: "/base/", Clusters: []config.WeightedCluster{{Cluster: "web"}}},
		}}}}},
		Clusters: map[string]config.Cluster{"web": cluster},
		Client:   &config.Tracing{Kind: config.TracingOTLPGRPC, Sampling: 100},
		Server:   &config.Tracing{Kind: config.TracingZipkin, Sampling: 100},
	}
}
