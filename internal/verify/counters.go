package verify

import (
	"context"
	"fmt"
	"strings"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Counters are a collector's own metrics, summed over their labels.
type Counters map[string]float64

// sum finds a counter with and without the suffix that newer collectors give it.
func (c Counters) sum(name string) float64 { return c[name] + c[name+"_total"] }

// since is what was counted after before was read. A collector that was started anew in between counts from zero, and
// without a before everything counts.
func (c Counters) since(before Counters, name string) float64 {
	if grown := c.sum(name) - before.sum(name); grown >= 0 {
		return grown
	}
	return c.sum(name)
}

// Counters reads what the collector says of itself, so that a diagnosis can tell what came of one request from what was
// before: the operator makes a Service <name>-monitoring with port 8888
// (opentelemetry-operator:internal/manifests/collector/service.go, MonitoringService, 0.70 to 0.158).
func (w Way) Counters(ctx context.Context) (Counters, error) {
	if w.InCluster == nil || w.Collector.Name == "" {
		return nil, fmt.Errorf("there is no way to a collector")
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
		return nil, fmt.Errorf("%s/metrics answered something that is no metrics (%w): %s", api.name(), err, excerpt(body))
	}
	sums := Counters{}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			if !isOfDebug(m.GetLabel()) {
				sums[name] += m.GetCounter().GetValue() + m.GetUntyped().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sums, nil
}

// isOfDebug reports a metric of an exporter that only writes to the log: what it sends arrives nowhere
// (opentelemetry-collector:exporter/debugexporter, called logging before 0.86).
func isOfDebug[L interface {
	GetName() string
	GetValue() string
}](labels []L) bool {
	for _, label := range labels {
		kind, _, _ := strings.Cut(label.GetValue(), "/")
		if label.GetName() == "exporter" && (kind == "debug" || kind == "logging") {
			return true
		}
	}
	return false
}
