package provider

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/verify"
)

// proof is a trace that arrived.
type proof struct {
	trace verify.Trace
	sent  time.Time
	took  time.Duration
}

// check sends the request, waits for its trace, and says which hop lost it when it does not come.
func (m *traceCheckArguments) check(ctx context.Context, s *session, diags *diag.Diagnostics) (proof, bool) {
	what := "whether a trace of " + m.URL.ValueString() + " arrives"
	way, err := m.way(ctx, s, diags)
	if err != nil {
		addFault(diags, "Checking", what, err)
		return proof{}, false
	}
	m.warnOfSampling(ctx, way, diags)
	id := verify.NewTraceID()
	sent := time.Now()
	status, err := m.ask(ctx, way.Client, id, diags)
	if err != nil || status >= http.StatusBadRequest {
		m.explain(ctx, way, fmt.Sprintf("the request got no good answer (%s)", outcome(status, err)), diags)
		return proof{}, false
	}
	trace, err := way.Store.Await(ctx, id, verify.AwaitOptions{Services: way.Services, Timeout: limitOf(m.Deadline, traceDeadline)})
	switch {
	case err == nil:
		return proof{trace: trace, sent: sent, took: time.Since(sent)}, true
	case ctx.Err() != nil:
		addFault(diags, "Checking", what, ctx.Err())
	case len(trace.Spans) > 0:
		m.explain(ctx, way, fmt.Sprintf("trace %s arrived in part: spans of %s, none of %s", id, strings.Join(trace.Services(), ", "), strings.Join(trace.Missing(way.Services), ", ")), diags)
	default:
		m.explain(ctx, way, fmt.Sprintf("trace %s did not arrive: %v", id, err), diags)
	}
	return proof{}, false
}

func outcome(status int, err error) string {
	if err != nil {
		return err.Error()
	}
	return http.StatusText(status)
}

// way is all that is known of the way that the spans take.
func (m *traceCheckArguments) way(ctx context.Context, s *session, diags *diag.Diagnostics) (verify.Way, error) {
	client, err := m.client(ctx, s, diags)
	if err != nil {
		return verify.Way{}, err
	}
	ref := referenceOf(ctx, m.Cluster, types.StringNull(), diags)
	store, err := s.within(ctx, ref, inside(m.TempoVia))
	if err != nil {
		return verify.Way{}, err
	}
	way := verify.Way{
		URL: m.URL.ValueString(), Host: m.Host.ValueString(), Client: client, Services: textList(ctx, m.Services, diags),
		Mesh: m.Mesh.ValueString(), Tenant: m.Tenant.ValueString(), StoreURL: m.TempoURL.ValueString(),
		Store: verify.NewStore(verify.StoreOptions{URL: m.TempoURL.ValueString(), Tenant: m.Tenant.ValueString(), Client: store}),
	}
	// The cluster is only read for a diagnosis; a check that needs none works without.
	if engine, err := s.cluster(ctx, ref); err == nil {
		way.Cluster = clusterObjects{engine}
		if way.InCluster, err = s.within(ctx, ref, inside(types.StringNull())); err != nil {
			return way, err
		}
	}
	if c := m.Collector; c != nil {
		way.Collector = object.Ref{APIVersion: "v1", Kind: "Service", Namespace: c.Namespace.ValueString(), Name: c.Service.ValueString()}
		way.CollectorPort = c.Port.ValueInt64()
	}
	if g := m.Grafana; g != nil {
		way.Grafana, way.DataSource = g.URL.ValueString(), g.DataSource.ValueString()
	}
	return way, nil
}

// warnOfSampling says before the wait that a trace may well not come: a proxy that decides by itself, instead of
// following its caller, records a share alone.
func (m *traceCheckArguments) warnOfSampling(ctx context.Context, way verify.Way, diags *diag.Diagnostics) {
	if way.Cluster == nil || way.Mesh == "" {
		return
	}
	t, err := way.Tracing(ctx, way.Mesh)
	if err == nil && t.Percent < likely {
		diags.AddWarning("The mesh samples few requests", fmt.Sprintf("%s samples %g %% of the requests. The check asks for its own request to be sampled, which proxies follow; "+
			"where something in between starts a trace of its own, it is recorded with that probability only. Raise lab_istio_mesh.tracing.sampling for the check.", t.Source, t.Percent))
	}
}

// likely is the sampling, in percent, from which a trace is to be expected.
const likely = 50

func (m *traceCheckArguments) ask(ctx context.Context, client *http.Client, id verify.TraceID, diags *diag.Diagnostics) (int, error) {
	return verify.Ask(ctx, client, id, verify.TrafficOptions{
		URL: m.URL.ValueString(), Host: m.Host.ValueString(), Headers: textMap(ctx, m.Headers, diags), Timeout: limitOf(m.RequestTimeout, 0),
	})
}

// explain walks the way and puts what it found into one error.
func (m *traceCheckArguments) explain(ctx context.Context, way verify.Way, what string, diags *diag.Diagnostics) {
	found := verify.Diagnose(ctx, way)
	text := sentence(what) + ".\n\n"
	if hop := found.Broken(); hop != nil {
		diags.AddError("No trace: "+hop.Name+" is broken", text+sentence(hop.Evidence)+".\n\n"+hop.Fix+"\n\nThe way as far as it was walked:\n"+found.String())
		return
	}
	diags.AddError("No trace, and no hop is found broken", text+"Every hop that could be looked at is fine:\n"+found.String()+
		"\n\nGive collector and grafana to have more of the way looked at, and raise deadline if the trace is only late.")
}

func (m *traceCheckModel) proved(p proof) {
	t, graph := p.trace, p.trace.Graph()
	m.TraceID, m.Spans = types.StringValue(string(t.ID)), types.Int64Value(int64(len(t.Spans)))
	m.Seen = everyOf(t.Services())
	m.Arrived, m.CheckedAt = types.Float64Value(milliseconds(p.took)), types.StringValue(p.sent.UTC().Format(time.RFC3339))
	m.GraphText, m.Mermaid = types.StringValue(graph.Text()), types.StringValue(graph.Mermaid())
}
