package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/verify"
)

// openTrace is how somebody looks at a trace that arrived.
type openTrace struct {
	// explore is a link into Grafana, empty without one; commands are ready to be pasted.
	explore  string
	commands map[string]string
}

// localGrafana is the port of this machine that the commands lead to Grafana.
const localGrafana = 3000

// openTrace finds out where the trace can be looked at. What it asks for is not needed for the proof.
func (m *traceCheckArguments) openTrace(ctx context.Context, way verify.Way, p proof) openTrace {
	open := openTrace{commands: map[string]string{"trace": m.getTrace(p.trace.ID)}}
	if m.Grafana == nil {
		return open
	}
	link := verify.Explore{Base: m.Grafana.External.ValueString(), DataSource: way.DataSource, Trace: p.trace.ID, Sent: p.sent}
	if way.InCluster != nil {
		link.Version = verify.GrafanaVersion(ctx, way.Grafana, way.InCluster)
	}
	if service, ok := verify.InsideOf(way.Grafana); ok {
		open.commands["grafana"] = service.Forward(localGrafana)
	}
	if link.Base == "" {
		link.Base = fmt.Sprintf("http://localhost:%d", localGrafana)
	}
	open.explore = link.URL()
	return open
}

// getTrace is a command that shows the trace as the store has it.
func (m *traceCheckArguments) getTrace(id verify.TraceID) string {
	path := "/api/traces/" + string(id)
	service, inside := verify.InsideOf(m.TempoURL.ValueString())
	tenant := m.Tenant.ValueString()
	switch {
	case inside && tenant == "":
		return service.Get(path)
	case inside:
		const local = 3200 // kubectl get --raw sends no header
		return fmt.Sprintf("%s & sleep 2; curl -sH 'X-Scope-OrgID: %s' http://localhost:%d%s; kill %%1", service.Forward(local), tenant, local, path)
	case tenant != "":
		return fmt.Sprintf("curl -sH 'X-Scope-OrgID: %s' %s%s", tenant, m.TempoURL.ValueString(), path)
	}
	return "curl -s " + m.TempoURL.ValueString() + path
}

// proved takes over what was found.
func (m *traceCheckModel) proved(p proof) {
	t, graph := p.trace, p.trace.Graph()
	services := t.Services()
	m.TraceID, m.Spans = types.StringValue(string(t.ID)), types.Int64Value(int64(len(t.Spans)))
	m.Seen = everyOf(services[:min(len(services), keptServices)])
	m.Arrived, m.CheckedAt = types.Float64Value(milliseconds(p.took)), types.StringValue(rfc3339(p.sent))
	m.Duration = types.Float64Value(milliseconds(t.Duration()))
	m.GraphText, m.Mermaid = types.StringValue(graph.Text()), types.StringValue(graph.Mermaid())
	m.Explore = nullIfEmpty(p.open.explore)
	m.Commands = textsOf(p.open.commands)
}

// keptServices is how many names of services a state keeps.
const keptServices = 200
