// Package stats knows the metrics by which Istio's proxies tell of requests.
package stats

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
)

// Who reports a request.
const (
	Source      = "source"
	Destination = "destination"
)

// Request is one request, or one connection, that a proxy passed on.
type Request struct {
	Reporter string
	// From and To are the two workloads; nil where a proxy does not know the other side.
	From, To *config.Workload
	Service  config.Service
	// Protocol is "http" or "tcp".
	Protocol string
	Code     int
	// Flags are Envoy's response flags, "UF"; empty is none.
	Flags          string
	Duration       time.Duration
	Sent, Received int64
}

// Stats are the metrics of one proxy.
type Stats struct {
	registry                            *prometheus.Registry
	requests                            *prometheus.CounterVec
	duration, requestSize, responseSize *prometheus.HistogramVec
	opened, closed, sent, received      *prometheus.CounterVec
	spans                               *prometheus.CounterVec
}

// labels of all metrics, in the order of [values] (istio.io/docs/reference/config/metrics; istio:pilot/pkg/networking/core and
// istio/proxy:source/extensions/filters/http/istio_stats/istio_stats.cc).
var labels = []string{ //nolint:gochecknoglobals // a constant list
	"reporter", "source_workload", "source_workload_namespace", "source_canonical_service", "source_canonical_revision", "source_app", "source_version",
	"source_cluster", "source_principal", "destination_workload", "destination_workload_namespace", "destination_canonical_service",
	"destination_canonical_revision", "destination_app", "destination_version", "destination_cluster", "destination_principal",
	"destination_service", "destination_service_name", "destination_service_namespace", "request_protocol", "response_flags",
	"connection_security_policy",
}

// New makes the metrics of a proxy, all without values.
func New() *Stats {
	s := &Stats{registry: prometheus.NewRegistry()}
	withCode := append([]string{"response_code", "grpc_response_status"}, labels...)
	counter := func(name, help string, labels []string) *prometheus.CounterVec {
		vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		s.registry.MustRegister(vec)
		return vec
	}
	histogram := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		vec := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, withCode)
		s.registry.MustRegister(vec)
		return vec
	}
	// Envoy's default buckets (envoy:source/common/stats/histogram_impl.cc).
	buckets := []float64{0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000}
	s.requests = counter("istio_requests_total", "Requests.", withCode)
	s.duration = histogram("istio_request_duration_milliseconds", "Durations of requests.", buckets)
	s.requestSize = histogram("istio_request_bytes", "Sizes of requests.", buckets)
	s.responseSize = histogram("istio_response_bytes", "Sizes of responses.", buckets)
	s.opened = counter("istio_tcp_connections_opened_total", "Connections.", labels)
	s.closed = counter("istio_tcp_connections_closed_total", "Connections that ended.", labels)
	s.sent = counter("istio_tcp_sent_bytes_total", "Bytes of responses.", labels)
	s.received = counter("istio_tcp_received_bytes_total", "Bytes of requests.", labels)
	s.spans = counter("envoy_tracing_spans_total", "Spans by what became of them; Envoy counts them by tracer.", []string{"kind", "outcome"})
	s.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return s
}

// Handler serves the metrics.
func (s *Stats) Handler() http.Handler {
	return promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{})
}

// Request counts a request that was answered.
func (s *Stats) Request(r Request) {
	values := append([]string{strconv.Itoa(r.Code), ""}, values(r)...)
	s.requests.WithLabelValues(values...).Inc()
	s.duration.WithLabelValues(values...).Observe(float64(r.Duration) / float64(time.Millisecond))
	s.requestSize.WithLabelValues(values...).Observe(float64(r.Received))
	s.responseSize.WithLabelValues(values...).Observe(float64(r.Sent))
}

// Opened counts a connection that begins; what it returns counts its end.
func (s *Stats) Opened(r Request) (closed func(sent, received int64)) {
	values := values(r)
	s.opened.WithLabelValues(values...).Inc()
	return func(sent, received int64) {
		s.closed.WithLabelValues(values...).Inc()
		s.sent.WithLabelValues(values...).Add(float64(sent))
		s.received.WithLabelValues(values...).Add(float64(received))
	}
}

// Spans counts spans that were sent or lost.
func (s *Stats) Spans(kind string, sent bool, spans int) {
	outcome := "dropped"
	if sent {
		outcome = "sent"
	}
	s.spans.WithLabelValues(kind, outcome).Add(float64(spans))
}

func values(r Request) []string {
	// Nothing in the lab's mesh is encrypted; only destinations know for sure.
	policy := "unknown"
	if r.Reporter == Destination {
		policy = "none"
	}
	flags := r.Flags
	if flags == "" {
		flags = "-"
	}
	list := append([]string{r.Reporter}, workload(r.From)...)
	list = append(list, workload(r.To)...)
	return append(list, known(r.Service.Host), known(r.Service.Name), known(r.Service.Namespace), r.Protocol, flags, policy)
}

// workload is the labels of one side: name, namespace, canonical service and revision, app, version, cluster, principal.
func workload(w *config.Workload) []string {
	if w == nil {
		w = &config.Workload{}
	}
	revision := w.CanonicalRevision
	if revision == "" && w.Name != "" {
		revision = "latest"
	}
	return []string{
		known(w.Name), known(w.Namespace), known(w.CanonicalName), known(revision), known(w.App), known(w.Version), known(w.ClusterName), known(""),
	}
}

// known writes what is not known as Istio does.
func known(text string) string {
	if text == "" {
		return "unknown"
	}
	return text
}
