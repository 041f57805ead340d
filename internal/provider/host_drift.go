package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// planHostDrift turns what the last refresh found on a host into a planned change, or a warning, as the policy says. It
// reports whether the plan changes anything.
func planHostDrift(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse, what string) bool {
	none := driftList(nil)
	if req.State.Raw.IsNull() {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("drift"), none)...)
		return true
	}
	var found types.List
	var policy types.String
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("drift"), &found)...)
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("drift_policy"), &policy)...)
	lines := textList(ctx, found, &resp.Diagnostics)
	planned := found
	switch {
	case policy.ValueString() == driftCorrect || found.IsNull():
		planned = none
	case len(lines) > 0:
		resp.Diagnostics.AddWarning(what+" differs from what was installed", strings.Join(lines, "\n")+"\n\ndrift_policy leaves it so.")
	}
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("drift"), planned)...)
	return !resp.Plan.Raw.Equal(req.State.Raw)
}
