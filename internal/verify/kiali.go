package verify

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Kiali is a Kiali server without login (auth strategy anonymous).
type Kiali struct{ api endpoint }

// NewKiali makes a Kiali for its address with the web root: http://kiali.istio-system:20001/kiali. It does not dial.
func NewKiali(address string, client *http.Client) *Kiali {
	return &Kiali{endpoint{base: address, client: client}}
}

// ServiceGraph is Kiali's graph of workloads (kiali:handlers/graph.go, GET /api/namespaces/graph; elements have the
// same shape in 1.64 and 2.29). Kiali wants namespaces to be named.
func (k *Kiali) ServiceGraph(ctx context.Context, o GraphOptions) (Graph, error) {
	query := url.Values{
		"namespaces": {strings.Join(o.Namespaces, ",")}, "graphType": {"workload"}, "duration": {o.window()}, "appenders": {""},
	}
	var answer struct {
		Elements struct {
			Nodes []struct {
				Data struct{ ID, Namespace, Workload, App, Service string }
			}
			Edges []struct {
				Data struct {
					Source, Target string
					Traffic        struct{ Rates map[string]string }
				}
			}
		}
	}
	if err := k.api.get(ctx, "/api/namespaces/graph", query, &answer); err != nil {
		return Graph{}, err
	}
	names := map[string]string{}
	for _, n := range answer.Elements.Nodes {
		name := n.Data.Workload
		for _, other := range []string{n.Data.App, n.Data.Service} {
			if name == "" {
				name = other
			}
		}
		names[n.Data.ID] = node(n.Data.Namespace, name)
	}
	var edges []Edge
	for _, e := range answer.Elements.Edges {
		rate, _ := strconv.ParseFloat(e.Data.Traffic.Rates["http"], 64)            // missing without HTTP traffic
		share, _ := strconv.ParseFloat(e.Data.Traffic.Rates["httpPercentErr"], 64) // missing without errors
		grpc, _ := strconv.ParseFloat(e.Data.Traffic.Rates["grpc"], 64)            // likewise
		edges = append(edges, Edge{From: names[e.Data.Source], To: names[e.Data.Target], Rate: rate + grpc, Errors: share / 100})
	}
	return newGraph(edges), nil
}
