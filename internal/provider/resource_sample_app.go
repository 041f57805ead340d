package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int32validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/samples"
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

type sampleAppModel struct {
	componentModel
	Name      types.String        `tfsdk:"name"`
	Namespace types.String        `tfsdk:"namespace"`
	App       types.String        `tfsdk:"app"`
	Image     types.String        `tfsdk:"image"`
	Replicas  types.Int32         `tfsdk:"replicas"`
	Labels    types.Map           `tfsdk:"labels"`
	Ingress   *sampleIngressModel `tfsdk:"ingress"`
	Service   types.String        `tfsdk:"service"`
}

type sampleIngressModel struct {
	Name        types.String `tfsdk:"name"`
	Host        types.String `tfsdk:"host"`
	ClassName   types.String `tfsdk:"class_name"`
	Annotations types.Map    `tfsdk:"annotations"`
}

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
	resp.Schema = schema.Schema{
		MarkdownDescription: "A small application that shows a lab to be alive. `nginx` is a web server with its welcome page.",
		Attributes: componentAttributes(ctx, map[string]schema.Attribute{
			"app": schema.StringAttribute{
				Required: true, MarkdownDescription: "Which application: `nginx`.",
				Validators:    []validator.String{stringvalidator.OneOf("nginx")},
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"name": schema.StringAttribute{
				Required: true, MarkdownDescription: "Name of the Deployment and the Service.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"namespace": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString("default"),
				MarkdownDescription: "Namespace of the objects. Default: `default`.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"image":    schema.StringAttribute{Optional: true, MarkdownDescription: "Image of the server. Default: `" + samples.NginxImage + "`."},
			"replicas": schema.Int32Attribute{Optional: true, MarkdownDescription: "Number of pods. Default: `1`.", Validators: []validator.Int32{int32validator.AtLeast(1)}},
			"labels":   schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Labels of all objects and of the pods."},
			"ingress": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "Publishes the application by the cluster's ingress controller.",
				Attributes: map[string]schema.Attribute{
					"name":        schema.StringAttribute{Optional: true, MarkdownDescription: "Name of the Ingress. Default: the application's."},
					"host":        schema.StringAttribute{Optional: true, MarkdownDescription: "Name in the request. Default: every name."},
					"class_name":  schema.StringAttribute{Optional: true, MarkdownDescription: "Ingress class. Default: the cluster's choice."},
					"annotations": schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Annotations of the Ingress."},
				},
			},
			"service": schema.StringAttribute{
				Computed: true, MarkdownDescription: "Name by which pods and routes reach the application: `nginx.default.svc.cluster.local`.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
		}),
	}
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
	importComponent[sampleAppModel](ctx, r.session, req, resp, importing{What: sampleAppType, NameAttribute: "name", Preset: map[string]attr.Value{"app": types.StringValue("nginx")}})
}

func (m *sampleAppModel) id() (namespace, name string) {
	return m.Namespace.ValueString(), m.Name.ValueString()
}

func (m *sampleAppModel) nginx(ctx context.Context, diags *diag.Diagnostics) samples.Nginx {
	n := samples.Nginx{
		Name: m.Name.ValueString(), Namespace: m.Namespace.ValueString(), Image: m.Image.ValueString(),
		Replicas: m.Replicas.ValueInt32(), Labels: textMap(ctx, m.Labels, diags),
	}
	if i := m.Ingress; i != nil {
		n.Ingress = &samples.Ingress{
			Name: i.Name.ValueString(), Host: i.Host.ValueString(), ClassName: i.ClassName.ValueString(), Annotations: textMap(ctx, i.Annotations, diags),
		}
	}
	return n
}

func (m *sampleAppModel) component(ctx context.Context, _ secrets, diags *diag.Diagnostics) component.Component {
	c, err := m.nginx(ctx, diags).Component()
	addInvalid(diags, sampleAppType, err)
	return c
}

func (m *sampleAppModel) observe(o cluster.Observed) {
	m.observed(o)
	m.Service = types.StringValue(samples.Nginx{Name: m.Name.ValueString(), Namespace: m.Namespace.ValueString()}.Host())
}
