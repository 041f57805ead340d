package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
)

var _ datasource.DataSourceWithConfigure = (*helmChartsData)(nil)

func newHelmChartsData() datasource.DataSource { return &helmChartsData{} }

type helmChartsData struct{ session *session }

type helmChartsModel struct {
	Repository types.String      `tfsdk:"repository"`
	Name       types.String      `tfsdk:"name"`
	Version    types.String      `tfsdk:"version"`
	Limit      types.Int64       `tfsdk:"limit"`
	Newest     types.String      `tfsdk:"newest"`
	Charts     []helmChartsChart `tfsdk:"charts"`
}

type helmChartsChart struct {
	Name        types.String        `tfsdk:"name"`
	Description types.String        `tfsdk:"description"`
	Newest      types.String        `tfsdk:"newest"`
	Versions    []helmChartsVersion `tfsdk:"versions"`
}

type helmChartsVersion struct {
	Version     types.String `tfsdk:"version"`
	AppVersion  types.String `tfsdk:"app_version"`
	KubeVersion types.String `tfsdk:"kube_version"`
	Digest      types.String `tfsdk:"digest"`
	Deprecated  types.Bool   `tfsdk:"deprecated"`
}

// defaultChartLimit keeps states short: popular charts have hundreds of versions.
const defaultChartLimit = 10

func (d *helmChartsData) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_helm_charts"
}

func (d *helmChartsData) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (d *helmChartsData) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "What a chart repository has: charts, their versions, and what each says of itself. No chart is downloaded. " +
			"A chart that is not there is an empty list; a repository that does not answer is an error, because it was asked for.",
		Attributes: map[string]schema.Attribute{
			"repository": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Repository to look into: `https://...` (classic) or `oci://...`, without the chart's name. Default: `charts.mirror` of the provider, and for a chart with an exception its place.",
			},
			"name": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Chart to list, or a pattern such as `istio*`. Default: all charts. Registries do not say which charts they have, so they need a name.",
			},
			"version": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Constraint on versions, such as `~1.30` or `>= 2, < 3`. Default: all but prereleases.",
			},
			"limit": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: "How many versions of each chart are listed, the newest first. Default: `10`.",
				Validators:          []validator.Int64{int64validator.AtLeast(1)},
			},
			"newest": schema.StringAttribute{Computed: true, MarkdownDescription: "Newest version of the chart, when the result has one chart; otherwise null."},
			"charts": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The charts, by name.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"name":        schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the chart."},
					"description": schema.StringAttribute{Computed: true, MarkdownDescription: "What its newest version says it is."},
					"newest":      schema.StringAttribute{Computed: true, MarkdownDescription: "Newest version that was looked for."},
					"versions": schema.ListNestedAttribute{
						Computed: true, MarkdownDescription: "Its versions, newest first.",
						NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
							"version":      schema.StringAttribute{Computed: true, MarkdownDescription: "Version of the chart."},
							"app_version":  schema.StringAttribute{Computed: true, MarkdownDescription: "Version of what it installs."},
							"kube_version": schema.StringAttribute{Computed: true, MarkdownDescription: "Constraint on the version of Kubernetes; null for any."},
							"digest":       schema.StringAttribute{Computed: true, MarkdownDescription: "`sha256:` digest of its archive, as far as the repository says it."},
							"deprecated":   schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether it is marked as deprecated."},
						}},
					},
				}},
			},
		},
	}
}

func (d *helmChartsData) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m helmChartsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	query := helm.Query{
		Repository: m.Repository.ValueString(), Name: m.Name.ValueString(), Constraint: m.Version.ValueString(), Limit: defaultChartLimit,
	}
	if !m.Limit.IsNull() {
		query.Limit = int(m.Limit.ValueInt64())
	}
	listed, err := d.session.listCharts(ctx, query)
	if err != nil {
		addFault(&resp.Diagnostics, "Listing", "charts", d.session.explainUnknown(err))
		return
	}
	m.take(listed)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (s *session) listCharts(ctx context.Context, q helm.Query) ([]helm.Listed, error) {
	charts := s.world.Charts()
	if charts == nil {
		return nil, fault.Newf(fault.Unreachable, "there is nothing to find charts with")
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return charts.List(ctx, q)
}

// take groups versions, which are in order, by chart.
func (m *helmChartsModel) take(listed []helm.Listed) {
	m.Charts = []helmChartsChart{}
	for _, l := range listed {
		if n := len(m.Charts); n == 0 || m.Charts[n-1].Name.ValueString() != l.Name {
			m.Charts = append(m.Charts, helmChartsChart{
				Name: types.StringValue(l.Name), Description: nullIfEmpty(l.Description), Newest: types.StringValue(l.Version),
			})
		}
		last := &m.Charts[len(m.Charts)-1]
		last.Versions = append(last.Versions, helmChartsVersion{
			Version: types.StringValue(l.Version), AppVersion: nullIfEmpty(l.AppVersion), KubeVersion: nullIfEmpty(l.KubeVersion),
			Digest: nullIfEmpty(l.Digest), Deprecated: types.BoolValue(l.Deprecated),
		})
	}
	m.Newest = types.StringNull()
	if len(m.Charts) == 1 {
		m.Newest = m.Charts[0].Newest
	}
}
