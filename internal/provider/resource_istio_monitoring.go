package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	_ resource.ResourceWithConfigure   = (*istioMonitoring)(nil)
	_ resource.ResourceWithModifyPlan  = (*istioMonitoring)(nil)
	_ resource.ResourceWithImportState = (*istioMonitoring)(nil)
	_ resource.ResourceWithIdentity    = (*istioMonitoring)(nil)
)

func newIstioMonitoring() resource.Resource { return &istioMonitoring{} }

type istioMonitoring struct{ session *session }

const (
	istioMonitoringType = "lab_istio_monitoring"
	// istioMonitoringName is what it is called: its objects have upstream's names.
	istioMonitoringName = "istio-monitoring"
)

func (r *istioMonitoring) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = istioMonitoringType
}

func (r *istioMonitoring) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *istioMonitoring) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = componentIdentity()
}

func (r *istioMonitoring) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = istioMonitoringSchema(ctx)
}

func (r *istioMonitoring) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	createComponent[istioMonitoringModel](ctx, r.session, req, resp, istioMonitoringType)
}

func (r *istioMonitoring) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	readComponent[istioMonitoringModel](ctx, r.session, req, resp, istioMonitoringType)
}

func (r *istioMonitoring) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	updateComponent[istioMonitoringModel](ctx, r.session, req, resp, istioMonitoringType)
}

func (r *istioMonitoring) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	deleteComponent[istioMonitoringModel](ctx, r.session, req, resp, istioMonitoringType)
}

func (r *istioMonitoring) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	planDashboardFiles(ctx, req, resp)
	req.Plan = resp.Plan // a file that has changed is a change like any other
	planComponent[istioMonitoringModel](ctx, req, resp, planned{What: istioMonitoringType, Session: r.session})
	open := types.MapUnknown(types.StringType)
	openWhenChanged(ctx, req, resp, map[string]attr.Value{"config_maps": open, "titles": open, "source_digests": open})
}

func (r *istioMonitoring) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importComponent[istioMonitoringModel](ctx, r.session, req, resp, importing{What: istioMonitoringType})
}
