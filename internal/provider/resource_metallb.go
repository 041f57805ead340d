package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/metallb"
)

var (
	_ resource.ResourceWithConfigure   = (*metalLB)(nil)
	_ resource.ResourceWithModifyPlan  = (*metalLB)(nil)
	_ resource.ResourceWithImportState = (*metalLB)(nil)
	_ resource.ResourceWithIdentity    = (*metalLB)(nil)
)

func newMetalLB() resource.Resource { return &metalLB{} }

type metalLB struct{ session *session }

const metalLBType = "lab_metallb"

type metalLBModel struct {
	chartModel
	BGP               types.Bool   `tfsdk:"bgp"`
	LoadBalancerClass types.String `tfsdk:"load_balancer_class"`
	LogLevel          types.String `tfsdk:"log_level"`
}

func (r *metalLB) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = metalLBType
}

func (r *metalLB) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *metalLB) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = componentIdentity()
}

func (r *metalLB) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	pinned := metallb.DefaultChart()
	resp.Schema = schema.Schema{
		MarkdownDescription: "MetalLB, which gives addresses to Services of type LoadBalancer on bare hosts. It is ready when its webhook can be called, " +
			"so that a `lab_metallb_pool` can follow in the same apply.",
		Attributes: chartAttributes(ctx, chartDefaults{
			Namespace: metallb.DefaultNamespace, Version: pinned.Version, Repository: pinned.Repository, Chart: pinned.Name,
		}, map[string]schema.Attribute{
			"bgp": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "Installs what the speakers need for BGP (frr-k8s from chart 0.16, FRR before). Pools that are announced by L2 need none of it. Default: `false`.",
			},
			"load_balancer_class": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Serves only Services of this class. Default: Services without a class.",
			},
			"log_level": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Log level of controller and speakers. Default: `info`.",
				Validators: []validator.String{stringvalidator.OneOf("all", "debug", "info", "warn", "error", "none")},
			},
		}),
	}
}

func (r *metalLB) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	createComponent[metalLBModel](ctx, r.session, req, resp, metalLBType)
}

func (r *metalLB) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	readComponent[metalLBModel](ctx, r.session, req, resp, metalLBType)
}

func (r *metalLB) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	updateComponent[metalLBModel](ctx, r.session, req, resp, metalLBType)
}

func (r *metalLB) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	deleteComponent[metalLBModel](ctx, r.session, req, resp, metalLBType)
}

func (r *metalLB) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	planComponent[metalLBModel](ctx, req, resp, planned{What: metalLBType, Session: r.session, Volatile: []string{"app_version"}})
	planCharts(ctx, req, resp)
}

func (r *metalLB) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importComponent[metalLBModel](ctx, r.session, req, resp, importing{What: metalLBType})
}

func (m *metalLBModel) id() (namespace, name string) {
	return m.Namespace.ValueString(), metallb.DefaultRelease
}

func (m *metalLBModel) component(ctx context.Context, s secrets, diags *diag.Diagnostics) component.Component {
	c, err := metallb.Install{
		Chart:             m.optionsWithValues(ctx, metallb.DefaultChart().Name, s, diags),
		BGP:               m.BGP.ValueBool(),
		LoadBalancerClass: m.LoadBalancerClass.ValueString(),
		LogLevel:          m.LogLevel.ValueString(),
	}.Component()
	addInvalid(diags, metalLBType, err)
	return c
}

func (m *metalLBModel) observe(o cluster.Observed) {
	m.observedCharts(o, metallb.DefaultChart().Name)
}
