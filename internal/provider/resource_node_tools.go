package provider

import (
	"context"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/nodetools"
	"github.com/dxlab/terraform-provider-lab/internal/reach"
)

const nodeToolsType = "lab_node_tools"

var (
	_ resource.ResourceWithConfigure        = (*nodeTools)(nil)
	_ resource.ResourceWithModifyPlan       = (*nodeTools)(nil)
	_ resource.ResourceWithImportState      = (*nodeTools)(nil)
	_ resource.ResourceWithIdentity         = (*nodeTools)(nil)
	_ resource.ResourceWithValidateConfig   = (*nodeTools)(nil)
	_ resource.ResourceWithConfigValidators = (*nodeTools)(nil)
	_ hostModel[nodeToolsModel]             = (*nodeToolsModel)(nil)
)

func newNodeTools() resource.Resource { return &nodeTools{} }

type nodeTools struct{ session *session }

type nodeToolsIdentity struct {
	Host   types.String `tfsdk:"host"`
	BinDir types.String `tfsdk:"bin_dir"`
}

// How long the parts may take: four downloads over a slow line.
const (
	toolsChangeTimeout = 15 * time.Minute
	toolsReadTimeout   = time.Minute
)

func (r *nodeTools) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_node_tools"
}

func (r *nodeTools) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *nodeTools) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"host":    identityschema.StringAttribute{RequiredForImport: true, Description: "Host of the tools."},
		"bin_dir": identityschema.StringAttribute{RequiredForImport: true, Description: "Where the tools are."},
	}}
}

// ValidateConfig refuses what no host could take.
func (r *nodeTools) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	if !req.Config.Raw.IsFullyKnown() { // in a module a tool is unknown as a whole
		return
	}
	var m nodeToolsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if m.BinDir.IsNull() {
		m.BinDir = types.StringValue(nodetools.DefaultBinDir)
	}
	addInvalid(&resp.Diagnostics, "tools", m.spec("").Validate())
}

func (r *nodeTools) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var plan nodeToolsModel
	resp.Diagnostics.Append(getKnown(ctx, req.Plan, &plan)...)
	if !planHostDrift(ctx, req, resp, plan.named()) || req.State.Raw.IsNull() {
		return
	}
	var state nodeToolsModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	before, after := state.reference(ctx, &resp.Diagnostics), plan.reference(ctx, &resp.Diagnostics)
	if plan.Host.IsNull() && state.Host.IsNull() && after.Host != "" && before.Host != after.Host {
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("cluster"))
	}
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("installed"), types.MapUnknown(installedToolType))...)
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("files"), types.MapUnknown(types.StringType))...)
}

func (r *nodeTools) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	createOnHost[nodeToolsModel](ctx, r.session, req, resp)
}

func (r *nodeTools) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	readOnHost[nodeToolsModel](ctx, r.session, req, resp)
}

func (r *nodeTools) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	updateOnHost[nodeToolsModel](ctx, r.session, req, resp)
}

func (r *nodeTools) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	deleteOnHost[nodeToolsModel](ctx, r.session, req, resp)
}

// ImportState takes over the tools that are in a folder, whatever release they are of; the next apply replaces those
// that are not of the configured one.
func (r *nodeTools) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var m nodeToolsModel
	id, binDir := req.ID, ""
	if id == "" && req.Identity != nil {
		var identity nodeToolsIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		id, binDir = identity.Host.ValueString(), identity.BinDir.ValueString()
	} else if at := strings.Index(id, "/"); at > 0 {
		id, binDir = id[:at], id[at:]
	}
	if binDir == "" {
		binDir = nodetools.DefaultBinDir
	}
	target, err := parseTarget(id)
	if err != nil {
		resp.Diagnostics.AddError("Malformed import id", `Want [user@]host[:port][/folder], as in "root@10.0.0.11/usr/local/bin".`)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	m.setTarget(target)
	m.BinDir = types.StringValue(binDir)
	found, err := nodetools.Find(ctx, r.session.world.Host(target), binDir)
	if err != nil {
		addFault(&resp.Diagnostics, "Importing", m.named(), r.session.explainUnknown(err))
		return
	}
	m.Cluster = types.ObjectNull(referenceTypes)
	m.ShellSetup, m.Adopt, m.DriftPolicy = types.BoolValue(true), types.BoolValue(false), types.StringValue(driftCorrect)
	m.observe(ctx, found, &resp.Diagnostics)
	m.setIdentity(ctx, resp.Identity, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// limit implements [hostModel].
func (*nodeToolsModel) limit(_ context.Context, o operation) (time.Duration, diag.Diagnostics) {
	if o == reading {
		return toolsReadTimeout, nil
	}
	return toolsChangeTimeout, nil
}

func (m *nodeToolsModel) create(ctx context.Context, s *session, diags *diag.Diagnostics) (keep bool, err error) {
	state, err := m.install(ctx, s, nodetools.Options{Adopt: m.Adopt.ValueBool()})
	m.observe(ctx, state, diags)
	return err == nil || len(state.Tools) > 0, err // without tools nothing was put into place
}

func (m *nodeToolsModel) refresh(ctx context.Context, s *session, diags *diag.Diagnostics) (gone string, err error) {
	if m.DriftPolicy.ValueString() == driftIgnore {
		return "", nil
	}
	have := m.state(ctx, diags)
	calico := have.Tools[nodetools.Calicoctl].Version
	spec := m.spec(calico)
	if len(spec.Tools) == 0 {
		spec.Tools = importedTools(have) // imported: only the configuration knows what is wanted
	}
	lines, err := nodetools.Read(ctx, m.host(ctx, s), spec, have)
	if err != nil {
		return "", err
	}
	if line := m.calicoDrift(ctx, s, calico); line != "" {
		lines = append(lines, line)
	}
	m.Drift = driftList(lines)
	return "", nil
}

func (m *nodeToolsModel) update(ctx context.Context, s *session, before nodeToolsModel, diags *diag.Diagnostics) (keep bool, err error) {
	state, err := m.install(ctx, s, nodetools.Options{Have: before.state(ctx, diags), Adopt: m.Adopt.ValueBool()})
	if err == nil {
		m.observe(ctx, state, diags)
		return true, nil
	}
	*m = before
	m.observe(ctx, state, diags)
	m.Drift = driftList([]string{"an update did not finish"})
	return true, err
}

func (m *nodeToolsModel) remove(ctx context.Context, s *session, diags *diag.Diagnostics) error {
	kept, err := nodetools.Remove(ctx, m.host(ctx, s), m.state(ctx, diags))
	if err == nil && len(kept) > 0 {
		diags.AddWarning(m.named()+": changed files stay", "These are not what was installed any more, so they belong to somebody else now: "+strings.Join(kept, ", ")+".")
	}
	return err
}

// install finds out which calicoctl the cluster needs and changes the host.
func (m *nodeToolsModel) install(ctx context.Context, s *session, o nodetools.Options) (nodetools.State, error) {
	calico, err := m.calicoVersion(ctx, s)
	if err != nil {
		return o.Have, err
	}
	o.LockWait, o.Holder, o.OnStep = lockWait, holder(), logStep(ctx, m.named())
	return nodetools.Install(ctx, m.host(ctx, s), m.spec(calico), o)
}

func (m *nodeToolsModel) host(ctx context.Context, s *session) Host {
	var diags diag.Diagnostics
	return s.world.Host(m.targetOr(m.reference(ctx, &diags)))
}

func (m *nodeToolsModel) reference(ctx context.Context, diags *diag.Diagnostics) reach.Reference {
	return referenceOf(ctx, m.Cluster, types.StringNull(), diags)
}

func (m *nodeToolsModel) named() string {
	place := m.Host.ValueString()
	if place == "" {
		host, _ := m.Cluster.Attributes()["host"].(types.String)
		place = host.ValueString()
	}
	return nodeToolsType + " " + place + ":" + m.BinDir.ValueString()
}

func (m *nodeToolsModel) setIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, diags *diag.Diagnostics) {
	if identity == nil {
		return
	}
	host := m.targetOr(m.reference(ctx, diags)).Host
	diags.Append(identity.Set(ctx, nodeToolsIdentity{Host: types.StringValue(host), BinDir: m.BinDir})...)
}
