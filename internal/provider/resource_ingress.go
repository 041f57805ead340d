package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int32validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	_ resource.ResourceWithConfigure   = (*ingressResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*ingressResource)(nil)
	_ resource.ResourceWithImportState = (*ingressResource)(nil)
	_ resource.ResourceWithIdentity    = (*ingressResource)(nil)
)

func newIngress() resource.Resource { return &ingressResource{} }

type ingressResource struct{ session *session }

const ingressType = "lab_ingress"

func (r *ingressResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = ingressType
}

func (r *ingressResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *ingressResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = componentIdentity()
}

func (r *ingressResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Leads HTTP requests from outside to services of the cluster: an Ingress. It is not ready until some controller serves its class; its own address is not waited for, " +
			"because Traefik writes none for RKE2's installation.",
		Attributes: componentAttributes(ctx, placeAttributes(placeDocs{
			Name: "Name of the Ingress.", Namespace: "Namespace of the Ingress and of its services.", DefaultNamespace: "default",
		}, map[string]schema.Attribute{
			"hosts": schema.ListAttribute{
				Optional: true, ElementType: types.StringType, MarkdownDescription: "Names in the request, such as `nginx.lab.example` or `*.lab.example`. Each gets all paths. Default: every name.",
				Validators: []validator.List{listvalidator.SizeAtLeast(1), listvalidator.UniqueValues()},
			},
			"service": ingressServiceAttribute("Service that gets all requests; the short form of a single `paths`.", true),
			"path": schema.StringAttribute{
				Optional: true, MarkdownDescription: "What the request's path begins with, for `service`. Default: `/`.",
				Validators: []validator.String{stringvalidator.AlsoRequires(path.MatchRoot("service"))},
			},
			"paths": ingressPathsAttribute(),
			"class_name": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Ingress class, such as `lab_ingress_controller.this.class_name`. Default: the cluster's default class, or a controller that serves Ingresses without class; " +
					"where there is neither, the creation is refused.",
			},
			"tls_secret": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Name of the Secret of type `kubernetes.io/tls` with the certificate for all hosts; the short form of a single `tls`. Default: plain HTTP.",
				Validators: []validator.String{stringvalidator.ConflictsWith(path.MatchRoot("tls"))},
			},
			"tls": schema.ListNestedAttribute{
				Optional: true, MarkdownDescription: "Certificates, where there are several or where the controller has its own.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"secret": schema.StringAttribute{Optional: true, MarkdownDescription: "Name of the Secret of type `kubernetes.io/tls`. Default: the controller's own certificate."},
					"hosts":  schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Hosts that it is for. Default: all."},
				}},
			},
			"annotations": schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Annotations of the Ingress."},
			"labels":      schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Labels of the Ingress."},
			"addresses": schema.ListAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Where requests go: what the Ingress says, else what its controller is reached at.",
				PlanModifiers:       []planmodifier.List{listplanmodifier.UseStateForUnknown()},
			},
			"urls": schema.ListAttribute{
				Computed: true, ElementType: types.StringType, MarkdownDescription: "One for each host; for each address where there are no hosts.",
				PlanModifiers: []planmodifier.List{listplanmodifier.UseStateForUnknown()},
			},
			"controller": schema.StringAttribute{
				Computed: true, MarkdownDescription: "Who serves it, in words.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
		})),
	}
}

func ingressServiceAttribute(doc string, optional bool) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: optional, Required: !optional, MarkdownDescription: doc,
		Attributes: map[string]schema.Attribute{
			"name":      schema.StringAttribute{Required: true, MarkdownDescription: "Name of the Service, in the Ingress' namespace."},
			"port":      schema.Int32Attribute{Optional: true, MarkdownDescription: "Number of its port.", Validators: []validator.Int32{int32validator.Between(1, 65535)}},
			"port_name": schema.StringAttribute{Optional: true, MarkdownDescription: "Name of its port, in place of the number."},
		},
	}
}

func ingressPathsAttribute() schema.ListNestedAttribute {
	return schema.ListNestedAttribute{
		Optional: true, MarkdownDescription: "Paths and the services that they lead to. The longest that matches wins.",
		Validators: []validator.List{listvalidator.SizeAtLeast(1), listvalidator.ExactlyOneOf(path.MatchRoot("service"))},
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"path": schema.StringAttribute{Optional: true, MarkdownDescription: "What the request's path is compared with. Default: `/`."},
			"type": schema.StringAttribute{
				Optional: true, MarkdownDescription: "`Prefix`, `Exact` or `ImplementationSpecific`. Default: `Prefix`.",
				Validators: []validator.String{stringvalidator.OneOf("Prefix", "Exact", "ImplementationSpecific")},
			},
			"service": ingressServiceAttribute("Service that gets the requests.", false),
		}},
	}
}

func (r *ingressResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	createComponent[ingressModel](ctx, r.session, req, resp, ingressType)
}

func (r *ingressResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	readComponent[ingressModel](ctx, r.session, req, resp, ingressType)
}

func (r *ingressResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	updateComponent[ingressModel](ctx, r.session, req, resp, ingressType)
}

func (r *ingressResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	deleteComponent[ingressModel](ctx, r.session, req, resp, ingressType)
}

func (r *ingressResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	planComponent[ingressModel](ctx, req, resp, planned{What: ingressType, Session: r.session})
	openWhenChanged(ctx, req, resp, map[string]attr.Value{
		"addresses": types.ListUnknown(types.StringType), "urls": types.ListUnknown(types.StringType), "controller": types.StringUnknown(),
	})
}

func (r *ingressResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importComponent[ingressModel](ctx, r.session, req, resp, importing{What: ingressType, NameAttribute: "name"})
}
