package stats_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/stats"
)

func scrape(t *testing.T, s *stats.Stats) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	s.Handler().ServeHTTP(recorder, httptest.NewRequest("GET", "/stats/prometheus", nil))
	return recorder.Body.String()
}

// line finds a metric that has all of some labels.
func line(text, metric string, labels ...string) string {
	for one := range strings.SplitSeq(text, "\n") {
		has := strings.HasPrefix(one, metric+"{")
		for _, label := range labels {
			has = has && strings.Contains(one, label)
		}
		if has {
			return one
		}
	}
	return ""
}

func TestStats_TellOfRequestsAsIstioDoes(t *testing.T) {
	t.Parallel()
	s := stats.New()
	page := &config.Workload{Name: "productpage-v1", Namespace: "shop", App: "productpage", Version: "v1", CanonicalName: "productpage", CanonicalRevision: "v1", ClusterName: "Kubernetes"}
	s.Request(stats.Request{
		Reporter: stats.Source, From: page, Service: config.Service{Host: "details.shop.svc.cluster.local", Name: "details", Namespace: "shop"},
		Protocol: "http", Code: 503, Flags: "UF", Duration: 30 * time.Millisecond,
	})
	s.Request(stats.Request{Reporter: stats.Destination, To: page, Protocol: "http", Code: 200})
	text := scrape(t, s)
	if got := line(text, "istio_requests_total", `reporter="source"`, `source_workload="productpage-v1"`, `source_workload_namespace="shop"`,
		`source_canonical_service="productpage"`, `source_canonical_revision="v1"`, `source_app="productpage"`, `source_version="v1"`, `source_cluster="Kubernetes"`,
		`destination_service="details.shop.svc.cluster.local"`, `destination_service_name="details"`, `destination_service_namespace="shop"`,
		`destination_workload="unknown"`, `response_code="503"`, `response_flags="UF"`, `request_protocol="http"`, `connection_security_policy="unknown"`); !strings.HasSuffix(got, " 1") {
		t.Errorf("the source's request is not counted:\n%s", text)
	}
	if line(text, "istio_requests_total", `reporter="destination"`, `source_workload="unknown"`, `destination_workload="productpage-v1"`,
		`response_flags="-"`, `connection_security_policy="none"`) == "" {
		t.Errorf("the destination's request is not counted:\n%s", text)
	}
	if got := line(text, "istio_request_duration_milliseconds_bucket", `reporter="source"`, `le="25"`); !strings.HasSuffix(got, " 0") {
		t.Errorf("30 ms are not more than 25: %s", got)
	}
	if got := line(text, "istio_request_duration_milliseconds_bucket", `reporter="source"`, `le="50"`); !strings.HasSuffix(got, " 1") {
		t.Errorf("30 ms are less than 50: %s", got)
	}
}

func TestStats_TellOfConnectionsAndSpans(t *testing.T) {
	t.Parallel()
	s := stats.New()
	closed := s.Opened(stats.Request{Reporter: stats.Source, Protocol: "tcp"})
	if text := scrape(t, s); line(text, "istio_tcp_connections_opened_total") == "" || line(text, "istio_tcp_connections_closed_total") != "" {
		t.Errorf("an open connection is counted otherwise:\n%s", text)
	}
	closed(7, 3)
	s.Spans(config.TracingZipkin, false, 4)
	text := scrape(t, s)
	for metric, want := range map[string]string{
		"istio_tcp_connections_closed_total": " 1", "istio_tcp_sent_bytes_total": " 7", "istio_tcp_received_bytes_total": " 3",
		"envoy_tracing_spans_total": `outcome="dropped"} 4`,
	} {
		if got := line(text, metric); !strings.HasSuffix(got, want) {
			t.Errorf("%s is %q, want %s", metric, got, want)
		}
	}
}
