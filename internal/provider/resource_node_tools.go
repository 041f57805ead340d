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
	if !planHostDrift(ctx, req, resp, plan.named(ctx)) || req.State.Raw.IsNull() {
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
	var m nodeToolsModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.setIdentity(ctx, resp.Identity, &resp.Diagnostics)
	state, err := r.install(ctx, m, nodetools.Options{Adopt: m.Adopt.ValueBool()})
	if err != nil {
		addFault(&resp.Diagnostics, "Creating", m.named(ctx), r.session.explainUnknown(err))
		if len(state.Tools) == 0 {
			return // nothing was put into place
		}
	}
	m.observe(ctx, state, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (r *nodeTools) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m nodeToolsModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.setIdentity(ctx, resp.Identity, &resp.Diagnostics)
	if m.DriftPolicy.ValueString() == driftIgnore {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, toolsReadTimeout)
	defer cancel()
	have := m.state(ctx, &resp.Diagnostics)
	calico := have.Tools[nodetools.Calicoctl].Version
	spec := m.spec(calico)
	if len(spec.Tools) == 0 {
		spec.Tools = importedTools(have) // imported: only the configuration knows what is wanted
	}
	lines, err := nodetools.Read(ctx, r.host(ctx, m), spec, have)
	switch {
	case err != nil && couldNotLook(err):
		r.session.addUnread(&resp.Diagnostics, m.named(ctx), r.session.explainUnknown(err))
		return
	case err != nil:
		addFault(&resp.Diagnostics, "Reading", m.named(ctx), err)
		return
	}
	if line := r.calicoDrift(ctx, m, calico); line != "" {
		lines = append(lines, line)
	}
	m.Drift = driftList(lines)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (r *nodeTools) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m, before nodeToolsModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &before)...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.setIdentity(ctx, resp.Identity, &resp.Diagnostics)
	have := before.state(ctx, &resp.Diagnostics)
	state, err := r.install(ctx, m, nodetools.Options{Have: have, Adopt: m.Adopt.ValueBool()})
	if err != nil {
		addFault(&resp.Diagnostics, "Updating", m.named(ctx), r.session.explainUnknown(err))
		before.observe(ctx, state, &resp.Diagnostics)
		before.Drift = driftList([]string{"an update did not finish"})
		resp.Diagnostics.Append(resp.State.Set(ctx, &before)...)
		return
	}
	m.observe(ctx, state, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (r *nodeTools) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m nodeToolsModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, toolsChangeTimeout)
	defer cancel()
	kept, err := nodetools.Remove(ctx, r.host(ctx, m), m.state(ctx, &resp.Diagnostics))
	if err != nil {
		addFault(&resp.Diagnostics, "Removing", m.named(ctx), r.session.explainUnknown(err))
		return
	}
	if len(kept) > 0 {
		resp.Diagnostics.AddWarning(m.named(ctx)+": changed files stay", "These are not what was installed any more, so they belong to somebody else now: "+strings.Join(kept, ", ")+".")
	}
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
		addFault(&resp.Diagnostics, "Importing", m.named(ctx), r.session.explainUnknown(err))
		return
	}
	m.Cluster = types.ObjectNull(referenceTypes)
	m.ShellSetup, m.Adopt, m.DriftPolicy = types.BoolValue(true), types.BoolValue(false), types.StringValue(driftCorrect)
	m.observe(ctx, found, &resp.Diagnostics)
	m.setIdentity(ctx, resp.Identity, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// install finds out which calicoctl the cluster needs and changes the host.
func (r *nodeTools) install(ctx context.Context, m nodeToolsModel, o nodetools.Options) (nodetools.State, error) {
	ctx, cancel := context.WithTimeout(ctx, toolsChangeTimeout)
	defer cancel()
	calico, err := r.calicoVersion(ctx, m)
	if err != nil {
		return o.Have, err
	}
	o.LockWait, o.Holder, o.OnStep = lockWait, holder(), logStep(ctx, m.named(ctx))
	return nodetools.Install(ctx, r.host(ctx, m), m.spec(calico), o)
}

func (r *nodeTools) host(ctx context.Context, m nodeToolsModel) Host {
	var diags diag.Diagnostics
	return r.session.world.Host(m.targetOr(m.reference(ctx, &diags)))
}

func (m *nodeToolsModel) reference(ctx context.Context, diags *diag.Diagnostics) reach.Reference {
	return referenceOf(ctx, m.Cluster, types.StringNull(), diags)
}

func (m *nodeToolsModel) named(ctx context.Context) string {
	place := m.Host.ValueString()
	if place == "" {
		var diags diag.Diagnostics
		place = m.reference(ctx, &diags).Host
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
