package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// duration accepts what [time.ParseDuration] reads, unless it is negative.
type duration struct{}

func (duration) Description(context.Context) string { return "a duration such as 30s, 5m or 1h" }

func (d duration) MarkdownDescription(ctx context.Context) string { return d.Description(ctx) }

func (d duration) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if limit, err := time.ParseDuration(req.ConfigValue.ValueString()); err != nil || limit < 0 {
		resp.Diagnostics.AddAttributeError(req.Path, "Not a duration", req.ConfigValue.String()+" is not "+d.Description(ctx)+".")
	}
}
