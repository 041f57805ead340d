package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/boolplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/ingress"
)

var (
	_ resource.ResourceWithConfigure   = (*ingressController)(nil)
	_ resource.ResourceWithModifyPlan  = (*ingressController)(nil)
	_ resource.ResourceWithImportState = (*ingressController)(nil)
	_ resource.ResourceWithIdentity    = (*ingressController)(nil)
)

func newIngressController() resource.Resource { return &ingressController{} }

type ingressController struct{ session *session }

const ingressControllerType = "lab_ingress_controller"

func (r *ingressController) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = ingressControllerType
}

func (r *ingressController) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *ingressController) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = componentIdentity()
}

func (r *ingressController) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	pinned := ingress.DefaultChart(ingress.Traefik)
	resp.Schema = schema.Schema{
		MarkdownDescription: "An ingress controller for a cluster that brings none, such as one of k3d without its Traefik. Where another controller holds its class or the nodes' ports the creation is refused; " +
			"the data source of the same name finds that one. ingress-nginx was retired by its makers in March 2026.",
		Attributes: chartAttributes(ctx, chartDefaults{
			Namespace: ingress.DefaultNamespace(ingress.Traefik), Version: pinned.Version, Repository: pinned.Repository, Chart: pinned.Name,
		}, ingressControllerAttributes()),
	}
}

func ingressControllerAttributes() map[string]schema.Attribute {
	traefik, nginx := ingress.DefaultChart(ingress.Traefik), ingress.DefaultChart(ingress.Nginx)
	return map[string]schema.Attribute{
		"kind": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(kindTraefik),
			MarkdownDescription: "`traefik` or `ingress-nginx`. Default: `traefik`.",
			Validators:          []validator.String{stringvalidator.OneOf(kindTraefik, kindIngressNginx)},
			PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"namespace": schema.StringAttribute{
			Optional: true, Computed: true, MarkdownDescription: "Namespace of the release; made when it does not exist. Default: `traefik` or `ingress-nginx`.",
			PlanModifiers: []planmodifier.String{byController{kindTraefik, kindIngressNginx}, stringplanmodifier.RequiresReplace()},
		},
		"chart_version": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Version of the chart. Default: `" + traefik.Version + "` of Traefik or `" + nginx.Version + "` of ingress-nginx when it is first installed; later the installed version stays until another one is asked for.",
			PlanModifiers:       []planmodifier.String{byController{traefik.Version, nginx.Version}},
		},
		"class_name": schema.StringAttribute{
			Optional: true, Computed: true, MarkdownDescription: "Name of its IngressClass. Default: `traefik` or `nginx`.",
			PlanModifiers: []planmodifier.String{byController{string(ingress.Traefik), string(ingress.Nginx)}},
		},
		"default_class": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(true),
			MarkdownDescription: "Whether Ingresses without class get its class. Default: `true`.",
		},
		"exposure": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(string(ingress.HostPort)),
			MarkdownDescription: "How requests reach it: `host_port` takes ports 80 and 443 of every node, `load_balancer` needs something that gives addresses, such as `lab_metallb`. Default: `host_port`.",
			Validators:          []validator.String{stringvalidator.OneOf(string(ingress.HostPort), string(ingress.LoadBalancer))},
		},
		"address": schema.StringAttribute{
			Optional: true, MarkdownDescription: "Address to ask MetalLB for, with `load_balancer`. Default: any.",
		},
		"addresses": schema.ListAttribute{
			Computed: true, ElementType: types.StringType, MarkdownDescription: "Where requests go: the addresses of the nodes, or of the Service.",
			PlanModifiers: []planmodifier.List{listplanmodifier.UseStateForUnknown()},
		},
		"workload": schema.StringAttribute{
			Computed: true, MarkdownDescription: "What runs it: `DaemonSet traefik/traefik`.",
			PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		},
		"bundled": schema.BoolAttribute{
			Computed: true, MarkdownDescription: "Always `false`: it is ours. The data source has the same attribute.",
			PlanModifiers: []planmodifier.Bool{boolplanmodifier.UseStateForUnknown()},
		},
	}
}

func (r *ingressController) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	createComponent[ingressControllerModel](ctx, r.session, req, resp, ingressControllerType)
}

func (r *ingressController) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	readComponent[ingressControllerModel](ctx, r.session, req, resp, ingressControllerType)
}

func (r *ingressController) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	updateComponent[ingressControllerModel](ctx, r.session, req, resp, ingressControllerType)
}

func (r *ingressController) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	deleteComponent[ingressControllerModel](ctx, r.session, req, resp, ingressControllerType)
}

func (r *ingressController) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	planComponent[ingressControllerModel](ctx, req, resp, planned{What: ingressControllerType, Volatile: []string{"app_version"}, Session: r.session})
	planCharts(ctx, req, resp)
	openWhenChanged(ctx, req, resp, map[string]attr.Value{"addresses": types.ListUnknown(types.StringType), "workload": types.StringUnknown()})
}

// ImportState reads the kind from the release's name, which is the kind's own.
func (r *ingressController) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	kind := kindTraefik
	var quiet diag.Diagnostics // what is wrong with the id is said below
	if id, ok := importedID(ctx, req, &quiet); ok && id.name == ingress.DefaultNamespace(ingress.Nginx) {
		kind = kindIngressNginx
	}
	importComponent[ingressControllerModel](ctx, r.session, req, resp, importing{
		What: ingressControllerType, Preset: map[string]attr.Value{"kind": types.StringValue(kind)},
	})
}

// byController plans a text that follows from the kind: what is installed stays, and something new gets the kind's default.
type byController struct{ traefik, nginx string }

func (b byController) Description(context.Context) string {
	return "keeps what is installed; " + b.traefik + " or " + b.nginx + ", by the kind, when it is new"
}

func (b byController) MarkdownDescription(ctx context.Context) string { return b.Description(ctx) }

func (b byController) PlanModifyString(ctx context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	var kind, before types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("kind"), &kind)...)
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("kind"), &before)...)
	}
	wanted := kind.ValueString()
	if wanted == "" {
		wanted = kindTraefik
	}
	switch {
	case !req.ConfigValue.IsNull() || kind.IsUnknown():
	case !req.StateValue.IsNull() && before.ValueString() == wanted:
		resp.PlanValue = req.StateValue
	case wanted == kindIngressNginx:
		resp.PlanValue = types.StringValue(b.nginx)
	default:
		resp.PlanValue = types.StringValue(b.traefik)
	}
}
