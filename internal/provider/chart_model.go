package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
)

// chartModel has the attributes of every resource that installs charts.
type chartModel struct {
	componentModel
	Namespace       types.String `tfsdk:"namespace"`
	ChartVersion    types.String `tfsdk:"chart_version"`
	Repository      types.String `tfsdk:"repository"`
	Values          types.List   `tfsdk:"values"`
	ValuesWO        types.String `tfsdk:"values_wo"`
	ValuesWOVersion types.Int64  `tfsdk:"values_wo_version"`
	ChartDigests    types.Map    `tfsdk:"chart_digests"`
	AppVersion      types.String `tfsdk:"app_version"`
	ForceDestroy    types.Bool   `tfsdk:"force_destroy"`
	DeleteCRDs      types.Bool   `tfsdk:"delete_crds"`
}

// chartDefaults are what differs between resources in the shared chart attributes.
type chartDefaults struct {
	// Namespace is the default namespace.
	Namespace string
	// Version and Repository are the chart's pinned version and upstream home.
	Version, Repository string
	// Chart names the chart that values belong to, for the documentation.
	Chart string
}

func chartAttributes(ctx context.Context, d chartDefaults, own map[string]schema.Attribute) map[string]schema.Attribute {
	shared := map[string]schema.Attribute{
		"namespace": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(d.Namespace),
			MarkdownDescription: "Namespace of the release; made when it does not exist. Default: `" + d.Namespace + "`.",
			PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"chart_version": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Version of the chart. Default: `" + d.Version + "` when it is first installed; later the installed version stays until another one is asked for, " +
				"so that a new provider upgrades nothing by itself.",
			PlanModifiers: []planmodifier.String{keepOrDefault{value: d.Version}},
		},
		"repository": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "Repository to take the chart from: `https://...` (classic), `oci://...`, or a local directory. Default: `charts.mirror` of the provider, then `" + d.Repository + "`.",
		},
		"chart_digests": schema.MapAttribute{
			Computed: true, ElementType: types.StringType,
			MarkdownDescription: "SHA-256 of each chart archive that was installed. It locks the archive: the same version with other content is refused, and a plan that changes nothing fetches nothing.",
			PlanModifiers:       []planmodifier.Map{mapplanmodifier.UseStateForUnknown()},
		},
		"force_destroy": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Removes the resource although objects that Terraform does not remove before live off it and would be lost or left without their controller. " +
				"It must have been applied before the destroy. Default: `false`, which refuses such a removal and names the objects.",
		},
		"delete_crds": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Removes with the resource also the CustomResourceDefinitions that its charts leave behind, and with them every object of their kinds. " +
				"It must have been applied before the destroy. Default: `false`; a destroy says which ones stay.",
		},
		"app_version": schema.StringAttribute{Computed: true, MarkdownDescription: "Version of the application in the chart."},
	}
	for name, a := range valuesAttributes(d.Chart) {
		shared[name] = a
	}
	for name, a := range own {
		shared[name] = a
	}
	return componentAttributes(ctx, shared)
}

func valuesAttributes(chart string) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"values": schema.ListAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "YAML documents with values of chart `" + chart + "`, merged in order over the ones that this resource sets.",
			Validators:          []validator.List{yamlDocuments{}},
		},
		"values_wo": schema.StringAttribute{
			Optional: true, WriteOnly: true,
			MarkdownDescription: "YAML document with values that are never stored, merged last. It is read again when `values_wo_version` changes. Needs Terraform 1.11.",
			Validators:          []validator.String{yamlDocument{}},
		},
		"values_wo_version": schema.Int64Attribute{
			Optional:            true,
			MarkdownDescription: "Change it to have `values_wo` applied again.",
			Validators:          []validator.Int64{int64validator.AlsoRequires(path.MatchRoot("values_wo"))},
		},
	}
}

func (m *chartModel) removal() cluster.RemoveOptions {
	return cluster.RemoveOptions{Namespaces: true, Force: m.ForceDestroy.ValueBool(), CRDs: m.DeleteCRDs.ValueBool()}
}

// values merges the user's documents; each was checked to be YAML when the configuration was validated.
func (m *chartModel) values(ctx context.Context, diags *diag.Diagnostics) map[string]any {
	merged, err := helm.MergeValues(textList(ctx, m.Values, diags))
	if err != nil {
		diags.AddAttributeError(path.Root("values"), "Values are not valid YAML", err.Error())
	}
	return merged
}

// options gives a component what the user decided about one of its charts. Values go to one chart of a resource;
// the others get the rest alone.
func (m *chartModel) options(ctx context.Context, chart string, diags *diag.Diagnostics) component.ChartOptions {
	digests := map[string]string{}
	if !m.ChartDigests.IsNull() && !m.ChartDigests.IsUnknown() {
		diags.Append(m.ChartDigests.ElementsAs(ctx, &digests, false)...)
	}
	return component.ChartOptions{
		Namespace: m.Namespace.ValueString(), Version: m.ChartVersion.ValueString(),
		Repository: m.Repository.ValueString(), Digest: digests[chart], Adopt: m.Adopt.ValueBool(),
	}
}

// optionsWithValues are the options of the chart that the resource's values belong to.
func (m *chartModel) optionsWithValues(ctx context.Context, chart string, s secrets, diags *diag.Diagnostics) component.ChartOptions {
	o := m.options(ctx, chart, diags)
	o.Values = m.values(ctx, diags)
	if s.values == "" {
		return o
	}
	secret, err := helm.MergeValues([]string{s.values})
	if err != nil {
		diags.AddAttributeError(path.Root("values_wo"), "Values are not valid YAML", "The document cannot be parsed as a YAML mapping. It is not shown, because it is write-only.")
	}
	o.SecretValues = secret
	return o
}

// observedCharts takes over what was read of the releases. target is the chart whose version the resource has.
func (m *chartModel) observedCharts(o cluster.Observed, target string) {
	m.observed(o)
	digests := map[string]attr.Value{}
	for name, v := range m.ChartDigests.Elements() {
		digests[name] = v
	}
	for _, c := range o.Charts {
		if c.Digest != "" {
			digests[c.Chart] = types.StringValue(c.Digest)
		}
		if c.Chart == target && c.Version != "" {
			m.AppVersion = types.StringValue(c.AppVersion)
			if m.ChartVersion.IsNull() { // an import: what is installed stays until another version is asked for
				m.ChartVersion = types.StringValue(c.Version)
			}
		}
	}
	m.ChartDigests = types.MapValueMust(types.StringType, digests)
	if m.AppVersion.IsUnknown() {
		m.AppVersion = types.StringNull()
	}
}
