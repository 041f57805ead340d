package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
)

var (
	_ resource.ResourceWithConfigure   = (*helmRelease)(nil)
	_ resource.ResourceWithModifyPlan  = (*helmRelease)(nil)
	_ resource.ResourceWithImportState = (*helmRelease)(nil)
	_ resource.ResourceWithIdentity    = (*helmRelease)(nil)
)

func newHelmRelease() resource.Resource { return &helmRelease{} }

type helmRelease struct{ session *session }

const helmReleaseType = "lab_helm_release"

type helmReleaseModel struct {
	chartModel
	Name  types.String `tfsdk:"name"`
	Chart types.String `tfsdk:"chart"`
}

func (r *helmRelease) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = helmReleaseType
}

func (r *helmRelease) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *helmRelease) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = componentIdentity()
}

func (r *helmRelease) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := chartAttributes(ctx, chartDefaults{Namespace: "default", Chart: "the release"}, map[string]schema.Attribute{
		"name": schema.StringAttribute{
			Required: true, MarkdownDescription: "Name of the release.",
			PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"chart": schema.StringAttribute{
			Required: true, MarkdownDescription: "Name of the chart in its repository; without a repository the path of a chart directory or archive.",
		},
	})
	attributes["repository"] = schema.StringAttribute{
		Optional: true, Computed: true, Default: stringdefault.StaticString(""),
		MarkdownDescription: "Repository of the chart: `https://...` (classic) or `oci://...`. Without one, `chart` is a path.",
	}
	attributes["chart_version"] = schema.StringAttribute{
		Required: true, MarkdownDescription: "Version of the chart. A chart without a version would be another one tomorrow, so it is required.",
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Any Helm chart as a release, kept by the same engine as the other resources: drift of its live objects is found at refresh, " +
			"CRDs of its `crds/` folder are upgraded, failed and pending releases are healed. It is ready when its Deployments, StatefulSets, DaemonSets and Jobs are.",
		Attributes: attributes,
	}
}

func (r *helmRelease) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	createComponent[helmReleaseModel](ctx, r.session, req, resp, helmReleaseType)
}

func (r *helmRelease) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	readComponent[helmReleaseModel](ctx, r.session, req, resp, helmReleaseType)
}

func (r *helmRelease) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	updateComponent[helmReleaseModel](ctx, r.session, req, resp, helmReleaseType)
}

func (r *helmRelease) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	deleteComponent[helmReleaseModel](ctx, r.session, req, resp, helmReleaseType)
}

func (r *helmRelease) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	planComponent[helmReleaseModel](ctx, req, resp, planned{What: helmReleaseType, Session: r.session, Volatile: []string{"app_version"}})
	planCharts(ctx, req, resp)
}

func (r *helmRelease) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importComponent[helmReleaseModel](ctx, r.session, req, resp, importing{What: helmReleaseType, NameAttribute: "name"})
}

func (m *helmReleaseModel) id() (namespace, name string) {
	return m.Namespace.ValueString(), m.Name.ValueString()
}

func (m *helmReleaseModel) component(ctx context.Context, s secrets, diags *diag.Diagnostics) component.Component {
	o := m.optionsWithValues(ctx, m.Chart.ValueString(), s, diags)
	o.Release = m.Name.ValueString()
	chart := o.Over(component.Chart{Name: m.Chart.ValueString()})
	c := component.Component{Name: "release " + m.Name.ValueString(), Charts: []component.Chart{chart}, WaitForWorkloads: true, GuardCRDs: true}
	if chart.Namespace != "default" {
		c.Namespaces = []component.Namespace{{Name: chart.Namespace}}
	}
	return c
}

func (m *helmReleaseModel) observe(o cluster.Observed) {
	var chart string
	if len(o.Charts) > 0 {
		chart = o.Charts[0].Chart
	}
	if m.Chart.IsNull() && chart != "" { // an import
		m.Chart = types.StringValue(chart)
	}
	m.observedCharts(o, chart)
}
