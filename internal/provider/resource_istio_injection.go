package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/istio"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

var (
	_ resource.ResourceWithConfigure   = (*istioInjection)(nil)
	_ resource.ResourceWithModifyPlan  = (*istioInjection)(nil)
	_ resource.ResourceWithImportState = (*istioInjection)(nil)
	_ resource.ResourceWithIdentity    = (*istioInjection)(nil)
	_ liveReader                       = (*istioInjectionModel)(nil)
)

func newIstioInjection() resource.Resource { return &istioInjection{} }

type istioInjection struct{ session *session }

const istioInjectionType = "lab_istio_injection"

type istioInjectionModel struct {
	componentModel
	Namespace       types.String `tfsdk:"namespace"`
	Mode            types.String `tfsdk:"mode"`
	Revision        types.String `tfsdk:"revision"`
	CreateNamespace types.Bool   `tfsdk:"create_namespace"`
	MeshNamespace   types.String `tfsdk:"mesh_namespace"`
	Restart         types.Bool   `tfsdk:"restart"`
	ProxyVersion    types.String `tfsdk:"proxy_version"`
}

func (r *istioInjection) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = istioInjectionType
}

func (r *istioInjection) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *istioInjection) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = componentIdentity()
}

func (r *istioInjection) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	modes := make([]string, 0, len(istio.Modes))
	for _, m := range istio.Modes {
		modes = append(modes, string(m))
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "How a namespace takes part in a mesh: the one label that says so. Other labels, and a namespace that was there before, are left alone.\n\n" +
			"A label that contradicts the wanted one is refused, and replaced with `adopt = true`. " +
			"It waits for the istiod of `mesh_namespace`, because a labelled namespace refuses pods while nobody answers.",
		Attributes: componentAttributes(ctx, map[string]schema.Attribute{
			"namespace": schema.StringAttribute{
				Required: true, MarkdownDescription: "The namespace.",
				Validators:    []validator.String{stringvalidator.LengthAtLeast(1)},
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"mode": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(string(istio.Sidecar)),
				MarkdownDescription: "`sidecar` puts a proxy into each new pod (`istio-injection=enabled`, or `istio.io/rev` with `revision`), `ambient` sends the traffic of all pods " +
					"through the node's ztunnel (`istio.io/dataplane-mode=ambient`), `disabled` keeps the namespace out (`istio-injection=disabled`). Default: `sidecar`.",
				Validators: []validator.String{stringvalidator.OneOf(modes...)},
			},
			"revision": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Which istiod injects, by its revision or a tag. Only with mode `sidecar`. Default: the one without a revision.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"create_namespace": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "Makes the namespace when it does not exist; one that was made so is removed again when nothing lives in it. Default: `false`.",
			},
			"mesh_namespace": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(istio.DefaultNamespace),
				MarkdownDescription: "Namespace of the mesh, such as `lab_istio_mesh.this.namespace`. Default: `" + istio.DefaultNamespace + "`.",
			},
			"restart": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "Restarts the Deployments, StatefulSets and DaemonSets of pods that run already and are not as `mode` wants them: without a sidecar, with one of another " +
					"revision or of another version than `proxy_version`, or with one that they should no longer have. Done when the resource is made or changed. Default: `false`.",
			},
			"proxy_version": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Version that sidecars should have, such as `lab_istio_mesh.this.app_version`, so that `restart` follows an upgrade of the mesh. Default: any.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
		}),
	}
}

func (r *istioInjection) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	createComponent[istioInjectionModel](ctx, r.session, req, resp, istioInjectionType)
}

func (r *istioInjection) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	readComponent[istioInjectionModel](ctx, r.session, req, resp, istioInjectionType)
}

func (r *istioInjection) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	updateComponent[istioInjectionModel](ctx, r.session, req, resp, istioInjectionType)
}

func (r *istioInjection) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	deleteComponent[istioInjectionModel](ctx, r.session, req, resp, istioInjectionType)
}

func (r *istioInjection) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	planComponent[istioInjectionModel](ctx, req, resp, planned{What: istioInjectionType, Session: r.session})
}

func (r *istioInjection) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importComponent[istioInjectionModel](ctx, r.session, req, resp, importing{What: istioInjectionType, NameAttribute: "namespace"})
}

func (m *istioInjectionModel) id() (namespace, name string) { return "", m.Namespace.ValueString() }

func (m *istioInjectionModel) injection() istio.Injection {
	return istio.Injection{
		Namespace: m.Namespace.ValueString(), Create: m.CreateNamespace.ValueBool(), Mode: istio.Mode(m.Mode.ValueString()), Revision: m.Revision.ValueString(),
		MeshNamespace: m.MeshNamespace.ValueString(), Restart: m.Restart.ValueBool(), ProxyVersion: m.ProxyVersion.ValueString(),
	}
}

func (m *istioInjectionModel) component(_ context.Context, _ secrets, diags *diag.Diagnostics) component.Component {
	c, err := m.injection().Component()
	addInvalid(diags, istioInjectionType, err)
	return c
}

func (m *istioInjectionModel) observe(o cluster.Observed) { m.observed(o) }

// liveRefs names the namespace, whose labels tell the mode when it is imported.
func (m *istioInjectionModel) liveRefs() []object.Ref {
	return []object.Ref{istio.Injection{Namespace: m.Namespace.ValueString()}.Ref()}
}

func (m *istioInjectionModel) readLive(_ context.Context, objects []object.Object, diags *diag.Diagnostics) {
	found, err := istio.ReadInjection(objects[0])
	if err != nil {
		diags.AddError("Importing "+istioInjectionType+" failed", sentence(err.Error()))
		return
	}
	m.Mode, m.Revision = types.StringValue(string(found.Mode)), nullIfEmpty(found.Revision)
	m.MeshNamespace = types.StringValue(istio.DefaultNamespace)
	m.CreateNamespace, m.Restart = types.BoolValue(false), types.BoolValue(false)
}
