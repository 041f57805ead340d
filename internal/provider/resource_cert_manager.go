package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/certmanager"
	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
)

var (
	_ resource.ResourceWithConfigure   = (*certManager)(nil)
	_ resource.ResourceWithModifyPlan  = (*certManager)(nil)
	_ resource.ResourceWithImportState = (*certManager)(nil)
	_ resource.ResourceWithIdentity    = (*certManager)(nil)
)

func newCertManager() resource.Resource { return &certManager{} }

type certManager struct{ session *session }

const certManagerType = "lab_cert_manager"

type certManagerModel struct {
	chartModel
	StartupCheck types.Bool `tfsdk:"startup_check"`
}

func (r *certManager) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = certManagerType
}

func (r *certManager) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *certManager) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = componentIdentity()
}

func (r *certManager) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	pinned := certmanager.DefaultChart()
	resp.Schema = schema.Schema{
		MarkdownDescription: "cert-manager, which issues and renews certificates. It is ready when its webhooks can be called, so that issuers, certificates and " +
			"charts with certificates of their own, such as `lab_otel_operator`, can follow in the same apply. Its CustomResourceDefinitions are installed with it; from chart v1.15 on they stay " +
			"when it is destroyed, unless `delete_crds` says otherwise.",
		Attributes: chartAttributes(ctx, chartDefaults{
			Namespace: certmanager.DefaultNamespace, Version: pinned.Version, Repository: pinned.Repository, Chart: pinned.Name,
		}, map[string]schema.Attribute{
			"startup_check": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				MarkdownDescription: "Ends the installation with the chart's Job that makes sure that certificates can be made. It needs one more image. Default: `true`.",
			},
		}),
	}
}

func (r *certManager) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	createComponent[certManagerModel](ctx, r.session, req, resp, certManagerType)
}

func (r *certManager) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	readComponent[certManagerModel](ctx, r.session, req, resp, certManagerType)
}

func (r *certManager) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	updateComponent[certManagerModel](ctx, r.session, req, resp, certManagerType)
}

func (r *certManager) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	deleteComponent[certManagerModel](ctx, r.session, req, resp, certManagerType)
}

func (r *certManager) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	planComponent[certManagerModel](ctx, req, resp, planned{What: certManagerType, Session: r.session, Volatile: []string{"app_version"}})
	planCharts(ctx, req, resp)
}

func (r *certManager) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importComponent[certManagerModel](ctx, r.session, req, resp, importing{What: certManagerType})
}

func (m *certManagerModel) id() (namespace, name string) {
	return m.Namespace.ValueString(), certmanager.DefaultRelease
}

func (m *certManagerModel) component(ctx context.Context, s secrets, diags *diag.Diagnostics) component.Component {
	c, err := certmanager.Install{
		Chart:     m.optionsWithValues(ctx, certmanager.DefaultChart().Name, s, diags),
		SkipCheck: !m.StartupCheck.IsNull() && !m.StartupCheck.ValueBool(),
	}.Component()
	addInvalid(diags, certManagerType, err)
	return c
}

func (m *certManagerModel) observe(o cluster.Observed) {
	m.observedCharts(o, certmanager.DefaultChart().Name)
}
