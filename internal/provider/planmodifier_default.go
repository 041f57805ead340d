package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// keepOrDefault plans an attribute that the configuration leaves out: what is installed stays, and something new
// gets the default. A schema default would upgrade what is installed as soon as the provider's default moves.
type keepOrDefault struct{ value string }

func (k keepOrDefault) Description(context.Context) string {
	return "keeps what is installed; " + k.value + " when it is new"
}

func (k keepOrDefault) MarkdownDescription(ctx context.Context) string { return k.Description(ctx) }

func (k keepOrDefault) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	switch {
	case !req.ConfigValue.IsNull():
	case !req.StateValue.IsNull():
		resp.PlanValue = req.StateValue
	default:
		resp.PlanValue = types.StringValue(k.value)
	}
}
