package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
)

var (
	_ resource.ResourceWithConfigure   = (*sampleApp)(nil)
	_ resource.ResourceWithModifyPlan  = (*sampleApp)(nil)
	_ resource.ResourceWithImportState = (*sampleApp)(nil)
	_ resource.ResourceWithIdentity    = (*sampleApp)(nil)
)

func newSampleApp() resource.Resource { return &sampleApp{} }

type sampleApp struct{ session *session }

const sampleAppType = "lab_sample_app"

func (r *sampleApp) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = sampleAppType
}

func (r *sampleApp) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *sampleApp) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = componentIdentity()
}

func (r *sampleApp) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = sampleAppSchema(ctx)
}

func (r *sampleApp) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	createComponent[sampleAppModel](ctx, r.session, req, resp, sampleAppType)
}

func (r *sampleApp) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	readComponent[sampleAppModel](ctx, r.session, req, resp, sampleAppType)
}

func (r *sampleApp) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	updateComponent[sampleAppModel](ctx, r.session, req, resp, sampleAppType)
}

func (r *sampleApp) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	deleteComponent[sampleAppModel](ctx, r.session, req, resp, sampleAppType)
}

func (r *sampleApp) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	planComponent[sampleAppModel](ctx, req, resp, planned{What: sampleAppType, Session: r.session})
}

func (r *sampleApp) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importComponent[sampleAppModel](ctx, r.session, req, resp, importing{What: sampleAppType, NameAttribute: "name"})
}
