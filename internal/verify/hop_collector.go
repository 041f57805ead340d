package verify

import (
	"context"

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
		return []Hop{broken(HopCollector, "Install the collector (lab_tracing_pipeline), or correct lab_trace_check.collector.", "there is no Service %s", where)}
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
		return []Hop{broken(HopCollector, "Look at the collector's pods and log ("+w.collectorLog()+"); a configuration that it refuses, such as lab_tracing_pipeline.config, ends it.",
			"Service %s has no ready endpoint", where)}
	}
	now, err := w.Counters(ctx)
	if err != nil {
		return []Hop{
			fine(HopCollector, "Service %s has %s", where, plural(ready, "ready endpoint")),
			unknown(HopExporter, "the collector's counters could not be read: %v", err),
		}
	}
	count := counted{Way: w, now: now, ready: ready}
	taken := count.taken()
	if taken.State == HopBroken {
		return []Hop{taken}
	}
	return []Hop{taken, w.explained(ctx, count.passedOn())}
}

// explained adds to what the counters say of the exporter what the collector's log and the store say.
func (w Way) explained(ctx context.Context, passed Hop) Hop {
	if passed.State == HopBroken || passed.State == HopSuspect {
		passed.Evidence += w.exporterSays(ctx)
	}
	if passed.State == HopBroken {
		return w.orStore(ctx, passed)
	}
	return passed
}

func (w Way) collectorLog() string {
	return "kubectl -n " + w.Collector.Namespace + " logs deploy/" + w.Collector.Name
}

// orStore blames the store for an exporter that cannot get rid of its spans, where the store itself is broken.
func (w Way) orStore(ctx context.Context, exporter Hop) Hop {
	for _, hop := range w.lookAtStore(ctx) {
		if hop.State == HopBroken {
			hop.Evidence += "; " + exporter.Evidence
			return hop
		}
	}
	return exporter
}

// counted judges a collector by its counters.
type counted struct {
	Way
	now   Counters
	ready int
}

// when says since when something was counted.
func (c counted) when() string {
	if c.Before == nil {
		return "since its start"
	}
	return "since the request was sent"
}

func (c counted) since(name string) float64 { return c.now.since(c.Before, name) }

// taken judges what the collector took in.
func (c counted) taken() Hop {
	where := c.Collector.Namespace + "/" + c.Collector.Name
	accepted, refused := c.since("otelcol_receiver_accepted_spans"), c.since("otelcol_receiver_refused_spans")
	switch {
	case refused > 0:
		return broken(HopCollector, "Give the collector more memory (lab_tracing_pipeline.config), and see what its exporter says ("+c.collectorLog()+"): it refuses spans that it cannot pass on.",
			"the collector has refused %.0f spans %s (otelcol_receiver_refused_spans), accepted %.0f", refused, c.when(), accepted)
	case accepted == 0 && c.ready > 1:
		return unknown(HopCollector, "one of %d pods of the collector was asked, and has accepted no span %s", c.ready, c.when())
	case accepted == 0:
		return broken(HopMesh, "Check that lab_istio_mesh.tracing (or the application's exporter) names the pipeline's endpoint of the right protocol (lab_tracing_pipeline.endpoints), and that no NetworkPolicy is in between.",
			"the collector runs and has accepted no span %s (otelcol_receiver_accepted_spans)", c.when())
	}
	return fine(HopCollector, "Service %s has %s and has accepted %.0f spans %s", where, plural(c.ready, "ready endpoint"), accepted, c.when())
}

// passedOn judges whether the collector got rid of what it took.
func (c counted) passedOn() Hop {
	const fix = "Check lab_tracing_pipeline.tempo_endpoint (lab_tempo.endpoints.otlp_grpc) and lab_tempo.receivers; the collector's log says more: "
	accepted, sent := c.since("otelcol_receiver_accepted_spans"), c.since("otelcol_exporter_sent_spans")
	failed := c.since("otelcol_exporter_send_failed_spans") + c.since("otelcol_exporter_enqueue_failed_spans")
	switch {
	case failed > 0:
		return broken(HopExporter, fix+c.collectorLog(), "the collector could not export %.0f spans %s (otelcol_exporter_send_failed_spans), exported %.0f", failed, c.when(), sent)
	case sent == 0 && accepted > 0:
		return broken(HopExporter, fix+c.collectorLog(), "the collector has exported no span %s (otelcol_exporter_sent_spans), accepted %.0f, and keeps %.0f batches in its queue (otelcol_exporter_queue_size)",
			c.when(), accepted, c.now.sum("otelcol_exporter_queue_size"))
	case sent == 0:
		return unknown(HopExporter, "there was nothing to export")
	case sent < accepted && c.now.sum("otelcol_exporter_queue_size") > 0:
		return suspect(HopExporter, fix+c.collectorLog(), "the collector has exported %.0f of %.0f spans %s and keeps %.0f batches in its queue (otelcol_exporter_queue_size)",
			sent, accepted, c.when(), c.now.sum("otelcol_exporter_queue_size"))
	}
	return fine(HopExporter, "the collector has exported %.0f spans %s", sent, c.when())
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
