package provider_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/reach"
)

// answering is a world whose every way leads to one HTTP server.
func answering(t *testing.T, handler http.HandlerFunc) (*fakeWorld, *fakeEngine, string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	w, e := withCluster(t)
	w.http = server.Client()
	return w, e, server.URL
}

func TestHTTPCheck_NeverFailsAPlan(t *testing.T) {
	t.Parallel()
	w, _, address := answering(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Server", "istio-envoy")
		if r.Host != "page.example" {
			rw.WriteHeader(http.StatusNotFound)
		}
		_, _ = rw.Write([]byte("<title>Simple Bookstore App</title>"))
	})
	lab := newCore(t, w, nil)
	for name, c := range map[string]struct {
		config attrs
		want   string
	}{
		"passes":          {attrs{"host": "page.example", "contains": "Bookstore"}, "true true 200 istio-envoy "},
		"wrong status":    {attrs{"host": "other.example"}, "true false 404 istio-envoy The answer is 404, expected is one of [200]."},
		"expected status": {attrs{"host": "other.example", "expect_status": []any{404}}, "true true 404 istio-envoy "},
		"wrong page":      {attrs{"host": "page.example", "contains": "nginx"}, `true false 200 istio-envoy The page does not contain "nginx".`},
	} {
		c.config["url"] = address
		v, r := lab.read("lab_http_check", c.config)
		got := strings.Join([]string{textOf(t, v, "reachable"), textOf(t, v, "passed"), textOf(t, v, "status"), textOf(t, v, "server"), textOf(t, v, "reason")}, " ")
		if got != c.want || r.errors != "" {
			t.Errorf("%s: %s (%s)", name, got, r.errors)
		}
	}
	for _, gone := range []string{"http://127.0.0.1:1/", "http://name.invalid/", ":"} {
		v, r := lab.read("lab_http_check", attrs{"url": gone, "timeout": "2s"})
		if textOf(t, v, "reachable") != "false" || textOf(t, v, "passed") != "false" || textOf(t, v, "reason") == "" || r.errors != "" {
			t.Errorf("%s: %s %s", gone, textOf(t, v, "reason"), r.errors)
		}
	}
	if slices.ContainsFunc(w.ways, func(v reach.Via) bool { return v != reach.ViaLocal }) {
		t.Errorf("went %v", w.ways)
	}
}

func TestTraces_AndServiceGraph(t *testing.T) {
	t.Parallel()
	w, _, address := answering(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/search" {
			if q := r.URL.Query(); q.Get("q") != `{ resource.service.name = "productpage.default" }` || q.Get("start") == "" || q.Get("end") == "" {
				t.Errorf("searched %v", q)
			}
			_, _ = rw.Write([]byte(`{"traces":[{"traceID":"1","rootServiceName":"gateway","startTimeUnixNano":"1","durationMs":3}]}`))
			return
		}
		_, _ = rw.Write([]byte(`{"status":"success","data":{"resultType":"vector","result":[{"metric":{"source_workload":"a","destination_workload":"b"},"value":[1,"2"]}]}}`))
	})
	lab := newCore(t, w, nil)
	v, r := lab.read("lab_traces", attrs{"tempo_url": address, "service": "productpage.default"})
	if r.errors != "" || !strings.Contains(textOf(t, v, "traces"), "root_service=gateway") {
		t.Errorf("%s %s", textOf(t, v, "traces"), r.errors)
	}
	v, r = lab.read("lab_service_graph", attrs{"prometheus_url": address})
	if r.errors != "" || !strings.Contains(textOf(t, v, "mermaid"), "flowchart LR") || !strings.Contains(textOf(t, v, "text"), "a -> b") {
		t.Errorf("%s %s", textOf(t, v, "text"), r.errors)
	}
	if !slices.Equal(w.ways, []reach.Via{reach.ViaCluster, reach.ViaCluster}) {
		t.Errorf("went %v", w.ways)
	}
	w.http = nil
	for name, config := range map[string]attrs{
		"lab_traces": {"tempo_url": address, "query": "{}"}, "lab_service_graph": {"kiali_url": address, "namespaces": []any{"default"}},
	} {
		v, r = lab.read(name, config)
		if r.errors != "" || textOf(t, v, "reachable") != "false" || !strings.Contains(textOf(t, v, "reason"), "Nobody answers") {
			t.Errorf("%s: %s %s", name, textOf(t, v, "reason"), r.errors)
		}
	}
}

func TestTraffic_IsSentToTheLabAlone(t *testing.T) {
	t.Parallel()
	w, e, address := answering(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Traceparent") == "" || r.Header.Get("X-Team") != "lab" {
			t.Errorf("headers %v", r.Header)
		}
		if r.URL.Path == "/broken" {
			rw.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	lab := newCore(t, w, nil)
	config := attrs{"url": address, "requests": 5, "headers": map[string]any{"X-Team": "lab"}}
	_, r := lab.apply("lab_traffic", nil, config)
	if !strings.Contains(r.errors, "127.0.0.1") || !strings.Contains(r.errors, "allow_external") {
		t.Errorf("traffic to an address outside of the lab: %q", r.errors)
	}
	e.set(func(e *fakeEngine) {
		pool := object.New(object.Ref{APIVersion: "metallb.io/v1beta1", Kind: "IPAddressPool", Namespace: "metallb-system", Name: "p"})
		object.Set(pool, []any{"127.0.0.0/24"}, "spec", "addresses")
		e.live[object.RefOf(pool)] = pool
	})
	s, r := lab.apply("lab_traffic", nil, config)
	if r.errors != "" {
		t.Fatal(r.errors)
	}
	got := strings.Join([]string{textOf(t, s.value, "sent"), textOf(t, s.value, "succeeded"), textOf(t, s.value, "status_counts")}, " ")
	if got != "5 5 {200=5}" || strings.Count(textOf(t, s.value, "trace_ids"), " ") != 4 {
		t.Errorf("%s %s", got, textOf(t, s.value, "trace_ids"))
	}
	if p := lab.plan("lab_traffic", s, config); p.action != "nothing" {
		t.Errorf("the next plan: %s", p.action)
	}
	config["triggers"] = map[string]any{"again": "yes"}
	if p := lab.plan("lab_traffic", s, config); p.action != "replace" {
		t.Errorf("a trigger: %s", p.action)
	}
	config["url"], config["min_success"] = address+"/broken", 0.5
	if _, r := lab.apply("lab_traffic", nil, config); !strings.Contains(r.errors, "5 sent, 0 answered well, 5 x 503") {
		t.Errorf("errors %q", r.errors)
	}
	if r := lab.destroy("lab_traffic", s); r.errors != "" {
		t.Error(r.errors)
	}
}

// trace answers as Tempo does for a trace of these services, each called by the one before.
func trace(services ...string) string {
	var batches []string
	for i, s := range services {
		batches = append(batches, fmt.Sprintf(`{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":%q}}]},"scopeSpans":[{"spans":[{"spanId":"%d","parentSpanId":"%d","startTimeUnixNano":"1","endTimeUnixNano":"2"}]}]}`, s, i+1, i))
	}
	return `{"batches":[` + strings.Join(batches, ",") + `]}`
}

func TestTraceCheck_ProvesOrNamesTheHop(t *testing.T) {
	t.Parallel()
	var found string
	w, e, address := answering(t, func(rw http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/api/traces/") {
			return
		}
		if found == "" {
			rw.WriteHeader(http.StatusNotFound)
		}
		_, _ = rw.Write([]byte(found))
	})
	lab := newCore(t, w, nil)
	config := attrs{
		"url": address, "tempo_url": address, "services": []any{"gateway", "page"}, "deadline": "1s", "allow_external": true,
		"collector": attrs{"namespace": "otel-system", "service": "otel-collector"},
	}
	mesh := object.New(object.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: "istio-system", Name: "istio"})
	object.Set(mesh, "defaultConfig: {tracing: {zipkin: {address: otel-collector.otel-system:9411}}}", "data", "mesh")
	e.set(func(e *fakeEngine) { e.live[object.RefOf(mesh)] = mesh })

	found = trace("gateway", "page")
	s, r := lab.apply("lab_trace_check", nil, config)
	if r.errors != "" || !strings.Contains(r.warnings, "samples 1 %") {
		t.Fatalf("%s, warnings %q", r.errors, r.warnings)
	}
	if textOf(t, s.value, "spans") != "2" || textOf(t, s.value, "services_seen") != "[gateway page]" || !strings.Contains(textOf(t, s.value, "graph"), "gateway -> page") {
		t.Errorf("spans %s, services %s, graph %s", textOf(t, s.value, "spans"), textOf(t, s.value, "services_seen"), textOf(t, s.value, "graph"))
	}
	if p := lab.plan("lab_trace_check", s, config); p.action != "nothing" {
		t.Errorf("the next plan: %s", p.action)
	}

	found = trace("gateway")
	_, r = lab.apply("lab_trace_check", nil, config)
	for _, want := range []string{"arrived in part: spans of gateway, none of page", "collector is broken", "there is no Service otel-system/otel-collector", "lab_tracing_pipeline"} {
		if !strings.Contains(r.errors, want) {
			t.Errorf("%q is missing in %s", want, r.errors)
		}
	}
	found = ""
	object.Set(mesh, "enableTracing: false", "data", "mesh")
	_, r = lab.apply("lab_trace_check", nil, config)
	for _, want := range []string{"did not arrive", "mesh tracing is broken", "enableTracing: false", "lab_istio_mesh.tracing"} {
		if !strings.Contains(r.errors, want) {
			t.Errorf("%q is missing in %s", want, r.errors)
		}
	}
	w.err = fault.Newf(fault.Unreachable, "down")
	if _, r = lab.apply("lab_trace_check", nil, config); !strings.Contains(r.errors, "no hop is found broken") {
		t.Errorf("without a cluster: %s", r.errors)
	}
}
