package provider

import (
	actionschema "github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

// actionAttributes makes an action's arguments of a resource's, so that both are described once. An action's schema
// knows no defaults and nothing computed.
func actionAttributes(attributes map[string]schema.Attribute) map[string]actionschema.Attribute {
	out := make(map[string]actionschema.Attribute, len(attributes))
	for name, a := range attributes {
		if of := actionAttribute(a); of != nil {
			out[name] = of
		}
	}
	return out
}

func actionAttribute(a schema.Attribute) actionschema.Attribute {
	switch a := a.(type) {
	case schema.StringAttribute:
		return actionschema.StringAttribute{Required: a.Required, Optional: a.Optional, MarkdownDescription: a.MarkdownDescription, Validators: a.Validators}
	case schema.BoolAttribute:
		return actionschema.BoolAttribute{Required: a.Required, Optional: a.Optional, MarkdownDescription: a.MarkdownDescription, Validators: a.Validators}
	case schema.Int64Attribute:
		return actionschema.Int64Attribute{Required: a.Required, Optional: a.Optional, MarkdownDescription: a.MarkdownDescription, Validators: a.Validators}
	case schema.Float64Attribute:
		return actionschema.Float64Attribute{Required: a.Required, Optional: a.Optional, MarkdownDescription: a.MarkdownDescription, Validators: a.Validators}
	case schema.ListAttribute:
		return actionschema.ListAttribute{Required: a.Required, Optional: a.Optional, ElementType: a.ElementType, MarkdownDescription: a.MarkdownDescription, Validators: a.Validators}
	case schema.MapAttribute:
		return actionschema.MapAttribute{Required: a.Required, Optional: a.Optional, ElementType: a.ElementType, MarkdownDescription: a.MarkdownDescription, Validators: a.Validators}
	case schema.SingleNestedAttribute:
		return actionschema.SingleNestedAttribute{
			Required: a.Required, Optional: a.Optional, MarkdownDescription: a.MarkdownDescription, Validators: a.Validators,
			Attributes: actionAttributes(a.Attributes),
		}
	}
	return nil
}
