package provider_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// traced is a page, a store and a Grafana at one address.
type traced struct {
	mu sync.Mutex
	// store answers for the trace that was asked for, page for the page; nil is a good answer.
	store, page http.HandlerFunc
	grafana     http.HandlerFunc
	metrics     http.HandlerFunc
	pages       int
}

func (s *traced) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	answer := s.grafana
	switch {
	case r.URL.Path == "/page":
		s.pages++
		answer = s.page
	case strings.HasPrefix(r.URL.Path, "/api/traces/"):
		answer = s.store
	case r.URL.Path == "/metrics":
		answer = s.metrics
	case strings.HasPrefix(r.URL.Path, "/ready"), strings.HasPrefix(r.URL.Path, "/status"):
		answer = nil
	}
	s.mu.Unlock()
	if answer != nil {
		answer(rw, r)
	}
}

func says(status int, body string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.WriteHeader(status)
		_, _ = rw.Write([]byte(body))
	}
}

// checked is a lab with a traced page, and the configuration of a check of it.
func checked(t *testing.T, s *traced) (*core, *fakeWorld, *fakeEngine, attrs) {
	t.Helper()
	w, e, address := answering(t, s.ServeHTTP)
	return newCore(t, w, nil), w, e, attrs{
		"url": address + "/page", "tempo_url": address, "services": []any{"page"}, "deadline": "1s", "allow_external": true, "mesh_namespace": "",
	}
}

func (e *fakeEngine) holds(t *testing.T, texts ...string) {
	t.Helper()
	e.set(func(e *fakeEngine) {
		for _, text := range texts {
			live := object.Object{}
			if err := yaml.Unmarshal([]byte(text), &live); err != nil {
				t.Fatal(err)
			}
			e.live[object.RefOf(live)] = live
		}
	})
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in %s", part, text)
		}
	}
}

const (
	meshOf    = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata:\n  mesh: |\n    extensionProviders: [{name: otel, opentelemetry: {service: otel-collector.otel-system, port: 4317}}]\n"
	telemetry = "apiVersion: telemetry.istio.io/v1\nkind: Telemetry\nmetadata: {name: mesh, namespace: istio-system}\nspec: {tracing: [{providers: [{name: otel}], randomSamplingPercentage: %d}]}"
	silent    = "apiVersion: telemetry.istio.io/v1\nkind: Telemetry\nmetadata: {name: quiet, namespace: default}\nspec: {tracing: [{disableSpanReporting: true}]}"
	pagePod   = "apiVersion: v1\nkind: Pod\nmetadata: {name: page-1, namespace: default, labels: {app: page}}\nspec: {containers: [{name: istio-proxy, image: proxyv2:1.30.3}]}\nstatus: {conditions: [{type: Ready, status: 'True'}]}"
)

// What the store says decides what the finding is, and how long is waited for it.
func TestTraceCheck_GoesByWhatTheStoreSays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		store http.HandlerFunc
		says  []string
		fast  bool
	}{
		"nothing":     {says(404, ""), []string{"no hop is found broken", "gave up after", "the store does not have it"}, false},
		"half of it":  {says(200, trace("gateway")), []string{"arrived in part: spans of gateway, none of page"}, false},
		"no tenant":   {says(401, "no org id"), []string{"store is broken", "401 Unauthorized: no org id", "Set lab_trace_check.tenant"}, true},
		"no right":    {says(403, ""), []string{"store is broken", "403 Forbidden"}, true},
		"another one": {says(200, "<html><title>nginx</title>"), []string{"store is broken", `a page of HTML, titled "nginx"`, "lab_tempo.endpoints.query_url"}, true},
		"half JSON":   {says(200, `{"batches":[`), []string{"store is broken", "unexpected end of JSON input"}, true},
		"too busy": {func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Retry-After", "60")
			rw.WriteHeader(429)
		}, []string{"store is broken", "429 Too Many Requests", "come back in 1m0s"}, true},
		"ill": {says(503, "ingester is down"), []string{"store is broken", "503 Service Unavailable: ingester is down"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lab, _, _, config := checked(t, &traced{store: c.store})
			config["deadline"] = map[bool]string{true: "1m", false: "1s"}[c.fast]
			began := time.Now()
			s, r := lab.apply("lab_trace_check", nil, config)
			if contains(t, r.errors, c.says...); s != nil || time.Since(began) > 20*time.Second {
				t.Errorf("after %s: %v", time.Since(began), s)
			}
		})
	}
}

func TestTraceCheck_GivesWhatAReviewerWants(t *testing.T) {
	t.Parallel()
	site := &traced{store: says(200, trace("gateway", "page")), grafana: func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/health" {
			_, _ = rw.Write([]byte(`{"version":"12.1.0","database":"ok"}`))
			return
		}
		_, _ = rw.Write([]byte(`{"type":"tempo","status":"OK"}`))
	}}
	lab, _, _, config := checked(t, site)
	config["grafana"] = attrs{"url": config["tempo_url"], "datasource_uid": "tempo", "external_url": "http://grafana.example/"}
	s, r := lab.apply("lab_trace_check", nil, config)
	if r.errors != "" {
		t.Fatal(r.errors)
	}
	contains(t, r.warnings, "Clocks are apart") // the trace of the tests is of 1970
	id := textOf(t, s.value, "trace_id")
	link, err := url.Parse(textOf(t, s.value, "explore_url"))
	if err != nil || link.Host != "grafana.example" || link.Path != "/explore" {
		t.Errorf("link %s %v", link, err)
	}
	contains(t, link.Query().Get("panes"), id, `"uid":"tempo"`, `"queryType":"traceql"`, `"from":"`)
	contains(t, textOf(t, s.value, "commands"), "curl -s ", "/api/traces/"+id)
	contains(t, textOf(t, s.value, "graph"), "gateway -> page  1 call")
	contains(t, textOf(t, s.value, "mermaid"), "flowchart LR", `n0 -->|"1 call"| n1`)
	if textOf(t, s.value, "duration_ms") == "" || textOf(t, s.value, "spans") != "2" {
		t.Errorf("duration %s, spans %s", textOf(t, s.value, "duration_ms"), textOf(t, s.value, "spans"))
	}
}

func TestTraceCheck_CommandsReachIntoTheCluster(t *testing.T) {
	t.Parallel()
	lab, w, _, config := checked(t, &traced{store: says(200, trace("page")), grafana: says(200, `{"version":"9.3.6","type":"tempo","status":"OK"}`)})
	to, err := url.Parse(config["tempo_url"].(string))
	if err != nil {
		t.Fatal(err)
	}
	w.http = &http.Client{Transport: toOne{to}}
	config["tempo_url"], config["grafana"] = "http://tempo.tempo.svc:3200", attrs{"url": "http://graf.monitoring", "datasource_uid": "tempo"}
	s, r := lab.apply("lab_trace_check", nil, config)
	if r.errors != "" {
		t.Fatal(r.errors)
	}
	contains(t, textOf(t, s.value, "commands"),
		"kubectl get --raw '/api/v1/namespaces/tempo/services/tempo:3200/proxy/api/traces/"+textOf(t, s.value, "trace_id")+"'",
		"kubectl -n monitoring port-forward svc/graf 3000:80")
	contains(t, textOf(t, s.value, "explore_url"), "http://localhost:3000/explore?left=")
	config["tenant"] = "lab"
	if s, r = lab.apply("lab_trace_check", s, config); r.errors != "" {
		t.Fatal(r.errors)
	}
	contains(t, textOf(t, s.value, "commands"), "kubectl -n tempo port-forward svc/tempo 3200:3200", "-sH 'X-Scope-OrgID: lab' http://localhost:3200/api/traces/")
}

// toOne sends every request to one server, as a way into a cluster would.
type toOne struct{ to *url.URL }

func (o toOne) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = o.to.Scheme, o.to.Host
	return http.DefaultTransport.RoundTrip(r)
}

// toViewers answers as a Grafana does whose anonymous visitors may query data sources and not see what they are.
func toViewers(status int, health string) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/health") {
			says(http.StatusForbidden, `{"message":"Permissions needed: datasources:read"}`)(rw, r)
			return
		}
		says(status, health)(rw, r)
	}
}

// A trace that nobody can look at is half a proof.
func TestTraceCheck_WantsTheTraceToBeSeen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		grafana          http.HandlerFunc
		errors, warnings string
	}{
		"no data source": {says(404, ""), `Grafana has no data source with uid "tempo"`, ""},
		"a sick one": {func(rw http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/health") {
				rw.WriteHeader(http.StatusBadRequest)
			}
			_, _ = rw.Write([]byte(`{"type":"tempo","status":"ERROR","message":"dial tcp: refused"}`))
		}, "is not healthy: dial tcp: refused", ""},
		"another store":          {says(200, `{"type":"tempo","url":"http://other.tempo:3200"}`), "", "leads to http://other.tempo:3200"},
		"a login":                {says(401, ""), "", "whether it can be seen is not known"},
		"a viewer's":             {toViewers(200, `{"status":"OK"}`), "", ""},
		"a viewer's sick one":    {toViewers(400, `{"status":"ERROR","message":"dial tcp: refused"}`), "is not healthy: dial tcp: refused", ""},
		"a viewer's missing one": {toViewers(404, `{"message":"Data source not found"}`), `Grafana has no data source with uid "tempo"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lab, _, _, config := checked(t, &traced{store: says(200, trace("page")), grafana: c.grafana})
			config["grafana"] = attrs{"url": config["tempo_url"], "datasource_uid": "tempo"}
			s, r := lab.apply("lab_trace_check", nil, config)
			if c.errors != "" {
				contains(t, r.errors, "The trace arrived, but nobody can see it: grafana is broken", c.errors, "lab_monitoring.grafana.tempo_datasource_uid")
			}
			if (c.errors == "") != (s != nil) || (c.errors == "") != (r.errors == "") {
				t.Errorf("state %v, errors %s", s, r.errors)
			}
			if contains(t, r.warnings, c.warnings); c.warnings == "" && strings.Contains(r.warnings, "seen") {
				t.Error(r.warnings)
			}
		})
	}
}

// A mesh that makes no spans is not waited for as long as one that may be late.
func TestTraceCheck_DoesNotWaitForWhatNobodyMakes(t *testing.T) {
	t.Parallel()
	lab, _, e, config := checked(t, &traced{store: says(404, "")})
	e.holds(t, meshOf, fmt.Sprintf(telemetry, 100), silent, pagePod)
	config["services"], config["mesh_namespace"], config["deadline"] = []any{"page.default"}, "istio-system", "5m"
	began := time.Now()
	_, r := lab.apply("lab_trace_check", nil, config)
	contains(t, r.errors, "mesh tracing is broken", "Telemetry default/quiet has disableSpanReporting: true", "gave up after 10s")
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
}

// What is counted is what came of this request, and the collector's own log says why it came to nothing.
func TestTraceCheck_TellsWhatTheCollectorSays(t *testing.T) {
	t.Parallel()
	asked := 0
	site := &traced{store: says(404, ""), metrics: func(rw http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = fmt.Fprintf(rw, "otelcol_receiver_accepted_spans_total %d\notelcol_exporter_sent_spans_total 100\notelcol_exporter_send_failed_spans_total %d\n", 100+4*asked, 50+2*asked)
	}}
	lab, w, e, config := checked(t, site)
	to, err := url.Parse(config["tempo_url"].(string))
	if err != nil {
		t.Fatal(err)
	}
	w.http = &http.Client{Transport: toOne{to}}
	e.holds(t, "apiVersion: v1\nkind: Service\nmetadata: {name: otel-collector, namespace: otel-system}\nspec: {ports: [{port: 4317}]}",
		"apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: otel, namespace: otel-system, labels: {kubernetes.io/service-name: otel-collector}}\nendpoints: [{conditions: {ready: true}}]",
		"apiVersion: v1\nkind: Pod\nmetadata: {name: otel-1, namespace: otel-system, labels: {app.kubernetes.io/name: otel-collector}}")
	config["collector"] = attrs{"namespace": "otel-system", "service": "otel-collector", "port": 4317}
	_, r := lab.apply("lab_trace_check", nil, config)
	contains(t, r.errors, "exporter is broken", "could not export 2 spans since the request was sent", "exported 0", "its log says: Exporting failed in otel-system/otel-1", "lab_tracing_pipeline.tempo_endpoint")
}

func TestTraceCheck_CtrlCEndsItAtOnce(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]string{"while the page is slow": "page", "while the trace is late": "store"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var lab *core
			site := &traced{store: says(404, "")}
			lab, _, _, config := checked(t, site)
			config["deadline"], config["request_timeout"] = "10m", "5m"
			stop := hanging(0, 1, func() { go lab.interrupt() })
			site.mu.Lock()
			if at == "page" {
				site.page = stop
			} else {
				site.store = stop
			}
			site.mu.Unlock()
			began := time.Now()
			s, r := lab.apply("lab_trace_check", nil, config)
			contains(t, r.errors, "was interrupted", "Nothing is kept in the state")
			if took := time.Since(began); took > 10*time.Second || s != nil || site.pages != 1 {
				t.Errorf("it took %s, %d requests, state %v", took, site.pages, s)
			}
		})
	}
}

func TestTraceCheck_ThatCannotEndInTimeIsRefusedAtPlan(t *testing.T) {
	t.Parallel()
	lab, _, _, config := checked(t, &traced{})
	config["deadline"] = "30m"
	contains(t, lab.plan("lab_trace_check", nil, config).errors, "The trace may take 30m0s, and timeouts.create", "is 20m0s")
	config["timeouts"] = attrs{"create": "45m"}
	if p := lab.plan("lab_trace_check", nil, config); p.errors != "" {
		t.Error(p.errors)
	}
}

func TestTraceCheck_WithoutAClusterSaysWhatNobodyLookedAt(t *testing.T) {
	t.Parallel()
	lab, w, _, config := checked(t, &traced{store: says(404, "")})
	w.err = fault.Newf(fault.Unreachable, "the API server is down")
	_, r := lab.apply("lab_trace_check", nil, config)
	contains(t, r.errors, "no hop is found broken", "workloads: unknown: could not look: the API server is down", "collector: unknown")
}

func TestTraceCheck_NamesAnAddressThatDoesNotResolve(t *testing.T) {
	t.Parallel()
	lab, _, _, config := checked(t, &traced{})
	config["url"], config["allow_external"] = "http://bookinfo.invalid/productpage", false
	_, r := lab.apply("lab_trace_check", nil, config)
	contains(t, r.errors, "No trace: address is broken", "bookinfo.invalid", "name in host")
}
