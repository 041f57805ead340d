package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

var (
	_ resource.ResourceWithConfigure   = (*manifest)(nil)
	_ resource.ResourceWithModifyPlan  = (*manifest)(nil)
	_ resource.ResourceWithImportState = (*manifest)(nil)
	_ resource.ResourceWithIdentity    = (*manifest)(nil)
)

func newManifest() resource.Resource { return &manifest{} }

type manifest struct{ session *session }

const manifestType = "lab_manifest"

type manifestModel struct {
	componentModel
	Manifest types.String   `tfsdk:"manifest"`
	WaitFor  []waitForModel `tfsdk:"wait_for"`
	Ref      types.String   `tfsdk:"ref"`
}

type waitForModel struct {
	Condition types.String `tfsdk:"condition"`
	Field     types.String `tfsdk:"field"`
	Value     types.String `tfsdk:"value"`
}

func (r *manifest) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = manifestType
}

func (r *manifest) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *manifest) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = componentIdentity()
}

func (r *manifest) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "One Kubernetes object, applied server-side. Its kind may come from a CRD that the same apply brings; webhooks that are not up yet are waited for. " +
			"Only fields that the manifest has are owned and compared.",
		Attributes: componentAttributes(ctx, map[string]schema.Attribute{
			"manifest": schema.StringAttribute{
				Required: true, MarkdownDescription: "The object as YAML or JSON. It is kept in the state: secrets belong into `lab_helm_release`'s `values_wo` or elsewhere.",
				Validators: []validator.String{manifestDocument{}},
			},
			"wait_for": schema.ListNestedAttribute{
				Optional: true, MarkdownDescription: "What must be so before the resource is done. Default: the object exists.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"condition": schema.StringAttribute{Optional: true, MarkdownDescription: "Type of a condition that must be true, or `Current` for Kubernetes' own idea of being done."},
					"field":     schema.StringAttribute{Optional: true, MarkdownDescription: "Dotted path of a field, such as `status.loadBalancer.ingress`."},
					"value":     schema.StringAttribute{Optional: true, MarkdownDescription: "Value that the field must have. Default: any."},
				}},
			},
			"ref": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The object as messages name it: `ConfigMap demo/settings`.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
		}),
	}
}

func (r *manifest) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	createComponent[manifestModel](ctx, r.session, req, resp, manifestType)
}

func (r *manifest) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	readComponent[manifestModel](ctx, r.session, req, resp, manifestType)
}

func (r *manifest) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	updateComponent[manifestModel](ctx, r.session, req, resp, manifestType)
}

func (r *manifest) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	deleteComponent[manifestModel](ctx, r.session, req, resp, manifestType)
}

func (r *manifest) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	planComponent[manifestModel](ctx, req, resp, planned{What: manifestType, Session: r.session})
	planManifestRef(ctx, req, resp)
}

func (r *manifest) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importManifest(ctx, r.session, req, resp)
}

// planManifestRef replaces the resource when its manifest comes to name another object.
func planManifestRef(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var text, before types.String
	if req.Plan.Raw.IsNull() {
		return
	}
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("manifest"), &text)...)
	o, err := parseManifest(text.ValueString())
	if err != nil || text.IsUnknown() {
		return
	}
	ref := types.StringValue(object.RefOf(o).String())
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("ref"), ref)...)
	if req.State.Raw.IsNull() {
		return
	}
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("ref"), &before)...)
	if !before.IsNull() && !before.Equal(ref) {
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("ref"))
	}
}

// manifestImportFormat describes import ids of objects.
const manifestImportFormat = "[ssh://[user@]host[:port]/]apiVersion/Kind/namespace/name, with - as the namespace of what has none"

// importManifest fills in the reference; the refresh reads the object, and the plan shows what the manifest adds.
func importManifest(ctx context.Context, s *session, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	rest, prefix := req.ID, ""
	if after, ok := strings.CutPrefix(req.ID, "ssh://"); ok {
		at, tail, _ := strings.Cut(after, "/")
		prefix, rest = "ssh://"+at+"/", tail
	}
	parts := strings.Split(rest, "/")
	if len(parts) < 4 || len(parts) > 5 {
		resp.Diagnostics.AddError("Malformed import id", fmt.Sprintf("Import id %q: want %s.", req.ID, manifestImportFormat))
		return
	}
	n := len(parts)
	ref := object.Ref{APIVersion: strings.Join(parts[:n-3], "/"), Kind: parts[n-3], Namespace: strings.Trim(parts[n-2], "-"), Name: parts[n-1]}
	text, err := yaml.Marshal(object.New(ref))
	if err != nil {
		resp.Diagnostics.AddError("Writing the manifest failed", err.Error())
		return
	}
	req.ID = prefix + ref.Name
	importComponent[manifestModel](ctx, s, req, resp, importing{What: manifestType, Preset: map[string]attr.Value{
		"manifest": types.StringValue(string(text)), "ref": types.StringValue(ref.String()),
	}})
}

func (m *manifestModel) id() (namespace, name string) {
	o, err := parseManifest(m.Manifest.ValueString())
	if err != nil {
		return "", m.Ref.ValueString()
	}
	ref := object.RefOf(o)
	return ref.Namespace, ref.Kind + " " + ref.Name
}

func (m *manifestModel) component(_ context.Context, _ secrets, diags *diag.Diagnostics) component.Component {
	o, err := parseManifest(m.Manifest.ValueString())
	if err != nil {
		diags.AddAttributeError(path.Root("manifest"), "Not a Kubernetes object", sentence(err.Error()))
		return component.Component{}
	}
	ref := object.RefOf(o)
	c := component.Component{Name: ref.String(), Objects: []object.Object{o}}
	for _, w := range m.WaitFor {
		c.Ready = append(c.Ready, w.readiness(ref))
	}
	return c
}

func (w waitForModel) readiness(ref object.Ref) component.Condition {
	check := component.Check{Kind: component.ConditionTrue, Type: w.Condition.ValueString()}
	name := fmt.Sprintf("%s is %s", ref, check.Type)
	switch {
	case check.Type == "Current":
		check = component.Check{Kind: component.Current}
	case check.Type == "" && w.Value.ValueString() != "":
		check = component.Check{Kind: component.FieldEquals, Path: w.Field.ValueString(), Value: w.Value.ValueString()}
		name = fmt.Sprintf("%s has %s = %s", ref, check.Path, check.Value)
	case check.Type == "":
		check = component.Check{Kind: component.FieldNonEmpty, Path: w.Field.ValueString()}
		name = fmt.Sprintf("%s has %s", ref, check.Path)
	}
	return component.Condition{Name: name, Ref: ref, Check: check}
}

func (m *manifestModel) observe(o cluster.Observed) {
	m.observed(o)
	if parsed, err := parseManifest(m.Manifest.ValueString()); err == nil {
		m.Ref = types.StringValue(object.RefOf(parsed).String())
	}
}

// parseManifest reads one object and refuses what is none.
func parseManifest(text string) (object.Object, error) {
	if strings.Count("\n"+strings.TrimSpace(text), "\n---") > 1 || strings.Contains(strings.TrimPrefix(strings.TrimSpace(text), "---"), "\n---") {
		return nil, fmt.Errorf("it holds several documents; use one resource for each, with for_each")
	}
	var o object.Object
	if err := yaml.Unmarshal([]byte(text), &o); err != nil {
		return nil, err
	}
	return o, object.Validate(o)
}

// manifestDocument checks that a string is one Kubernetes object.
type manifestDocument struct{}

func (manifestDocument) Description(context.Context) string { return "is one Kubernetes object" }
func (manifestDocument) MarkdownDescription(context.Context) string {
	return "is one Kubernetes object"
}

func (manifestDocument) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := parseManifest(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Not a Kubernetes object", sentence(err.Error()))
	}
}
