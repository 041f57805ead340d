package tempo

import (
	"github.com/prometheus/client_golang/prometheus"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/tempo/api"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/tempo/receive"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/tempo/store"
)

// counts are what Tempo counts of the spans that come to it (tempo:modules/distributor/distributor.go,
// modules/distributor/receiver/metrics_provider.go, modules/overrides/discarded_spans.go and modules/ingester/instance.go@v2.10.8).
type counts struct {
	spans, bytes, accepted, refused, discarded, traces *prometheus.CounterVec
}

func newCounts(registry *prometheus.Registry) counts {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "tempo", Name: name, Help: help}, labels)
		registry.MustRegister(c)
		return c
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: "tempo", Name: "build_info", Help: "A stand-in for this version.",
		ConstLabels: prometheus.Labels{"version": api.Version, "revision": "stand-in"},
	})
	build.Set(1)
	registry.MustRegister(build)
	return counts{
		spans:     counter("distributor_spans_received_total", "The total number of spans received per tenant", "tenant"),
		bytes:     counter("distributor_bytes_received_total", "The total number of proto bytes received per tenant", "tenant"),
		accepted:  counter("receiver_accepted_spans", "Number of spans successfully pushed into the pipeline.", "receiver", "transport"),
		refused:   counter("receiver_refused_spans", "Number of spans that could not be pushed into the pipeline.", "receiver", "transport"),
		discarded: counter("discarded_spans_total", "The total number of samples that were discarded.", "reason", "tenant"),
		traces:    counter("ingester_traces_created_total", "The total number of traces created per tenant.", "tenant"),
	}
}

// sink puts spans into a store and counts them. Where there are several tenants it refuses spans that name none.
func (c counts) sink(into *store.Store, tenants bool) receive.Sink {
	return func(tenant, receiver, transport string, batch []*tracepb.ResourceSpans) error {
		number, size := 0, 0
		for _, resource := range batch {
			size += proto.Size(resource)
			for _, scope := range resource.GetScopeSpans() {
				number += len(scope.GetSpans())
			}
		}
		if tenants && tenant == "" {
			c.refused.WithLabelValues(receiver, transport).Add(float64(number))
			return receive.ErrNoTenant
		}
		if !tenants {
			tenant = api.SingleTenant
		}
		discarded, created := into.Put(tenant, batch)
		c.accepted.WithLabelValues(receiver, transport).Add(float64(number))
		c.spans.WithLabelValues(tenant).Add(float64(number))
		c.bytes.WithLabelValues(tenant).Add(float64(size))
		c.traces.WithLabelValues(tenant).Add(float64(created))
		if discarded > 0 {
			c.discarded.WithLabelValues("trace_too_large", tenant).Add(float64(discarded))
		}
		return nil
	}
}
