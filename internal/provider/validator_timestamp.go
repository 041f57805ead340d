package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// timestamp accepts a time as RFC 3339 writes it, which is how Terraform's timestamp() does.
type timestamp struct{}

func (timestamp) Description(context.Context) string { return "a time such as 2026-01-02T15:04:05Z" }

func (d timestamp) MarkdownDescription(ctx context.Context) string { return d.Description(ctx) }

func (d timestamp) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := time.Parse(time.RFC3339, req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Not a time", req.ConfigValue.String()+" is not "+d.Description(ctx)+".")
	}
}
