package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/otel"
)

var (
	_ resource.ResourceWithConfigure   = (*tracingPipeline)(nil)
	_ resource.ResourceWithModifyPlan  = (*tracingPipeline)(nil)
	_ resource.ResourceWithImportState = (*tracingPipeline)(nil)
	_ resource.ResourceWithIdentity    = (*tracingPipeline)(nil)
)

func newTracingPipeline() resource.Resource { return &tracingPipeline{} }

type tracingPipeline struct{ session *session }

const tracingPipelineType = "lab_tracing_pipeline"

type tracingPipelineModel struct {
	componentModel
	Name            types.String `tfsdk:"name"`
	Namespace       types.String `tfsdk:"namespace"`
	OperatorVersion types.String `tfsdk:"operator_version"`
	APIVersion      types.String `tfsdk:"api_version"`
	Mode            types.String `tfsdk:"mode"`
	Replicas        types.Int32  `tfsdk:"replicas"`
	Image           types.String `tfsdk:"image"`
	Spec            types.String `tfsdk:"spec"`
	Receivers       types.Set    `tfsdk:"receivers"`
	Processors      types.List   `tfsdk:"processors"`
	TempoEndpoint   types.String `tfsdk:"tempo_endpoint"`
	Debug           types.String `tfsdk:"debug"`
	Exporters       types.String `tfsdk:"exporters"`
	Config          types.String `tfsdk:"config"`
	Endpoints       types.Object `tfsdk:"endpoints"`
}

func (r *tracingPipeline) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = tracingPipelineType
}

func (r *tracingPipeline) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *tracingPipeline) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = componentIdentity()
}

func (r *tracingPipeline) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = tracingPipelineSchema(ctx)
}

func (r *tracingPipeline) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	createComponent[tracingPipelineModel](ctx, r.session, req, resp, tracingPipelineType)
}

func (r *tracingPipeline) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	readComponent[tracingPipelineModel](ctx, r.session, req, resp, tracingPipelineType)
}

func (r *tracingPipeline) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	updateComponent[tracingPipelineModel](ctx, r.session, req, resp, tracingPipelineType)
}

func (r *tracingPipeline) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	deleteComponent[tracingPipelineModel](ctx, r.session, req, resp, tracingPipelineType)
}

func (r *tracingPipeline) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	planTracing(ctx, req, resp)
	if resp.Diagnostics.HasError() {
		return
	}
	req.Plan = resp.Plan
	planComponent[tracingPipelineModel](ctx, req, resp, planned{What: tracingPipelineType, Session: r.session})
}

// planTracing works out what follows from the rest of the plan, so that what refers to the endpoints is planned with
// them. Where Tempo is not known yet, everything else is looked at already.
func planTracing(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var m tracingPipelineModel
	resp.Diagnostics.Append(getKnown(ctx, req.Plan, &m)...)
	var config tracingPipelineModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	set := func(name string, v any) {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root(name), v)...)
	}
	m.APIVersion = config.APIVersion
	if config.hides() {
		set("endpoints", types.ObjectUnknown(tracingEndpointTypes()))
		if config.APIVersion.IsNull() {
			set("api_version", types.StringUnknown())
		}
		return
	}
	if config.TempoEndpoint.IsUnknown() {
		m.TempoEndpoint = types.StringValue("unknown:0")
	}
	p := m.pipeline(ctx, &resp.Diagnostics)
	endpoints, err := p.Endpoints()
	addInvalid(&resp.Diagnostics, tracingPipelineType, err)
	if resp.Diagnostics.HasError() {
		return
	}
	set("endpoints", tracingEndpoints(endpoints))
	set("api_version", p.API())
}

// hides reports whether a configuration leaves open, until it is applied, what the endpoints follow from.
func (m *tracingPipelineModel) hides() bool {
	for _, v := range []interface{ IsUnknown() bool }{
		m.Name, m.Namespace, m.OperatorVersion, m.APIVersion, m.Image, m.Receivers, m.Processors, m.Debug, m.Exporters, m.Config, m.Spec, m.Mode,
	} {
		if v.IsUnknown() {
			return true
		}
	}
	return false
}

func (r *tracingPipeline) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importComponent[tracingPipelineModel](ctx, r.session, req, resp, importing{What: tracingPipelineType, NameAttribute: "name"})
}

func (m *tracingPipelineModel) id() (namespace, name string) {
	return m.Namespace.ValueString(), m.Name.ValueString()
}

func (m *tracingPipelineModel) pipeline(ctx context.Context, diags *diag.Diagnostics) otel.Pipeline {
	p := otel.Pipeline{
		Name: m.Name.ValueString(), Namespace: m.Namespace.ValueString(),
		OperatorVersion: m.OperatorVersion.ValueString(), APIVersion: m.APIVersion.ValueString(),
		Mode: m.Mode.ValueString(), Replicas: m.Replicas.ValueInt32Pointer(), Image: m.Image.ValueString(),
		Processors: textList(ctx, m.Processors, diags), TempoEndpoint: m.TempoEndpoint.ValueString(), Debug: m.Debug.ValueString(),
		Exporters: yamlOf(m.Exporters, "exporters", diags), Config: yamlOf(m.Config, "config", diags), Spec: yamlOf(m.Spec, "spec", diags),
	}
	if !m.Receivers.IsNull() && !m.Receivers.IsUnknown() {
		diags.Append(m.Receivers.ElementsAs(ctx, &p.Receivers, false)...)
	}
	return p
}

// yamlOf reads an attribute that the schema has checked to be a YAML mapping.
func yamlOf(v types.String, name string, diags *diag.Diagnostics) map[string]any {
	if v.ValueString() == "" {
		return nil
	}
	m, err := helm.MergeValues([]string{v.ValueString()})
	if err != nil {
		diags.AddAttributeError(path.Root(name), "The document is not valid YAML", sentence(err.Error()))
	}
	return m
}

// component also works out what follows from it: observe, which has no context, cannot read lists.
func (m *tracingPipelineModel) component(ctx context.Context, _ secrets, diags *diag.Diagnostics) component.Component {
	p := m.pipeline(ctx, diags)
	c, err := p.Component()
	if err == nil {
		var endpoints map[string]string
		endpoints, err = p.Endpoints()
		m.Endpoints, m.APIVersion = tracingEndpoints(endpoints), types.StringValue(p.API())
	}
	addInvalid(diags, tracingPipelineType, err)
	return c
}

func (m *tracingPipelineModel) observe(o cluster.Observed) { m.observed(o) }
