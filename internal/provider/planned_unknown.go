package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// openWhenChanged leaves computed attributes open in the plan of an update: what the cluster says after a change is not
// known before. A plan that changes nothing keeps them.
func openWhenChanged(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse, unknown map[string]attr.Value) {
	if req.Plan.Raw.IsNull() || req.State.Raw.IsNull() || resp.Plan.Raw.Equal(req.State.Raw) {
		return
	}
	for name, v := range unknown {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root(name), v)...)
	}
}
