package verify

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// lookAtCollector checks that the collector takes spans and passes them on: Service, port, ready pods, and its own
// counters, which are read once for both.
func (w Way) lookAtCollector(ctx context.Context) []Hop {
	if w.Cluster == nil || w.Collector.Name == "" {
		return nil
	}
	where := w.Collector.Namespace + "/" + w.Collector.Name
	service, err := w.Cluster.Get(ctx, w.Collector)
	if isGone(err) {
		return []Hop{broken(HopCollector, "Install the collector (lab_tracing_pipeline).", "there is no Service %s", where)}
	}
	if err != nil {
		return []Hop{notLooked(HopCollector, err)}
	}
	if w.CollectorPort > 0 && !hasPort(service, w.CollectorPort) {
		return []Hop{broken(HopCollector, "Enable the receiver in lab_tracing_pipeline.receivers.", "Service %s has no port %d: the receiver for it is not enabled", where, w.CollectorPort)}
	}
	ready, err := w.readyEndpoints(ctx, w.Collector)
	if err != nil {
		return []Hop{notLooked(HopCollector, err)}
	}
	if ready == 0 {
		return []Hop{broken(HopCollector, "Look at the collector's pods and log (kubectl -n "+w.Collector.Namespace+" logs deploy/"+w.Collector.Name+"); a configuration that it refuses ends it.",
			"Service %s has no ready endpoint", where)}
	}
	counters, err := w.counters(ctx)
	if err != nil {
		hops := []Hop{fine(HopCollector, "Service %s has %d ready endpoints; its counters could not be read: %v", where, ready, err)}
		if w.InCluster != nil {
			hops = append(hops, unknown(HopExporter, "the collector's counters could not be read: %v", err))
		}
		return hops
	}
	taken := counters.taken(where, ready)
	if taken.State == HopBroken {
		return []Hop{taken}
	}
	return []Hop{taken, counters.passedOn()}
}

// taken judges what the collector took in.
func (c counters) taken(where string, ready int) Hop {
	accepted, refused := c.sum("otelcol_receiver_accepted_spans"), c.sum("otelcol_receiver_refused_spans")
	switch {
	case refused > 0:
		return broken(HopCollector, "Give the collector more memory or replicas, and see what its exporter says: it refuses spans that it cannot pass on.",
			"the collector has refused %.0f spans (otelcol_receiver_refused_spans), accepted %.0f", refused, accepted)
	case accepted == 0:
		return broken(HopMesh, "Check that lab_istio_mesh.tracing (or the application's exporter) names the pipeline's endpoint of the right protocol, and that no NetworkPolicy is in between.",
			"the collector runs and has accepted no span since its start (otelcol_receiver_accepted_spans)")
	}
	return fine(HopCollector, "Service %s has %d ready endpoints and has accepted %.0f spans", where, ready, accepted)
}

// passedOn judges whether the collector got rid of what it took.
func (c counters) passedOn() Hop {
	const fix = "Check lab_tracing_pipeline.tempo_endpoint (lab_tempo.endpoints.otlp_grpc) and the receivers of lab_tempo."
	sent := c.sum("otelcol_exporter_sent_spans")
	failed := c.sum("otelcol_exporter_send_failed_spans") + c.sum("otelcol_exporter_enqueue_failed_spans")
	switch {
	case failed > 0:
		return broken(HopExporter, fix, "the collector could not export %.0f spans (otelcol_exporter_send_failed_spans), exported %.0f", failed, sent)
	case sent == 0:
		return broken(HopExporter, fix, "the collector has exported no span (otelcol_exporter_sent_spans), accepted %.0f", c.sum("otelcol_receiver_accepted_spans"))
	}
	return fine(HopExporter, "the collector has exported %.0f spans", sent)
}

func hasPort(service object.Object, port int64) bool {
	for _, p := range object.List(service, "spec", "ports") {
		if m, ok := p.(map[string]any); ok {
			if n, ok := numberOf(m["port"]); ok && int64(n) == port {
				return true
			}
		}
	}
	return false
}

func (w Way) readyEndpoints(ctx context.Context, service object.Ref) (int, error) {
	slices, err := w.Cluster.List(ctx, "discovery.k8s.io/v1", "EndpointSlice", service.Namespace, "kubernetes.io/service-name="+service.Name)
	if err != nil {
		return 0, err
	}
	ready := 0
	for _, s := range slices {
		for _, e := range object.List(s, "endpoints") {
			m, _ := e.(map[string]any)
			if is, said := object.Lookup(m, "conditions", "ready"); !said || is == true {
				ready++
			}
		}
	}
	return ready, nil
}

// counters are a collector's own metrics.
type counters map[string]float64

// sum finds a counter with and without the suffix that newer collectors give it.
func (c counters) sum(name string) float64 { return c[name] + c[name+"_total"] }

// counters reads what the collector says of itself: the operator makes a Service <name>-monitoring with port 8888
// (opentelemetry-operator:internal/manifests/collector/service.go, MonitoringService, 0.70 to 0.158).
func (w Way) counters(ctx context.Context) (counters, error) {
	if w.InCluster == nil {
		return nil, fmt.Errorf("there is no way into the cluster")
	}
	const port = 8888
	api := endpoint{base: fmt.Sprintf("http://%s-monitoring.%s:%d", w.Collector.Name, w.Collector.Namespace, port), client: w.InCluster}
	body, err := api.raw(ctx, "/metrics", nil)
	if err != nil {
		return nil, err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(body)))
	if err != nil {
		return nil, fmt.Errorf("%s/metrics: %w", api.base, err)
	}
	sums := counters{}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			sums[name] += m.GetCounter().GetValue() + m.GetUntyped().GetValue()
		}
	}
	return sums, nil
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

func percent(share float64) string { return strconv.FormatFloat(share, 'f', -1, 64) + " %" }
