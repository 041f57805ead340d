package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/boolplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/float64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Resources that do something once, when they are made, do it again when any of their arguments changes: whatever can be
// set means replacement. once makes all arguments so, and adds triggers; again says what happens when one changes.
func once(arguments map[string]schema.Attribute, again string) map[string]schema.Attribute {
	out := make(map[string]schema.Attribute, len(arguments)+1)
	for name, a := range arguments {
		out[name] = replacing(a)
	}
	out["triggers"] = replacing(triggersAttribute(again))
	return out
}

func replacing(a schema.Attribute) schema.Attribute {
	switch a := a.(type) {
	case schema.StringAttribute:
		a.PlanModifiers = append(a.PlanModifiers, stringplanmodifier.RequiresReplace())
		return a
	case schema.BoolAttribute:
		a.PlanModifiers = append(a.PlanModifiers, boolplanmodifier.RequiresReplace())
		return a
	case schema.Int64Attribute:
		a.PlanModifiers = append(a.PlanModifiers, int64planmodifier.RequiresReplace())
		return a
	case schema.Float64Attribute:
		a.PlanModifiers = append(a.PlanModifiers, float64planmodifier.RequiresReplace())
		return a
	case schema.ListAttribute:
		a.PlanModifiers = append(a.PlanModifiers, listplanmodifier.RequiresReplace())
		return a
	case schema.MapAttribute:
		a.PlanModifiers = append(a.PlanModifiers, mapplanmodifier.RequiresReplace())
		return a
	case schema.SingleNestedAttribute:
		a.PlanModifiers = append(a.PlanModifiers, objectplanmodifier.RequiresReplace())
		return a
	}
	return a
}

// triggersAttribute makes a resource do its work again.
func triggersAttribute(what string) schema.MapAttribute {
	return schema.MapAttribute{
		Optional: true, ElementType: types.StringType,
		MarkdownDescription: "Any values; " + what + " when one of them changes.",
	}
}
