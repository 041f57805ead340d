package provider

import (
	"context"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// textList reads a list of strings; null, unknown and unknown elements read as nothing.
func textList(ctx context.Context, list types.List, diags *diag.Diagnostics) []string {
	if list.IsNull() || list.IsUnknown() {
		return nil
	}
	var values []types.String
	diags.Append(list.ElementsAs(ctx, &values, false)...)
	texts := make([]string, 0, len(values))
	for _, v := range values {
		if !v.IsUnknown() && !v.IsNull() {
			texts = append(texts, v.ValueString())
		}
	}
	return texts
}

// textMap reads a map of strings; null and unknown read as nothing.
func textMap(ctx context.Context, m types.Map, diags *diag.Diagnostics) map[string]string {
	if m.IsNull() || m.IsUnknown() {
		return nil
	}
	var values map[string]types.String
	diags.Append(m.ElementsAs(ctx, &values, false)...)
	texts := make(map[string]string, len(values))
	for k, v := range values {
		if !v.IsUnknown() && !v.IsNull() {
			texts[k] = v.ValueString()
		}
	}
	return texts
}

// textSet reads a set of strings, sorted; null, unknown and unknown elements read as nothing.
func textSet(ctx context.Context, set types.Set, diags *diag.Diagnostics) []string {
	if set.IsNull() || set.IsUnknown() {
		return nil
	}
	list, d := types.ListValue(types.StringType, set.Elements())
	diags.Append(d...)
	texts := textList(ctx, list, diags)
	slices.Sort(texts)
	return texts
}

// textValues makes attribute values of texts.
func textValues(texts []string) []attr.Value {
	values := make([]attr.Value, 0, len(texts))
	for _, t := range texts {
		values = append(values, types.StringValue(t))
	}
	return values
}

// textsOf makes a map of texts that is empty rather than null.
func textsOf(texts map[string]string) types.Map {
	values := make(map[string]attr.Value, len(texts))
	for name, text := range texts {
		values[name] = types.StringValue(text)
	}
	return types.MapValueMust(types.StringType, values)
}

// rfc3339 writes a time as states keep it.
func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// everyOf makes a list of texts that is empty rather than null.
func everyOf(texts []string) types.List {
	return types.ListValueMust(types.StringType, textValues(texts))
}
