package verify_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/verify"
)

func series(labels, value string) string {
	return `{"metric":{` + labels + `},"value":[1700000000,"` + value + `"]}`
}

func vector(results ...string) string {
	return `{"status":"success","data":{"resultType":"vector","result":[` + strings.Join(results, ",") + `]}}`
}

func TestMetrics_ServiceGraph(t *testing.T) {
	t.Parallel()
	const page = `"source_workload":"gateway","source_workload_namespace":"istio-system","destination_workload":"productpage-v1","destination_workload_namespace":"default"`
	const other = `"source_workload":"unknown","source_workload_namespace":"unknown","destination_workload":"x","destination_workload_namespace":"other"`
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query().Get("query")
		if !strings.Contains(query, "[60s]") {
			t.Errorf("asked %s", query)
		}
		if strings.Contains(query, `response_code=~"5.."`) {
			_, _ = w.Write([]byte(vector(series(page, "0.5"))))
			return
		}
		_, _ = w.Write([]byte(vector(series(page, "2"), series(other, "1"), series(`"source_workload":"idle"`, "0"))))
	})
	metrics := verify.NewMetrics(server.URL, server.Client())
	got, err := metrics.ServiceGraph(t.Context(), verify.GraphOptions{Namespaces: []string{"default"}, Window: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	want := verify.Graph{
		Nodes: []string{"default/productpage-v1", "istio-system/gateway"},
		Edges: []verify.Edge{{From: "istio-system/gateway", To: "default/productpage-v1", Rate: 2, Errors: 0.25}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if text := got.Text(); text != "istio-system/gateway -> default/productpage-v1  2/s, 25.0 % errors" {
		t.Errorf("%q", text)
	}
	wantMermaid := "flowchart LR\n  n0[\"default/productpage-v1\"]\n  n1[\"istio-system/gateway\"]\n  n1 -->|\"2/s, 25.0 % errors\"| n0\n  linkStyle 0 stroke:#c00\n"
	if diff := cmp.Diff(wantMermaid, got.Mermaid()); diff != "" {
		t.Error(diff)
	}
	all, err := metrics.ServiceGraph(t.Context(), verify.GraphOptions{Window: time.Minute})
	if err != nil || len(all.Edges) != 2 || all.Edges[1].From != "unknown" {
		t.Errorf("%+v %v", all, err)
	}
}

func TestMetrics_SpanGraph(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Query().Get("query"), "failed") {
			_, _ = w.Write([]byte(vector()))
			return
		}
		_, _ = w.Write([]byte(vector(series(`"client":"frontend","server":"say \"hi\""`, "1"))))
	})
	got, err := verify.NewMetrics(server.URL, server.Client()).SpanGraph(t.Context(), verify.GraphOptions{})
	if err != nil || len(got.Edges) != 1 || got.Edges[0].To != `say "hi"` || !strings.Contains(got.Mermaid(), "say #quot;hi#quot;") {
		t.Errorf("%+v %v", got, err)
	}
}

func TestMetrics_RefusesWhatIsNoVector(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"an error": `{"status":"error","error":"parse error"}`, "a scalar": `{"status":"success","data":{"resultType":"matrix","result":[]}}`,
		"no number": vector(series("", "x")), "no JSON": "<html>",
	} {
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
		if _, err := verify.NewMetrics(server.URL, server.Client()).Query(t.Context(), "up"); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKiali_ServiceGraph(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/kiali/api/namespaces/graph" || r.URL.Query().Get("namespaces") != "default" || r.URL.Query().Get("duration") != "300s" {
			t.Errorf("asked %s", r.URL)
		}
		_, _ = w.Write([]byte(`{"elements":{"nodes":[{"data":{"id":"1","namespace":"default","workload":"a"}},{"data":{"id":"2","namespace":"default","service":"b"}}],
			"edges":[{"data":{"source":"1","target":"2","traffic":{"protocol":"http","rates":{"http":"1.50","httpPercentErr":"10.0"}}}}]}}`))
	})
	got, err := verify.NewKiali(server.URL+"/kiali", server.Client()).ServiceGraph(t.Context(), verify.GraphOptions{Namespaces: []string{"default"}})
	want := []verify.Edge{{From: "default/a", To: "default/b", Rate: 1.5, Errors: 0.1}}
	if err != nil || cmp.Diff(want, got.Edges) != "" {
		t.Errorf("%+v %v", got, err)
	}
}
