package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// plannedOutputs builds the component of a plan, whose model then has the outputs that follow from the configuration
// alone. It returns false while the configuration is not known, or wrong, or there is nothing to plan.
func plannedOutputs[T any, M modelOf[T]](ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) (M, bool) {
	if req.Plan.Raw.IsNull() || resp.Diagnostics.HasError() || !settledApartFromCluster(req.Config.Raw) {
		return nil, false
	}
	m := M(new(T))
	resp.Diagnostics.Append(getKnown(ctx, req.Plan, m)...)
	if resp.Diagnostics.HasError() {
		return nil, false
	}
	m.component(ctx, secrets{}, &resp.Diagnostics)
	return m, !resp.Diagnostics.HasError()
}
