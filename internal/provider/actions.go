package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/action"
	actionschema "github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/istio"
	"github.com/dxlab/terraform-provider-lab/internal/verify"
)

// Actions do on demand what resources of the same name do when they are made. Terraform knows them from 1.14 on.

var (
	_ action.ActionWithConfigure = (*trafficAction)(nil)
	_ action.ActionWithConfigure = (*traceCheckAction)(nil)
)

func newTrafficAction() action.Action    { return &trafficAction{} }
func newTraceCheckAction() action.Action { return &traceCheckAction{} }

type trafficAction struct{ session *session }

func (a *trafficAction) Metadata(_ context.Context, _ action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = trafficType
}

func (a *trafficAction) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	a.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (a *trafficAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = actionschema.Schema{
		MarkdownDescription: "Sends requests to the lab, each with a trace id of its own, and says what came back. Needs Terraform 1.14; before, use the resource of the same name.",
		Attributes:          actionAttributes(trafficArgumentAttributes()),
	}
}

func (a *trafficAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var m trafficArguments
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	sent, ok := m.send(ctx, a.session, shown(resp), &resp.Diagnostics)
	if ok {
		resp.SendProgress(action.InvokeProgressEvent{Message: sent.String() + tracesOf(sent)})
	}
}

// shown tells Terraform, which prints what an action says at once.
func shown(resp *action.InvokeResponse) telling {
	return func(message string) { resp.SendProgress(action.InvokeProgressEvent{Message: message}) }
}

func tracesOf(t verify.Traffic) string {
	if len(t.TraceIDs) == 0 {
		return ""
	}
	return fmt.Sprintf("; the first trace is %s", t.TraceIDs[0])
}

type traceCheckAction struct{ session *session }

func (a *traceCheckAction) Metadata(_ context.Context, _ action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = traceCheckType
}

func (a *traceCheckAction) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	a.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (a *traceCheckAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = actionschema.Schema{
		MarkdownDescription: "Proves again that a trace arrives, or names the hop that lost it. Needs Terraform 1.14; before, use the resource of the same name.",
		Attributes:          actionAttributes(requestAttributes(traceCheckArgumentAttributes())),
	}
}

func (a *traceCheckAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var m traceCheckArguments
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if m.Mesh.IsNull() {
		m.Mesh = types.StringValue(istio.DefaultNamespace) // an action's schema has no defaults
	}
	tell := shown(resp)
	if p, ok := m.check(ctx, a.session, tell, &resp.Diagnostics); ok {
		tell(fmt.Sprintf("trace %s arrived after %s with %d spans of %s\n%s", p.trace.ID, p.took.Round(time.Millisecond), len(p.trace.Spans), verify.Listed(p.trace.Services()), p.trace.Graph().Text()))
		tell("look at it: " + p.open.commands["trace"])
		if p.open.explore != "" {
			tell("in Grafana: " + p.open.explore)
		}
	}
}
