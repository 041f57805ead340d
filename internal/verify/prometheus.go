package verify

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// Metrics is a server with Prometheus' HTTP API.
type Metrics struct{ api endpoint }

// NewMetrics makes a Metrics for an address such as http://prometheus.monitoring:9090. It does not dial.
func NewMetrics(address string, client *http.Client) *Metrics {
	return &Metrics{endpoint{base: address, client: client}}
}

// Sample is one value of an instant query.
type Sample struct {
	Labels map[string]string
	Value  float64
}

// Query asks for the values of an expression at this moment (prometheus:docs/querying/api.md, GET /api/v1/query).
func (m *Metrics) Query(ctx context.Context, expression string) ([]Sample, error) {
	var answer struct {
		Status, Error string
		Data          struct {
			ResultType string
			Result     []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	if err := m.api.get(ctx, "/api/v1/query", url.Values{"query": {expression}}, &answer); err != nil {
		return nil, err
	}
	if answer.Status != "success" || answer.Data.ResultType != "vector" {
		return nil, fault.Newf(fault.Invalid, "%s: query %s: %q %s", m.api.base, expression, answer.Data.ResultType, answer.Error)
	}
	samples := make([]Sample, 0, len(answer.Data.Result))
	for _, r := range answer.Data.Result {
		value, err := strconv.ParseFloat(fmt.Sprint(r.Value[1]), 64)
		if err != nil {
			return nil, fault.Newf(fault.Invalid, "%s: query %s: %v is no number", m.api.base, expression, r.Value[1])
		}
		samples = append(samples, Sample{Labels: r.Metric, Value: value})
	}
	return samples, nil
}

// GraphOptions say which traffic a service graph is made of.
type GraphOptions struct {
	// Namespaces restrict the destinations; empty means all.
	Namespaces []string
	// Window is the time over which rates are taken; zero is five minutes.
	Window time.Duration
}

const defaultWindow = 5 * time.Minute

func (o GraphOptions) window() string {
	if o.Window <= 0 {
		o.Window = defaultWindow
	}
	return strconv.Itoa(max(int(o.Window.Seconds()), 1)) + "s"
}

// ServiceGraph makes a graph of what the proxies of an Istio mesh count (istio_requests_total, reported by the
// destination; istio:pkg/config/analysis and https://istio.io/latest/docs/reference/config/metrics/). A series without
// traffic in the window is no edge.
func (m *Metrics) ServiceGraph(ctx context.Context, o GraphOptions) (Graph, error) {
	const by = "source_workload, source_workload_namespace, destination_workload, destination_workload_namespace"
	all, err := m.Query(ctx, fmt.Sprintf(`sum by (%s) (rate(istio_requests_total{reporter="destination"}[%s]))`, by, o.window()))
	if err != nil {
		return Graph{}, err
	}
	failed, err := m.Query(ctx, fmt.Sprintf(`sum by (%s) (rate(istio_requests_total{reporter="destination",response_code=~"5.."}[%s]))`, by, o.window()))
	if err != nil {
		return Graph{}, err
	}
	return meshGraph(all, failed, o), nil
}

func meshGraph(all, failed []Sample, o GraphOptions) Graph {
	type pair struct{ from, to string }
	at := func(s Sample) pair {
		return pair{
			from: node(s.Labels["source_workload_namespace"], s.Labels["source_workload"]),
			to:   node(s.Labels["destination_workload_namespace"], s.Labels["destination_workload"]),
		}
	}
	errors := map[pair]float64{}
	for _, s := range failed {
		errors[at(s)] += s.Value
	}
	var edges []Edge
	for _, s := range all {
		if s.Value <= 0 || math.IsNaN(s.Value) || !o.wants(s.Labels["destination_workload_namespace"]) {
			continue
		}
		p := at(s)
		edges = append(edges, Edge{From: p.from, To: p.to, Rate: s.Value, Errors: errors[p] / s.Value})
	}
	return newGraph(edges)
}

func (o GraphOptions) wants(namespace string) bool {
	if len(o.Namespaces) == 0 {
		return true
	}
	for _, n := range o.Namespaces {
		if n == namespace {
			return true
		}
	}
	return false
}

// node names a workload; Istio writes "unknown" for a peer outside of the mesh.
func node(namespace, name string) string {
	if name == "" {
		name = "unknown"
	}
	if namespace == "" || namespace == "unknown" {
		return name
	}
	return namespace + "/" + name
}

// SpanGraph makes a graph of what Tempo's metrics generator counts in spans
// (tempo:docs/sources/tempo/metrics-from-traces/service_graphs).
func (m *Metrics) SpanGraph(ctx context.Context, o GraphOptions) (Graph, error) {
	all, err := m.Query(ctx, fmt.Sprintf(`sum by (client, server) (rate(traces_service_graph_request_total[%s]))`, o.window()))
	if err != nil {
		return Graph{}, err
	}
	failed, err := m.Query(ctx, fmt.Sprintf(`sum by (client, server) (rate(traces_service_graph_request_failed_total[%s]))`, o.window()))
	if err != nil {
		return Graph{}, err
	}
	errors := map[string]float64{}
	for _, s := range failed {
		errors[s.Labels["client"]+"\x00"+s.Labels["server"]] += s.Value
	}
	var edges []Edge
	for _, s := range all {
		if s.Value > 0 {
			from, to := s.Labels["client"], s.Labels["server"]
			edges = append(edges, Edge{From: from, To: to, Rate: s.Value, Errors: errors[from+"\x00"+to] / s.Value})
		}
	}
	return newGraph(edges), nil
}
