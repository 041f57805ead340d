package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/reach"
	"github.com/dxlab/terraform-provider-lab/internal/verify"
)

var _ datasource.DataSourceWithConfigure = (*serviceGraph)(nil)

func newServiceGraph() datasource.DataSource { return &serviceGraph{} }

type serviceGraph struct{ session *session }

type serviceGraphModel struct {
	resultModel
	Cluster       types.Object `tfsdk:"cluster"`
	PrometheusURL types.String `tfsdk:"prometheus_url"`
	KialiURL      types.String `tfsdk:"kiali_url"`
	Via           types.String `tfsdk:"via"`
	Source        types.String `tfsdk:"source"`
	Namespaces    types.List   `tfsdk:"namespaces"`
	Window        types.String `tfsdk:"window"`
	Timeout       types.String `tfsdk:"timeout"`
	graphModel
}

// graphModel is a graph in all its forms.
type graphModel struct {
	Nodes   []string     `tfsdk:"nodes"`
	Edges   []edgeModel  `tfsdk:"edges"`
	Text    types.String `tfsdk:"text"`
	Mermaid types.String `tfsdk:"mermaid"`
}

type edgeModel struct {
	From   types.String  `tfsdk:"from"`
	To     types.String  `tfsdk:"to"`
	Rate   types.Float64 `tfsdk:"rate"`
	Errors types.Float64 `tfsdk:"errors"`
}

// The sources of a graph.
const (
	graphOfMesh  = "istio"
	graphOfSpans = "spans"
)

func (d *serviceGraph) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_service_graph"
}

func (d *serviceGraph) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (d *serviceGraph) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Who calls whom in the mesh, with rates and errors, from Prometheus or Kiali, and as a Mermaid diagram for a pull request. " +
			"A source that cannot be asked is a result, `reachable = false` with the reason, and no error.",
		Attributes: map[string]schema.Attribute{
			"cluster":        clusterDataAttribute(),
			"prometheus_url": schema.StringAttribute{Optional: true, MarkdownDescription: "Address of Prometheus, as `lab_monitoring.<name>.prometheus_url` gives it.", Validators: []validator.String{stringvalidator.ExactlyOneOf(path.MatchRoot("kiali_url"))}},
			"kiali_url":      schema.StringAttribute{Optional: true, MarkdownDescription: "Address of Kiali with its web root, as `lab_kiali.<name>.url` gives it. Needs auth strategy `anonymous`, and `namespaces`."},
			"via":            schema.StringAttribute{Optional: true, MarkdownDescription: viaDoc + " Default: `cluster`.", Validators: []validator.String{stringvalidator.OneOf(ways...)}},
			"source":         schema.StringAttribute{Optional: true, MarkdownDescription: "What Prometheus is asked for: `istio` (requests that proxies count) or `spans` (service graphs of Tempo's metrics generator). Default: `istio`.", Validators: []validator.String{stringvalidator.OneOf(graphOfMesh, graphOfSpans)}},
			"namespaces":     schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Only calls to workloads of these namespaces. Default: all."},
			"window":         schema.StringAttribute{Optional: true, MarkdownDescription: "Time over which rates are taken. Default: `5m`.", Validators: []validator.String{duration{}}},
			"timeout":        schema.StringAttribute{Optional: true, MarkdownDescription: "How long to wait for the answer. Default: `10s`.", Validators: []validator.String{duration{}}},
			"reachable":      schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the source answered."},
			"reason":         schema.StringAttribute{Computed: true, MarkdownDescription: "Why it did not. A source that answers and knows of no call is reachable, with an empty graph."},
			"nodes":          schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "Workloads, `namespace/name`, or services where the source is `spans`."},
			"edges": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The calls.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"from":   schema.StringAttribute{Computed: true, MarkdownDescription: "Who calls."},
					"to":     schema.StringAttribute{Computed: true, MarkdownDescription: "Who is called."},
					"rate":   schema.Float64Attribute{Computed: true, MarkdownDescription: "Requests a second."},
					"errors": schema.Float64Attribute{Computed: true, MarkdownDescription: "Share of them that failed, 0 to 1."},
				}},
			},
			"text":    schema.StringAttribute{Computed: true, MarkdownDescription: "The graph in lines: `istio-system/gateway -> default/productpage-v1  1.2/s`."},
			"mermaid": schema.StringAttribute{Computed: true, MarkdownDescription: "The graph as a Mermaid flowchart."},
		},
	}
}

func (d *serviceGraph) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m serviceGraphModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	o := verify.GraphOptions{Namespaces: textList(ctx, m.Namespaces, &resp.Diagnostics), Window: limitOf(m.Window, 0)}
	ref := referenceOf(ctx, m.Cluster, types.StringNull(), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limitOf(m.Timeout, checkTimeout))
	defer cancel()
	graph, err := d.look(ctx, m, ref, o)
	m.result(err)
	m.graph(graph)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (d *serviceGraph) look(ctx context.Context, m serviceGraphModel, ref reach.Reference, o verify.GraphOptions) (verify.Graph, error) {
	client, err := d.session.within(ctx, ref, inside(m.Via))
	if err != nil {
		return verify.Graph{}, err
	}
	if address := m.KialiURL.ValueString(); address != "" {
		return verify.NewKiali(address, client).ServiceGraph(ctx, o)
	}
	metrics := verify.NewMetrics(m.PrometheusURL.ValueString(), client)
	if m.Source.ValueString() == graphOfSpans {
		return metrics.SpanGraph(ctx, o)
	}
	return metrics.ServiceGraph(ctx, o)
}

func (m *graphModel) graph(g verify.Graph) {
	m.Nodes, m.Edges = g.Nodes, []edgeModel{}
	if m.Nodes == nil {
		m.Nodes = []string{}
	}
	for _, e := range g.Edges {
		m.Edges = append(m.Edges, edgeModel{
			From: types.StringValue(e.From), To: types.StringValue(e.To), Rate: types.Float64Value(e.Rate), Errors: types.Float64Value(e.Errors),
		})
	}
	m.Text, m.Mermaid = types.StringValue(g.Text()), types.StringValue(g.Mermaid())
}
