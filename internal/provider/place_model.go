package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// placeModel has the attributes of every resource that is one named thing in a namespace.
type placeModel struct {
	Name      types.String `tfsdk:"name"`
	Namespace types.String `tfsdk:"namespace"`
}

func (m *placeModel) id() (namespace, name string) {
	return m.Namespace.ValueString(), m.Name.ValueString()
}

// placeDocs are what differs between resources in the attributes of a place.
type placeDocs struct {
	// Name and Namespace document the attributes; DefaultNamespace is added to the latter.
	Name, Namespace  string
	DefaultNamespace string
}

// placeAttributes adds name and namespace to a resource's own attributes. Another name or namespace is another resource.
func placeAttributes(d placeDocs, own map[string]schema.Attribute) map[string]schema.Attribute {
	all := map[string]schema.Attribute{
		"name": schema.StringAttribute{
			Required: true, MarkdownDescription: d.Name,
			PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"namespace": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(d.DefaultNamespace),
			MarkdownDescription: d.Namespace + " Default: `" + d.DefaultNamespace + "`.",
			PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
	}
	for name, a := range own {
		all[name] = a
	}
	return all
}
