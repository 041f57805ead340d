package acceptance_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab"
)

// traced is a stand-in for a whole tracing chain: a page, and a store with Tempo's HTTP API that has a trace of one span
// for every request that the page got.
type traced struct {
	url  string
	mu   sync.Mutex
	ids  []string
	lost bool
}

// newTraced serves on the lab's own address, which hosts reach.
func newTraced(t *testing.T, l *lab.Lab) *traced {
	t.Helper()
	charts, err := url.Parse(l.EnvInside()["LAB_CHARTS"])
	if err != nil {
		t.Fatal(err)
	}
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", net.JoinHostPort(charts.Hostname(), "0"))
	if err != nil {
		t.Fatal(err)
	}
	s := &traced{url: "http://" + listener.Addr().String()}
	server := &http.Server{Handler: s}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return s
}

// ServeHTTP implements http.Handler.
func (s *traced) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, asked := strings.CutPrefix(r.URL.Path, "/api/traces/")
	switch {
	case r.URL.Path == "/page":
		s.ids = append(s.ids, strings.Split(r.Header.Get("Traceparent"), "-")[1])
	case r.URL.Path == "/api/search":
		_, _ = fmt.Fprintf(w, `{"traces":[{"traceID":%q,"rootServiceName":"page","startTimeUnixNano":"1","durationMs":1}]}`, s.ids[len(s.ids)-1])
	case asked && !s.lost && strings.Contains(strings.Join(s.ids, " "), id):
		_, _ = w.Write([]byte(`{"batches":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"page"}}]},"scopeSpans":[{"spans":[{"spanId":"1","startTimeUnixNano":"1","endTimeUnixNano":"2"}]}]}]}`))
	case asked:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (s *traced) lose() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = true
}

// TestAccProof sends traffic into a cluster over nothing but one node's SSH port, finds its trace, and names a broken hop.
func TestAccProof(t *testing.T) {
	t.Parallel()
	l, host := oneHost(t)
	w := newWorkspace(t, l)
	base := server(l, host)
	w.config(base)
	w.succeed(w.apply())
	standIn := newTraced(t, l)

	t.Log("services of the cluster are asked by their names, through the API server and SSH")
	inside := `
resource "lab_sample_app" "nginx" {
  cluster = lab_rke2_node.server.cluster
  app     = "nginx"
}

data "lab_http_check" "missing" {
  cluster = lab_rke2_node.server.cluster
  url     = "http://nothing.default"
  via     = "cluster"
}

data "lab_http_check" "nginx" {
  cluster    = lab_rke2_node.server.cluster
  url        = "http://nginx.default.svc.cluster.local"
  via        = "cluster"
  depends_on = [lab_sample_app.nginx]
}

resource "lab_traffic" "inside" {
  cluster     = lab_rke2_node.server.cluster
  url         = "http://${lab_sample_app.nginx.service}"
  via         = "cluster"
  requests    = 20
  min_success = 1
}

output "passed" {
  value = "${data.lab_http_check.nginx.passed} ${data.lab_http_check.missing.reachable} ${lab_traffic.inside.succeeded}"
}
`
	w.config(base, inside)
	w.says(w.succeed(w.apply()), `passed = "true false 20"`)
	w.noChanges()

	t.Log("Ctrl-C ends traffic at once, and what was sent is said")
	w.config(base, inside, `
resource "lab_traffic" "long" {
  cluster  = lab_rke2_node.server.cluster
  url      = "http://${lab_sample_app.nginx.service}"
  via      = "cluster"
  requests = 1000
  rate     = 2
}
`)
	r, took := w.interrupt(func(said string) bool { return strings.Contains(said, "lab_traffic.long: Still creating") })
	w.fail(r, "was interrupted", "Of 1000 requests until then: ", " sent, ", "Nothing of it is kept in the state")
	if took > 10*time.Second {
		t.Errorf("Ctrl-C took %s", took)
	}

	t.Log("a network that is away in the middle of traffic is counted, and traffic goes on when it is back")
	w.config(base, inside, `
resource "lab_traffic" "cut" {
  cluster         = lab_rke2_node.server.cluster
  url             = "http://${lab_sample_app.nginx.service}"
  via             = "cluster"
  requests        = 60
  rate            = 3
  request_timeout = "2s"
}

output "cut" {
  value = "${lab_traffic.cut.sent} sent, ${lab_traffic.cut.succeeded > 20} ${lab_traffic.cut.succeeded < 60}"
}
`)
	ctx, cancel := context.WithTimeout(t.Context(), commandLimit)
	defer cancel()
	applying := w.until(ctx, func(said string) bool { return strings.Contains(said, "lab_traffic.cut: Creating") })
	time.Sleep(5 * time.Second) // some requests pass before, and some after
	w.must(host.Partition(t.Context()))
	time.Sleep(4 * time.Second)
	w.must(host.Heal(t.Context()))
	w.says(w.succeed(applying.wait()), `cut    = "60 sent, true true"`)

	t.Log("traffic stays in the lab unless it is told to leave it")
	check := func(more string) string {
		return fmt.Sprintf(`
resource "lab_trace_check" "page" {
  cluster        = lab_rke2_node.server.cluster
  url            = "%[1]s/page"
  services       = ["page"]
  tempo_url      = %[1]q
  tempo_via      = "node"
  deadline       = "3s"
  %[2]s
}
`, standIn.url, more)
	}
	w.config(base, inside, check(""))
	w.fail(w.apply(), "allow_external = true")

	t.Log("a trace that arrives is proof, and one that does not names its hop")
	w.config(base, inside, check("allow_external = true"), fmt.Sprintf(`
data "lab_traces" "page" {
  cluster    = lab_rke2_node.server.cluster
  tempo_url  = %q
  via        = "node"
  service    = "page"
  depends_on = [lab_trace_check.page]
}

output "found" {
  value = "${lab_trace_check.page.trace_id == data.lab_traces.page.traces[0].trace_id} ${lab_trace_check.page.spans}"
}
`, standIn.url))
	w.says(w.succeed(w.apply()), `found  = "true 1"`)
	w.noChanges()
	standIn.lose()
	w.config(base, inside, check(`allow_external = true
  triggers       = { again = "yes" }`))
	w.fail(w.apply(), "No trace: mesh tracing is broken", "did not arrive", "there is no mesh in namespace istio-system", "address: fine")
	w.config(base)
	w.succeed(w.apply())
}
