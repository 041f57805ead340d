package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// planned says what a resource's plan needs beside its model.
type planned struct {
	// What is the resource type, for messages.
	What string
	// Volatile names computed attributes that any change may change.
	Volatile []string
	// Session lets the plan of a removal say what would lose by it, and the others claim their releases. Nil does neither.
	Session *session
}

// planComponent is what every cluster resource does at plan: follow its cluster, plan to put drift right, and say
// which computed values a change makes unknown. It asks a cluster only where it installs another version or removes
// something, and never lets an answer into the plan.
func planComponent[T any, M modelOf[T]](ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse, p planned) {
	if req.Plan.Raw.IsNull() {
		warnOfUsers[T, M](ctx, req, resp, p)
		return
	}
	checkPlanned[T, M](ctx, req, resp)
	claimPlanned[T, M](ctx, req, resp, p)
	if resp.Diagnostics.HasError() {
		return
	}
	checkVersions[T, M](ctx, req, resp, p)
	if req.State.Raw.IsNull() {
		noteComponent[T, M](ctx, req.Plan, resp.Private, &resp.Diagnostics)
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("drift"), driftList(nil))...)
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("status"), types.StringValue(statusReady))...)
		return
	}
	planReference(ctx, req, resp)
	planDrift[T, M](ctx, req, resp, p)
}

// planDrift turns what the last refresh found into a planned change, or a warning, as the policy says.
func planDrift[T any, M modelOf[T]](ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse, p planned) {
	state, plan := M(new(T)), M(new(T))
	resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	resp.Diagnostics.Append(getKnown(ctx, req.Plan, plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	var lines []string
	resp.Diagnostics.Append(state.base().Drift.ElementsAs(ctx, &lines, false)...)
	corrects := plan.base().DriftPolicy.ValueString() == driftCorrect
	if len(lines) > 0 && !corrects {
		resp.Diagnostics.AddWarning(named(p.What, state)+" differs from what was installed", strings.Join(lines, "\n")+"\n\ndrift_policy leaves it so.")
	}
	set := func(name string, v any) {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root(name), v)...)
	}
	unfinished := state.base().Status.ValueString() != statusReady
	changes := !req.Plan.Raw.Equal(req.State.Raw) || unfinished || (corrects && len(lines) > 0)
	if !changes {
		return
	}
	set("drift", driftList(nil))
	set("status", types.StringValue(statusReady))
	set("objects", types.MapUnknown(types.StringType))
	for _, name := range p.Volatile {
		set(name, types.StringUnknown())
	}
}

// planCharts unlocks the charts when another chart, version or repository is asked for.
func planCharts(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || req.State.Raw.IsNull() {
		return
	}
	for _, name := range []string{"chart_version", "repository", "chart"} {
		if _, has := req.Plan.Schema.GetAttributes()[name]; !has {
			continue
		}
		var before, after types.String
		resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root(name), &before)...)
		resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root(name), &after)...)
		if !before.Equal(after) {
			resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("chart_digests"), types.MapUnknown(types.StringType))...)
		}
	}
}
