package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/istio"
)

var (
	_ resource.ResourceWithConfigure  = (*traceCheck)(nil)
	_ resource.ResourceWithModifyPlan = (*traceCheck)(nil)
)

func newTraceCheck() resource.Resource { return &traceCheck{} }

type traceCheck struct{ session *session }

const traceCheckType = "lab_trace_check"

// traceCheckArguments are what the resource and the action take.
type traceCheckArguments struct {
	requestModel
	Services  types.List            `tfsdk:"services"`
	TempoURL  types.String          `tfsdk:"tempo_url"`
	TempoVia  types.String          `tfsdk:"tempo_via"`
	Tenant    types.String          `tfsdk:"tenant"`
	Deadline  types.String          `tfsdk:"deadline"`
	Mesh      types.String          `tfsdk:"mesh_namespace"`
	Collector *collectorTargetModel `tfsdk:"collector"`
	Grafana   *grafanaTargetModel   `tfsdk:"grafana"`
}

type traceCheckModel struct {
	traceCheckArguments
	Triggers  types.Map      `tfsdk:"triggers"`
	TraceID   types.String   `tfsdk:"trace_id"`
	Seen      types.List     `tfsdk:"services_seen"`
	Spans     types.Int64    `tfsdk:"spans"`
	Arrived   types.Float64  `tfsdk:"arrived_after_ms"`
	Duration  types.Float64  `tfsdk:"duration_ms"`
	CheckedAt types.String   `tfsdk:"checked_at"`
	GraphText types.String   `tfsdk:"graph"`
	Mermaid   types.String   `tfsdk:"mermaid"`
	Explore   types.String   `tfsdk:"explore_url"`
	Commands  types.Map      `tfsdk:"commands"`
	Timeouts  timeouts.Value `tfsdk:"timeouts"`
}

// collectorTargetModel is the collector on the way, for the diagnosis.
type collectorTargetModel struct {
	Namespace types.String `tfsdk:"namespace"`
	Service   types.String `tfsdk:"service"`
	Port      types.Int64  `tfsdk:"port"`
}

// grafanaTargetModel is the Grafana that people look through.
type grafanaTargetModel struct {
	URL        types.String `tfsdk:"url"`
	DataSource types.String `tfsdk:"datasource_uid"`
	External   types.String `tfsdk:"external_url"`
}

func (r *traceCheck) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = traceCheckType
}

func (r *traceCheck) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *traceCheck) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := once(requestAttributes(traceCheckArgumentAttributes()), "the check is made again")
	for name, a := range map[string]schema.Attribute{
		"trace_id":         schema.StringAttribute{Computed: true, MarkdownDescription: "Id of the trace that arrived."},
		"services_seen":    schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "Services that it has spans of, 200 at most."},
		"spans":            schema.Int64Attribute{Computed: true, MarkdownDescription: "How many spans it has, once no more came for two seconds."},
		"arrived_after_ms": schema.Float64Attribute{Computed: true, MarkdownDescription: "Milliseconds from the request until the store had it all."},
		"duration_ms":      schema.Float64Attribute{Computed: true, MarkdownDescription: "Milliseconds from the begin of its first span to the end of its last one."},
		"checked_at":       schema.StringAttribute{Computed: true, MarkdownDescription: "When the request was sent, RFC 3339."},
		"graph":            schema.StringAttribute{Computed: true, MarkdownDescription: "Who called whom in the trace, one line a pair: `productpage.default -> details.default  1 call`. The 200 most frequent ones of a bigger one."},
		"mermaid":          schema.StringAttribute{Computed: true, MarkdownDescription: "The same as a Mermaid flowchart."},
		"explore_url":      schema.StringAttribute{Computed: true, MarkdownDescription: "Link to the trace in Grafana's Explore: at `grafana.external_url`, else at `http://localhost:3000`, where `commands.grafana` leads to. Null without `grafana`."},
		"commands":         schema.MapAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "Commands to look at the trace, for a shell whose `kubectl` reaches the cluster: `trace` shows it as the store has it, `grafana` leads port 3000 of the machine to Grafana."},
		"timeouts":         timeoutsAttribute(ctx),
	} {
		attributes[name] = a
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Proof that a trace arrives: it sends one sampled request with a known trace id and waits until the store has that very trace with a span of each expected service. " +
			"When it does not come, it walks the way of the spans, from the address through route, pods, mesh, collector and exporter to the store and Grafana, and the error names the hop that broke, how that is known, " +
			"and what to change in which resource. It gates an apply: whatever depends on it is only done when the trace has arrived.\n\n" +
			"Where the mesh samples so few requests that the trace may well not come, the plan warns of it, from what is planned for `lab_istio_mesh` on that cluster, or else from what the cluster says. " +
			"Where the mesh makes no spans at all, the apply waits for ten seconds instead of `deadline`. Terraform shows nothing of a resource while it is made; the action of the same name says on the way what it waits for.\n\n" +
			"With `grafana`, a trace that arrived must be visible too: a data source that is missing or not healthy fails the check.\n\n" +
			"Nothing is kept of a check that failed or was interrupted, so that the next apply makes it again. What is only read is asked for again when a forwarded port breaks; the request of the check is not, and only the diagnosis sends another one.",
		Attributes: attributes,
	}
}

func traceCheckArgumentAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"services": schema.ListAttribute{
			Required: true, ElementType: types.StringType, Validators: []validator.List{listvalidator.SizeAtLeast(1)},
			MarkdownDescription: "Services that must have a span. Proxies call themselves `<app>.<namespace>`, such as `productpage.default`; applications as they were told, such as `frontend`.",
		},
		"tempo_url":      schema.StringAttribute{Required: true, MarkdownDescription: "Address of Tempo, as `lab_tempo.<name>.endpoints.query_url` gives it."},
		"tempo_via":      schema.StringAttribute{Optional: true, MarkdownDescription: "How Tempo is reached, see `via`. Default: `cluster`.", Validators: []validator.String{stringvalidator.OneOf(ways...)}},
		"tenant":         schema.StringAttribute{Optional: true, MarkdownDescription: "Tenant, where Tempo keeps tenants apart."},
		"deadline":       schema.StringAttribute{Optional: true, Computed: true, Default: stringdefault.StaticString("1m"), MarkdownDescription: "How long the trace may take to arrive. It is asked for with growing pauses, and a store that wants to be left alone (429 with Retry-After) is. Default: `1m`.", Validators: []validator.String{duration{}}},
		"mesh_namespace": schema.StringAttribute{Optional: true, Computed: true, Default: stringdefault.StaticString(istio.DefaultNamespace), MarkdownDescription: "Namespace of istiod, whose tracing settings the diagnosis reads; empty where the application sends spans itself. Default: `" + istio.DefaultNamespace + "`."},
		"collector": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "The collector on the way, for the diagnosis.",
			Attributes: map[string]schema.Attribute{
				"namespace": schema.StringAttribute{Required: true, MarkdownDescription: "Its namespace."},
				"service":   schema.StringAttribute{Required: true, MarkdownDescription: "Its Service, such as `otel-collector`."},
				"port":      schema.Int64Attribute{Optional: true, MarkdownDescription: "Port of the receiver that spans come in by.", Validators: []validator.Int64{int64validator.Between(1, 65535)}},
			},
		},
		"grafana": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "The Grafana that people look through, for the diagnosis and for the link to the trace.",
			Attributes: map[string]schema.Attribute{
				"url":            schema.StringAttribute{Required: true, MarkdownDescription: "Its address in the cluster, as `lab_monitoring.<name>.grafana_url` gives it."},
				"datasource_uid": schema.StringAttribute{Required: true, MarkdownDescription: "Uid of its data source for Tempo, as `lab_monitoring.<name>.datasource_uids.tempo` gives it."},
				"external_url":   schema.StringAttribute{Optional: true, MarkdownDescription: "Its address for browsers, for `explore_url`, as `lab_monitoring.<name>.grafana_external_url` gives it."},
			},
		},
	}
}

// traceDeadline is how long a trace may take when nothing else is said.
const traceDeadline = time.Minute

func (r *traceCheck) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m traceCheckModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	limit, diags := m.Timeouts.Create(ctx, createTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	proof, ok := m.check(ctx, r.session, logged(ctx, traceCheckType), &resp.Diagnostics)
	if !ok || resp.Diagnostics.HasError() {
		return
	}
	m.proved(proof)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// Read keeps what was proved; a trace ages out of its store.
func (r *traceCheck) Read(_ context.Context, _ resource.ReadRequest, _ *resource.ReadResponse) {}

// Update is called for other timeouts alone; everything else means replacement.
func (r *traceCheck) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	keepMeasured(ctx, req, resp)
}

// Delete has nothing to take back.
func (r *traceCheck) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
