package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/otel"
)

var (
	_ resource.ResourceWithConfigure   = (*otelOperator)(nil)
	_ resource.ResourceWithModifyPlan  = (*otelOperator)(nil)
	_ resource.ResourceWithImportState = (*otelOperator)(nil)
	_ resource.ResourceWithIdentity    = (*otelOperator)(nil)
)

func newOTelOperator() resource.Resource { return &otelOperator{} }

type otelOperator struct{ session *session }

const otelOperatorType = "lab_otel_operator"

type otelOperatorModel struct {
	chartModel
	CertManager        types.Bool   `tfsdk:"cert_manager"`
	CertManagerWebhook types.String `tfsdk:"cert_manager_webhook"`
	CollectorImage     types.String `tfsdk:"collector_image"`
}

func (r *otelOperator) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = otelOperatorType
}

func (r *otelOperator) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *otelOperator) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = componentIdentity()
}

func (r *otelOperator) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	pinned := otel.DefaultChart()
	resp.Schema = schema.Schema{
		MarkdownDescription: "The OpenTelemetry operator, which runs collectors. It is ready when its webhooks, which refuse collectors while they do not answer, have their certificate, so that a " +
			"`lab_tracing_pipeline` can follow in the same apply. From chart 0.57 on its CustomResourceDefinitions go with it, and every collector with them: a destroy is refused while there are " +
			"collectors that Terraform does not remove before. An upgrade from an older chart to 0.57 or later takes those definitions over and needs `adopt = true`.",
		Attributes: chartAttributes(ctx, chartDefaults{
			Namespace: otel.DefaultNamespace, Version: pinned.Version, Repository: pinned.Repository, Chart: pinned.Name,
		}, map[string]schema.Attribute{
			"cert_manager": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				MarkdownDescription: "Lets cert-manager issue and renew the webhooks' certificate; `lab_cert_manager` installs it, and the operator waits until it answers. " +
					"With `false` the chart makes a certificate that lasts a year and is made anew by every upgrade. Default: `true`.",
			},
			"cert_manager_webhook": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Name of cert-manager's webhook configurations, where its release has another name. Default: `" + otel.DefaultCertManagerWebhook + "`.",
			},
			"collector_image": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Image, `repository` or `repository:tag`, of collectors that name none. Default: the chart's choice; from 0.56 to 0.88, where it has none, the collector's distribution for Kubernetes.",
			},
		}),
	}
}

func (r *otelOperator) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	createComponent[otelOperatorModel](ctx, r.session, req, resp, otelOperatorType)
}

func (r *otelOperator) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	readComponent[otelOperatorModel](ctx, r.session, req, resp, otelOperatorType)
}

func (r *otelOperator) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	updateComponent[otelOperatorModel](ctx, r.session, req, resp, otelOperatorType)
}

func (r *otelOperator) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	deleteComponent[otelOperatorModel](ctx, r.session, req, resp, otelOperatorType)
}

func (r *otelOperator) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	planComponent[otelOperatorModel](ctx, req, resp, planned{What: otelOperatorType, Session: r.session, Volatile: []string{"app_version"}})
	planCharts(ctx, req, resp)
}

func (r *otelOperator) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importComponent[otelOperatorModel](ctx, r.session, req, resp, importing{What: otelOperatorType})
}

func (m *otelOperatorModel) id() (namespace, name string) {
	return m.Namespace.ValueString(), otel.DefaultRelease
}

func (m *otelOperatorModel) component(ctx context.Context, s secrets, diags *diag.Diagnostics) component.Component {
	c, err := otel.Operator{
		Chart:              m.optionsWithValues(ctx, otel.DefaultChart().Name, s, diags),
		OwnCertificate:     !m.CertManager.IsNull() && !m.CertManager.ValueBool(),
		CertManagerWebhook: m.CertManagerWebhook.ValueString(),
		CollectorImage:     m.CollectorImage.ValueString(),
	}.Component()
	addInvalid(diags, otelOperatorType, err)
	return c
}

func (m *otelOperatorModel) observe(o cluster.Observed) {
	m.observedCharts(o, otel.DefaultChart().Name)
}
