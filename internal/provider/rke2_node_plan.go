package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/rke2"
)

// ValidateConfig refuses what can be told to be wrong without a host.
func (r *rke2Node) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var m rke2NodeModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || !req.Config.Raw.IsFullyKnown() {
		return
	}
	if m.Role.IsNull() {
		m.Role = types.StringValue(string(rke2.Server))
	}
	checker := &rke2Node{session: &session{world: nowhere{}}}
	node, ok := checker.node(ctx, m, nil, &resp.Diagnostics)
	if !ok {
		return
	}
	if err := node.Validate(); err != nil {
		resp.Diagnostics.AddError("Invalid node", sentence(err.Error()))
	}
}

// ModifyPlan keeps the exported cluster known while the node lives, so that a change of the node changes nothing
// of what is on it; and refuses versions that no upgrade leads to.
func (r *rke2Node) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var plan rke2NodeModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	set := func(name string, v any) {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root(name), v)...)
	}
	r.tellWalk(ctx, req, plan, &resp.Diagnostics)
	r.planRegistries(ctx, req, &plan, set, &resp.Diagnostics)
	if req.State.Raw.IsNull() {
		noteCreation(ctx, resp.Private, plan.place(), &resp.Diagnostics)
		set("drift", driftList(nil))
		set("status", statusReady)
		if v := plan.Version; !v.IsNull() {
			set("installed_version", v)
		}
		return
	}
	var state rke2NodeModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	joinsLater := plan.Join.IsUnknown() && state.Join.IsNull()
	if !joinsLater && leaves(ctx, plan.Join, state.clusterUID(ctx), &resp.Diagnostics) {
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("join"))
	}
	planNodeDrift(ctx, state, plan, resp)
	changes := !resp.Plan.Raw.Equal(req.State.Raw)
	planNodeVersion(state, plan, changes, set, &resp.Diagnostics)
	if changes && !plan.Host.IsUnknown() {
		set("cluster", plannedCluster(ctx, state, plan))
	}
	if changes && !plan.NodeIP.Equal(state.NodeIP) {
		set("address", types.StringUnknown())
	}
}

// tellWalk records the version that the node will have, for the plans of what goes onto it.
func (r *rke2Node) tellWalk(ctx context.Context, req resource.ModifyPlanRequest, plan rke2NodeModel, diags *diag.Diagnostics) {
	if plan.Role.ValueString() != string(rke2.Server) {
		return
	}
	version := plan.Version
	if version.IsNull() && !req.State.Raw.IsNull() {
		diags.Append(req.State.GetAttribute(ctx, path.Root("installed_version"), &version)...)
	}
	r.session.walk.planNode(plan.Host.ValueString(), version.ValueString(), req.State.Raw.IsNull() && plan.Join.IsNull())
}

// plannedCluster is the reference that a living node will export: its uid never changes, and the rest is known from
// the plan.
func plannedCluster(ctx context.Context, state, plan rke2NodeModel) types.Object {
	next := plan
	next.Cluster, next.Address = state.Cluster, state.Address
	if plan.Role.ValueString() == string(rke2.Agent) && plan.Join.IsUnknown() {
		return types.ObjectUnknown(referenceTypes)
	}
	uid := state.clusterUID(ctx)
	if uid == "" {
		uid = plan.joinReference(ctx).UID
	}
	if uid == "" {
		return types.ObjectUnknown(referenceTypes)
	}
	next.setCluster(ctx, next.reference(ctx), uid)
	return next.Cluster
}

func planNodeDrift(ctx context.Context, state, plan rke2NodeModel, resp *resource.ModifyPlanResponse) {
	var lines []string
	resp.Diagnostics.Append(state.Drift.ElementsAs(ctx, &lines, false)...)
	drift, corrects := state.Drift, plan.DriftPolicy.ValueString() == driftCorrect
	if corrects || state.Drift.IsNull() {
		drift = driftList(nil)
	} else if len(lines) > 0 {
		resp.Diagnostics.AddWarning(state.named()+" differs from what was installed", strings.Join(lines, "\n")+"\n\ndrift_policy leaves it so.")
	}
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("drift"), drift)...)
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("status"), statusReady)...)
}

func planNodeVersion(state, plan rke2NodeModel, changes bool, set func(string, any), diags *diag.Diagnostics) {
	installed, wanted := state.InstalledVersion.ValueString(), plan.Version.ValueString()
	switch {
	case plan.Version.IsUnknown():
		set("installed_version", types.StringUnknown())
	case wanted != "" && installed != "" && wanted != installed:
		if err := rke2.CheckUpgrade(rke2.Role(plan.Role.ValueString()), installed, wanted); err != nil {
			diags.AddAttributeError(path.Root("version"), "No upgrade leads to this version", sentence(err.Error()))
		}
		set("installed_version", wanted)
	case wanted == "" && !plan.Channel.Equal(state.Channel):
		set("installed_version", types.StringUnknown())
	case changes:
		set("installed_version", state.InstalledVersion)
	}
}

// rke2Version checks that a string reads like an RKE2 version.
type rke2Version struct{}

func (rke2Version) Description(context.Context) string {
	return "is an RKE2 version such as v1.35.7+rke2r1"
}

func (rke2Version) MarkdownDescription(context.Context) string {
	return "is an RKE2 version such as `v1.35.7+rke2r1`"
}

func (rke2Version) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := rke2.ParseVersion(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Not an RKE2 version", sentence(err.Error()))
	}
}

// yamlMapping checks that a string is a YAML mapping.
type yamlMapping struct{}

func (yamlMapping) Description(context.Context) string         { return "is a YAML mapping" }
func (yamlMapping) MarkdownDescription(context.Context) string { return "is a YAML mapping" }

func (yamlMapping) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	var into map[string]any
	if err := yaml.Unmarshal([]byte(req.ConfigValue.ValueString()), &into); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Not valid YAML", sentence(err.Error()))
	}
}
