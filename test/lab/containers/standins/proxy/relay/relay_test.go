package relay_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/relay"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/trace"
)

func TestOutbound_LeadsRequestsByTheirHost(t *testing.T) {
	t.Parallel()
	// The first endpoint is gone, and nobody is at the address that was dialled.
	p := newProxied(t, "10.43.0.7:80", mesh("127.0.0.1:1", echo(t)))
	address := p.listen(t, p.Outbound)
	response, body := get(t, address, "web:80", "/a%2Fb?c=d", nil)
	if want := "POST web:80 /base/a%2Fb?c=d\nbody\n"; response.StatusCode != http.StatusOK || !strings.HasPrefix(body, want) {
		t.Fatalf("%s %q, want %q", response.Status, body, want)
	}
	if response.Header.Get("Server") != "envoy" || response.Header.Get("X-Envoy-Upstream-Service-Time") == "" {
		t.Errorf("headers %v", response.Header)
	}
	if !strings.Contains(body, "X-Envoy-Peer-Metadata=ey") {
		t.Errorf("the proxy does not say who it is: %s", body)
	}
	span := p.finished(t, 1)[0]
	if span.Kind != trace.Client || span.Name != "web:80/*" || span.Tags["upstream_cluster"] != "web" || !strings.Contains(body, "Traceparent=00-"+fmt.Sprintf("%x-%x-01", span.Trace, span.Span)) {
		t.Errorf("span %+v of %s", span, body)
	}
	p.counted(t, "istio_requests_total{", `reporter="source"`, `source_workload="client"`, `destination_workload="web-v1"`, `destination_service_name="web"`, `response_code="200"`)
}

func TestOutbound_AnswersInEnvoysWords(t *testing.T) {
	t.Parallel()
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // a server that reads nothing does not hear of the end
		<-r.Context().Done()
	}))
	t.Cleanup(slow.Close)
	hangUp := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(hangUp.Close)
	bare := func(server *httptest.Server) string { return strings.TrimPrefix(server.URL, "http://") }
	cases := map[string]struct {
		endpoints []string
		path      string
		code      int
		want      string
		flags     string
	}{
		"nobody is there":          {nil, "/", 503, "no healthy upstream", "UH"},
		"nobody listens":           {[]string{"127.0.0.1:1"}, "/", 503, "reset reason: remote connection failure", "UF"},
		"the other side hangs up":  {[]string{bare(hangUp)}, "/", 503, "reset reason: connection termination", "UC"},
		"the answer takes long":    {[]string{bare(slow)}, "/slow", 504, "upstream request timeout", "UT"},
		"the route leads away":     {nil, "/old", 302, "", "-"},
		"the service is not there": {nil, "/nowhere", 503, "", "NC"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProxied(t, "10.43.0.7:80", mesh(test.endpoints...))
			response, body := get(t, p.listen(t, p.Outbound), "web", test.path, nil)
			if response.StatusCode != test.code || !strings.Contains(body, test.want) {
				t.Errorf("%s %q, want %d %q", response.Status, body, test.code, test.want)
			}
			p.counted(t, "istio_requests_total{", fmt.Sprintf("response_code=%q", fmt.Sprint(test.code)), fmt.Sprintf("response_flags=%q", test.flags))
		})
	}
}

func TestOutbound_LetsUnknownHostsPass(t *testing.T) {
	t.Parallel()
	app := echo(t)
	p := newProxied(t, app, mesh())
	response, body := get(t, p.listen(t, p.Outbound), "elsewhere.test", "/x", nil)
	if response.StatusCode != http.StatusOK || !strings.HasPrefix(body, "POST elsewhere.test /x") {
		t.Errorf("%s %q", response.Status, body)
	}
	p.counted(t, "istio_requests_total{", `destination_service="elsewhere.test"`, `destination_service_name="PassthroughCluster"`)
}

func TestOutbound_PassesOnWhatIsNotHTTP(t *testing.T) {
	t.Parallel()
	greeter, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = greeter.Close() })
	go func() {
		for {
			conn, err := greeter.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "hello\n") // the server speaks first
			line, _ := bufio.NewReader(conn).ReadString('\n')
			_, _ = io.WriteString(conn, strings.ToUpper(line))
			_ = conn.Close()
		}
	}()
	c := mesh(greeter.Addr().String())
	c.Outbound = []config.Outbound{{Address: "10.43.0.7:5432", Cluster: "web"}}
	p := newProxied(t, "10.43.0.7:5432", c)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.listen(t, p.Outbound))
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	reader := bufio.NewReader(conn)
	if line, err := reader.ReadString('\n'); line != "hello\n" {
		t.Fatalf("greeted with %q, %v", line, err)
	}
	_, _ = io.WriteString(conn, "Gonzo\n") // begins as GET does
	if line, err := reader.ReadString('\n'); line != "GONZO\n" {
		t.Fatalf("answered with %q, %v", line, err)
	}
	_ = conn.Close()
	p.counted(t, "istio_tcp_connections_closed_total{", `reporter="source"`, `destination_workload="web-v1"`)
}

func TestInbound_PassesRequestsToTheWorkload(t *testing.T) {
	t.Parallel()
	app := echo(t)
	c := mesh()
	port := netip.MustParseAddrPort(app).Port()
	c.Inbound = []config.Inbound{{Port: int(port), Service: config.Service{Host: "web.shop.svc.cluster.local", Name: "web", Namespace: "shop"}}}
	c.Proxy = config.Workload{Name: "web-v1", Namespace: "shop"}
	p := newProxied(t, app, c)
	address := p.listen(t, p.Inbound)
	// Another proxy sends it, so that the header is what proxies send.
	sender := newProxied(t, "10.43.0.7:80", mesh(address))
	response, body := get(t, sender.listen(t, sender.Outbound), "web", "/", map[string]string{"X-B3-Traceid": strings.Repeat("ab", 16), "X-B3-Spanid": strings.Repeat("cd", 8), "X-B3-Sampled": "1"})
	if response.StatusCode != http.StatusOK || !strings.Contains(body, "X-Envoy-Peer-Metadata=\n") {
		t.Fatalf("%s %q", response.Status, body)
	}
	if !strings.Contains(body, "X-B3-Traceid="+strings.Repeat("ab", 16)) {
		t.Errorf("the trace is another one behind the proxy: %s", body)
	}
	p.counted(t, "istio_requests_total{", `reporter="destination"`, `source_workload="client"`, `source_app="client"`, `destination_workload="web-v1"`, `destination_service_name="web"`)
	span := p.finished(t, 1)[0]
	if span.Kind != trace.Server || fmt.Sprintf("%x", span.Parent) != strings.Repeat("cd", 8) {
		t.Errorf("span %+v", span)
	}
}

func TestInbound_KeepsProbesToItself(t *testing.T) {
	t.Parallel()
	p := newProxied(t, echo(t), mesh())
	address := p.listen(t, p.Inbound)
	if response, _ := get(t, address, "pod", "/", map[string]string{"User-Agent": "kube-probe/1.36"}); response.StatusCode != http.StatusOK {
		t.Fatal(response.Status)
	}
	if text := p.metrics(); strings.Contains(text, "istio_requests_total{") {
		t.Errorf("a probe is counted:\n%s", text)
	}
	get(t, address, "pod", "/", nil)
	p.counted(t, "istio_requests_total{", `destination_service_name="InboundPassthroughCluster"`, `source_workload="unknown"`)
}

func TestGateway_OpensThePortsOfItsConfiguration(t *testing.T) {
	t.Parallel()
	c := mesh(echo(t))
	c.Listeners[0].Hosts = append(c.Listeners[0].Hosts, config.VirtualHost{Name: "safe", Domains: []string{"safe.lab"}, RedirectToHTTPS: true})
	c.Client.UpstreamSpan = true
	p := newProxied(t, "10.43.0.7:80", c)
	opened := make(chan string, 1)
	gateway := &relay.Gateway{Relay: p.Relay, Listen: func(ctx context.Context, address string) (net.Listener, error) {
		if address != ":80" {
			t.Errorf("it opens %s", address)
		}
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		opened <- listener.Addr().String()
		return listener, err
	}}
	gateway.Follow(t.Context(), c)
	gateway.Follow(t.Context(), c) // what is open stays
	address := <-opened
	response, body := get(t, address, "web", "/x", map[string]string{"X-Forwarded-For": "192.0.2.1"})
	if response.StatusCode != http.StatusOK || response.Header.Get("Server") != "istio-envoy" || !strings.Contains(body, "X-Forwarded-For=192.0.2.1,127.0.0.1") {
		t.Errorf("%s %v %q", response.Status, response.Header, body)
	}
	spans := p.finished(t, 2)
	if spans[0].Kind != trace.Client || spans[1].Kind != trace.Server || spans[0].Parent != spans[1].Span || !strings.Contains(body, fmt.Sprintf("-%x-01", spans[0].Span)) {
		t.Errorf("spans %+v %+v of %s", spans[0], spans[1], body)
	}
	if response, body := get(t, address, "unknown.lab", "/", nil); response.StatusCode != http.StatusNotFound || body != "" || response.Header.Get("Server") != "istio-envoy" {
		t.Errorf("an unknown host: %s %v %q", response.Status, response.Header, body)
	}
	p.counted(t, "istio_requests_total{", `response_code="404"`, `response_flags="NR"`)
	if response, _ := get(t, address, "safe.lab:80", "/x?y", nil); response.Header.Get("Location") != "https://safe.lab/x?y" {
		t.Errorf("a safe host: %s %v", response.Status, response.Header)
	}
	gateway.Follow(t.Context(), &config.Config{})
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			break
		}
		_ = conn.Close()
		if time.Now().After(deadline) {
			t.Fatal("a port that is no longer wanted is open")
		}
	}
}

func TestRelay_TracesAsItIsTold(t *testing.T) {
	t.Parallel()
	parent := map[string]string{"Traceparent": "00-" + strings.Repeat("ab", 16) + "-" + strings.Repeat("cd", 8) + "-01"}
	unsampled := map[string]string{"Traceparent": "00-" + strings.Repeat("ab", 16) + "-" + strings.Repeat("cd", 8) + "-00"}
	cases := map[string]struct {
		tracing *config.Tracing
		header  map[string]string
		spans   int
		want    string
	}{
		"nothing is traced, headers stay":     {nil, parent, 0, "Traceparent=" + parent["Traceparent"]},
		"a decision holds at 0 percent":       {&config.Tracing{Kind: config.TracingOTLPHTTP}, parent, 1, "Traceparent=00-" + strings.Repeat("ab", 16)},
		"a decision holds at 100 percent":     {&config.Tracing{Kind: config.TracingOTLPHTTP, Sampling: 100}, unsampled, 0, "-00\n"},
		"0 percent of those without decision": {&config.Tracing{Kind: config.TracingOTLPHTTP}, nil, 0, "-00\n"},
		"zipkin knows b3 alone":               {&config.Tracing{Kind: config.TracingZipkin}, parent, 0, "X-B3-Sampled=0"},
		"unless it is told of W3C's":          {&config.Tracing{Kind: config.TracingZipkin, W3C: true}, parent, 1, "X-B3-Traceid=" + strings.Repeat("ab", 16)},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := mesh(echo(t))
			c.Client = test.tracing
			p := newProxied(t, "10.43.0.7:80", c)
			_, body := get(t, p.listen(t, p.Outbound), "web", "/", test.header)
			p.counted(t, "istio_requests_total{")
			if !strings.Contains(body, test.want) {
				t.Errorf("the workload sees %q, want %q", body, test.want)
			}
			if spans := p.finished(t, test.spans); len(spans) != test.spans {
				t.Errorf("%d spans, want %d", len(spans), test.spans)
			}
		})
	}
}
