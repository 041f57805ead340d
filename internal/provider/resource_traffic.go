package provider

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/float64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/float64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/verify"
)

var (
	_ resource.ResourceWithConfigure  = (*traffic)(nil)
	_ resource.ResourceWithModifyPlan = (*traffic)(nil)
)

func newTraffic() resource.Resource { return &traffic{} }

type traffic struct{ session *session }

const trafficType = "lab_traffic"

// trafficArguments are what the resource and the action take.
type trafficArguments struct {
	requestModel
	Requests    types.Int64   `tfsdk:"requests"`
	Rate        types.Float64 `tfsdk:"rate"`
	Concurrency types.Int64   `tfsdk:"concurrency"`
	MinSuccess  types.Float64 `tfsdk:"min_success"`
}

type trafficModel struct {
	trafficArguments
	Triggers  types.Map      `tfsdk:"triggers"`
	Sent      types.Int64    `tfsdk:"sent"`
	Succeeded types.Int64    `tfsdk:"succeeded"`
	Status    types.Map      `tfsdk:"status_counts"`
	Errors    types.Map      `tfsdk:"error_counts"`
	Latency   types.Object   `tfsdk:"latency_ms"`
	TraceIDs  types.List     `tfsdk:"trace_ids"`
	Started   types.String   `tfsdk:"started_at"`
	Ended     types.String   `tfsdk:"ended_at"`
	Timeouts  timeouts.Value `tfsdk:"timeouts"`
}

var latencyTypes = map[string]attr.Type{"p50": types.Float64Type, "p90": types.Float64Type, "p99": types.Float64Type, "max": types.Float64Type}

func (r *traffic) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = trafficType
}

func (r *traffic) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *traffic) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := once(trafficArgumentAttributes(), "the requests are sent again")
	for name, a := range map[string]schema.Attribute{
		"sent":          schema.Int64Attribute{Computed: true, MarkdownDescription: "Requests that were sent."},
		"succeeded":     schema.Int64Attribute{Computed: true, MarkdownDescription: "Those with an answer below 400. A redirect is one, and is not followed."},
		"status_counts": schema.MapAttribute{Computed: true, ElementType: types.Int64Type, MarkdownDescription: "Answers by status, such as `{ \"200\" = 98, \"503\" = 2 }`."},
		"error_counts": schema.MapAttribute{
			Computed: true, ElementType: types.Int64Type,
			MarkdownDescription: "Requests without an answer, by kind: " + quoted(verify.FailureKinds()) + ".",
		},
		"latency_ms": schema.SingleNestedAttribute{
			Computed: true, MarkdownDescription: "Latencies of the answers in milliseconds.",
			Attributes: map[string]schema.Attribute{
				"p50": schema.Float64Attribute{Computed: true, MarkdownDescription: "Half of the answers came within."},
				"p90": schema.Float64Attribute{Computed: true, MarkdownDescription: "Nine of ten came within."},
				"p99": schema.Float64Attribute{Computed: true, MarkdownDescription: "99 of 100 came within."},
				"max": schema.Float64Attribute{Computed: true, MarkdownDescription: "The slowest."},
			},
		},
		"trace_ids":  schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "Trace ids of the first requests that succeeded, 20 at most, so that a state stays readable; every request has one of its own."},
		"started_at": schema.StringAttribute{Computed: true, MarkdownDescription: "When the first request was sent, RFC 3339."},
		"ended_at":   schema.StringAttribute{Computed: true, MarkdownDescription: "When the last answer was there."},
		"timeouts":   timeoutsAttribute(ctx),
	} {
		attributes[name] = a
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Traffic to the lab: a number of requests, each with a trace id of its own, sent when the resource is made and again when an argument or a trigger changes. " +
			"Destroying it does nothing. On Terraform 1.14 the action of the same name does it without a resource, and says on the way how far it is.\n\n" +
			"Interrupting it (Ctrl-C) ends it at once; the error says what was sent until then. Nothing is kept of it in the state, so that the next apply sends all requests. " +
			"Redirects are counted and not followed. What goes to an address outside of the lab needs `allow_external = true`; a name is looked up once, and the requests go to what was found.",
		Attributes: attributes,
	}
}

func trafficArgumentAttributes() map[string]schema.Attribute {
	return requestAttributes(map[string]schema.Attribute{
		"requests":    schema.Int64Attribute{Required: true, MarkdownDescription: "How many requests are sent.", Validators: []validator.Int64{int64validator.Between(1, 1_000_000)}},
		"rate":        schema.Float64Attribute{Optional: true, Computed: true, Default: float64default.StaticFloat64(defaultRate), MarkdownDescription: "Requests a second at most. Default: `50`.", Validators: []validator.Float64{float64validator.Between(0.01, 10_000)}},
		"concurrency": schema.Int64Attribute{Optional: true, Computed: true, Default: int64default.StaticInt64(defaultConcurrency), MarkdownDescription: "Requests under way at once. Default: `4`.", Validators: []validator.Int64{int64validator.Between(1, 1000)}},
		"min_success": schema.Float64Attribute{Optional: true, MarkdownDescription: "Share of the requests, 0 to 1, that must get an answer below 400; fewer are an error. Default: none has to.", Validators: []validator.Float64{float64validator.Between(0, 1)}},
	})
}

const (
	defaultRate        = 50
	defaultConcurrency = 4
	// keptTraces is how many trace ids a state keeps: enough to look at, few enough to read.
	keptTraces = 20
)

func (r *traffic) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m trafficModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	limit, diags := m.Timeouts.Create(ctx, createTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	sent, ok := m.send(ctx, r.session, logged(ctx, trafficType), &resp.Diagnostics)
	if !ok {
		return
	}
	m.observe(sent)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// ModifyPlan refuses what cannot be sent in the time that there is.
func (r *traffic) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || !req.State.Raw.IsNull() {
		return
	}
	var m trafficModel
	resp.Diagnostics.Append(getKnown(ctx, req.Plan, &m)...)
	limit, diags := m.Timeouts.Create(ctx, createTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || m.Rate.ValueFloat64() <= 0 {
		return
	}
	if needs := m.duration(); needs > limit {
		resp.Diagnostics.AddAttributeError(path.Root("rate"), "The traffic takes longer than it may",
			fmt.Sprintf("%d requests at %g a second take %s, and timeouts.create is %s. Raise rate or timeouts.create, or send fewer.", m.Requests.ValueInt64(), m.Rate.ValueFloat64(), needs, limit))
	}
}

func (m *trafficModel) observe(t verify.Traffic) {
	m.Sent, m.Succeeded = types.Int64Value(int64(t.Sent)), types.Int64Value(int64(t.Succeeded))
	status := map[string]attr.Value{}
	for code, n := range t.Status {
		status[strconv.Itoa(code)] = types.Int64Value(int64(n))
	}
	errors := map[string]attr.Value{}
	for what, n := range t.Errors {
		errors[what] = types.Int64Value(int64(n))
	}
	ids := []attr.Value{}
	for _, id := range t.TraceIDs {
		ids = append(ids, types.StringValue(string(id)))
	}
	m.Status, m.Errors = types.MapValueMust(types.Int64Type, status), types.MapValueMust(types.Int64Type, errors)
	m.TraceIDs = types.ListValueMust(types.StringType, ids)
	m.Latency = types.ObjectValueMust(latencyTypes, map[string]attr.Value{
		"p50": types.Float64Value(milliseconds(t.P50)), "p90": types.Float64Value(milliseconds(t.P90)),
		"p99": types.Float64Value(milliseconds(t.P99)), "max": types.Float64Value(milliseconds(t.Max)),
	})
	m.Started, m.Ended = types.StringValue(t.Started.UTC().Format(time.RFC3339)), types.StringValue(t.Ended.UTC().Format(time.RFC3339))
}

// Read keeps what was measured: traffic that was sent does not change.
func (r *traffic) Read(_ context.Context, _ resource.ReadRequest, _ *resource.ReadResponse) {}

// Update is called for other timeouts alone; everything else means replacement.
func (r *traffic) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	keepMeasured(ctx, req, resp)
}

// Delete has nothing to take back.
func (r *traffic) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
