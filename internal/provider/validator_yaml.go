package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/dxlab/terraform-provider-lab/internal/helm"
)

// yamlDocuments checks that each element of a list is a YAML mapping.
type yamlDocuments struct{}

func (yamlDocuments) Description(context.Context) string { return "each element is a YAML mapping" }
func (yamlDocuments) MarkdownDescription(context.Context) string {
	return "each element is a YAML mapping"
}

func (yamlDocuments) ValidateList(ctx context.Context, req validator.ListRequest, resp *validator.ListResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	for i, element := range req.ConfigValue.Elements() {
		single := validator.StringResponse{}
		text, diags := element.ToTerraformValue(ctx)
		if diags != nil || !text.IsKnown() || text.IsNull() {
			continue
		}
		var document string
		if err := text.As(&document); err != nil {
			continue
		}
		// Empty documents before it give the document the number that it has in the list.
		documents := make([]string, i+1)
		documents[i] = document
		if _, err := helm.MergeValues(documents); err != nil {
			single.Diagnostics.AddAttributeError(req.Path.AtListIndex(i), "Values are not valid YAML", sentence(err.Error()))
		}
		resp.Diagnostics.Append(single.Diagnostics...)
	}
}

// yamlDocument checks that a write-only string is a YAML mapping, without repeating any of it.
type yamlDocument struct{}

func (yamlDocument) Description(context.Context) string         { return "is a YAML mapping" }
func (yamlDocument) MarkdownDescription(context.Context) string { return "is a YAML mapping" }

func (yamlDocument) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := helm.MergeValues([]string{req.ConfigValue.ValueString()}); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Values are not valid YAML", "The document cannot be parsed as a YAML mapping. It is not shown, because it is write-only.")
	}
}
