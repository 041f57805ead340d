package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/kiali"
)

var (
	_ resource.ResourceWithConfigure   = (*kialiResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*kialiResource)(nil)
	_ resource.ResourceWithImportState = (*kialiResource)(nil)
	_ resource.ResourceWithIdentity    = (*kialiResource)(nil)
)

func newKiali() resource.Resource { return &kialiResource{} }

type kialiResource struct{ session *session }

const kialiType = "lab_kiali"

type kialiModel struct {
	chartModel
	InstanceNamespace  types.String `tfsdk:"instance_namespace"`
	MeshNamespace      types.String `tfsdk:"mesh_namespace"`
	AuthStrategy       types.String `tfsdk:"auth_strategy"`
	ViewOnly           types.Bool   `tfsdk:"view_only"`
	CustomDashboards   types.Bool   `tfsdk:"custom_dashboards"`
	PrometheusURL      types.String `tfsdk:"prometheus_url"`
	GrafanaURL         types.String `tfsdk:"grafana_url"`
	GrafanaExternalURL types.String `tfsdk:"grafana_external_url"`
	TempoURL           types.String `tfsdk:"tempo_url"`
	TempoDatasourceUID types.String `tfsdk:"tempo_datasource_uid"`
	Host               types.String `tfsdk:"host"`
	IngressClass       types.String `tfsdk:"ingress_class"`
	IngressAnnotations types.Map    `tfsdk:"ingress_annotations"`
	Spec               types.String `tfsdk:"spec"`
	URL                types.String `tfsdk:"url"`
	ExternalURL        types.String `tfsdk:"external_url"`
}

func (r *kialiResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = kialiType
}

func (r *kialiResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *kialiResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = componentIdentity()
}

func (r *kialiResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	createComponent[kialiModel](ctx, r.session, req, resp, kialiType)
}

func (r *kialiResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	readComponent[kialiModel](ctx, r.session, req, resp, kialiType)
}

func (r *kialiResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	updateComponent[kialiModel](ctx, r.session, req, resp, kialiType)
}

func (r *kialiResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	deleteComponent[kialiModel](ctx, r.session, req, resp, kialiType)
}

func (r *kialiResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	planComponent[kialiModel](ctx, req, resp, planned{What: kialiType, Session: r.session, Volatile: []string{"app_version", "url", "external_url"}})
	planCharts(ctx, req, resp)
}

func (r *kialiResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importComponent[kialiModel](ctx, r.session, req, resp, importing{What: kialiType, Preset: map[string]attr.Value{
		"instance_namespace": types.StringValue(kiali.DefaultInstanceNamespace),
	}})
}

func (m *kialiModel) id() (namespace, name string) {
	return m.Namespace.ValueString(), kiali.DefaultRelease
}

func (m *kialiModel) install(ctx context.Context, s secrets, diags *diag.Diagnostics) kiali.Install {
	i := kiali.Install{
		Chart:             m.optionsWithValues(ctx, kiali.DefaultChart().Name, s, diags),
		InstanceNamespace: m.InstanceNamespace.ValueString(), MeshNamespace: m.MeshNamespace.ValueString(),
		AuthStrategy: m.AuthStrategy.ValueString(), ViewOnly: m.ViewOnly.ValueBool(), CustomDashboards: m.CustomDashboards.ValueBool(),
		PrometheusURL: m.PrometheusURL.ValueString(),
	}
	if url := m.GrafanaURL.ValueString(); url != "" {
		i.Grafana = &kiali.Grafana{URL: url, ExternalURL: m.GrafanaExternalURL.ValueString()}
	}
	if url := m.TempoURL.ValueString(); url != "" {
		i.Tempo = &kiali.Tempo{URL: url, GrafanaURL: m.GrafanaExternalURL.ValueString(), DatasourceUID: m.TempoDatasourceUID.ValueString()}
	}
	if host := m.Host.ValueString(); host != "" {
		i.Ingress = &kiali.Ingress{Host: host, ClassName: m.IngressClass.ValueString(), Annotations: textMap(ctx, m.IngressAnnotations, diags)}
	}
	spec, err := helm.MergeValues([]string{m.Spec.ValueString()})
	if err != nil {
		diags.AddAttributeError(path.Root("spec"), "Not valid YAML", sentence(err.Error()))
	}
	i.Spec = spec
	return i
}

func (m *kialiModel) component(ctx context.Context, s secrets, diags *diag.Diagnostics) component.Component {
	c, err := m.install(ctx, s, diags).Component()
	addInvalid(diags, kialiType, err)
	return c
}

func (m *kialiModel) observe(o cluster.Observed) {
	m.observedCharts(o, kiali.DefaultChart().Name)
	var quiet diag.Diagnostics // the same values were built into a component before
	internal, external, err := m.install(context.Background(), secrets{}, &quiet).URLs()
	m.URL, m.ExternalURL = nullIfEmpty(internal), nullIfEmpty(external)
	if err != nil || quiet.HasError() {
		m.URL, m.ExternalURL = types.StringNull(), types.StringNull()
	}
}
