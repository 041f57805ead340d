package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/verify"
)

var _ datasource.DataSourceWithConfigure = (*traces)(nil)

func newTraces() datasource.DataSource { return &traces{} }

type traces struct{ session *session }

type tracesModel struct {
	resultModel
	Cluster     types.Object `tfsdk:"cluster"`
	TempoURL    types.String `tfsdk:"tempo_url"`
	Via         types.String `tfsdk:"via"`
	Tenant      types.String `tfsdk:"tenant"`
	Query       types.String `tfsdk:"query"`
	Service     types.String `tfsdk:"service"`
	Tags        types.Map    `tfsdk:"tags"`
	Start       types.String `tfsdk:"start"`
	End         types.String `tfsdk:"end"`
	Last        types.String `tfsdk:"last"`
	MinDuration types.String `tfsdk:"min_duration"`
	Limit       types.Int64  `tfsdk:"limit"`
	Timeout     types.String `tfsdk:"timeout"`
	Traces      []foundModel `tfsdk:"traces"`
}

type foundModel struct {
	TraceID     types.String  `tfsdk:"trace_id"`
	RootService types.String  `tfsdk:"root_service"`
	RootName    types.String  `tfsdk:"root_name"`
	Start       types.String  `tfsdk:"start"`
	Duration    types.Float64 `tfsdk:"duration_ms"`
}

func (d *traces) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_traces"
}

func (d *traces) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (d *traces) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	one := []validator.String{stringvalidator.ConflictsWith(path.MatchRoot("service"), path.MatchRoot("tags"))}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Traces in Tempo, by TraceQL, by service or by tags. A store that cannot be asked is a result, `reachable = false` with the reason, and no error.",
		Attributes: map[string]schema.Attribute{
			"cluster":      clusterDataAttribute(),
			"tempo_url":    schema.StringAttribute{Required: true, MarkdownDescription: "Address of Tempo, as `lab_tempo.<name>.endpoints.query_url` gives it."},
			"via":          schema.StringAttribute{Optional: true, MarkdownDescription: viaDoc + " Default: `cluster`.", Validators: []validator.String{stringvalidator.OneOf(ways...)}},
			"tenant":       schema.StringAttribute{Optional: true, MarkdownDescription: "Tenant, where Tempo keeps tenants apart."},
			"query":        schema.StringAttribute{Optional: true, MarkdownDescription: "TraceQL, such as `{ resource.service.name = \"productpage.default\" && duration > 100ms }`.", Validators: one},
			"service":      schema.StringAttribute{Optional: true, MarkdownDescription: "Traces with a span of this service.", Validators: []validator.String{stringvalidator.ConflictsWith(path.MatchRoot("tags"))}},
			"tags":         schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Traces with a span that has these tags."},
			"start":        schema.StringAttribute{Optional: true, MarkdownDescription: "Begin of the time to search, RFC 3339. Default: `end` less `last`."},
			"end":          schema.StringAttribute{Optional: true, MarkdownDescription: "End of it. Default: now."},
			"last":         schema.StringAttribute{Optional: true, MarkdownDescription: "How far to look back from `end`. Default: `1h`.", Validators: []validator.String{duration{}, stringvalidator.ConflictsWith(path.MatchRoot("start"))}},
			"min_duration": schema.StringAttribute{Optional: true, MarkdownDescription: "Leaves out shorter traces.", Validators: []validator.String{duration{}}},
			"limit":        schema.Int64Attribute{Optional: true, MarkdownDescription: "How many at most. Default: `20`."},
			"timeout":      schema.StringAttribute{Optional: true, MarkdownDescription: "How long to wait for the answer. Default: `10s`.", Validators: []validator.String{duration{}}},
			"reachable":    schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the store answered."},
			"reason":       schema.StringAttribute{Computed: true, MarkdownDescription: "Why it did not."},
			"traces": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "What was found, in the store's order; empty when there is none.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"trace_id":     schema.StringAttribute{Computed: true, MarkdownDescription: "Its id, 32 hexadecimal digits."},
					"root_service": schema.StringAttribute{Computed: true, MarkdownDescription: "Service of its first span."},
					"root_name":    schema.StringAttribute{Computed: true, MarkdownDescription: "Name of its first span."},
					"start":        schema.StringAttribute{Computed: true, MarkdownDescription: "When it began, RFC 3339."},
					"duration_ms":  schema.Float64Attribute{Computed: true, MarkdownDescription: "How long it took."},
				}},
			},
		},
	}
}

func (d *traces) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m tracesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	options := m.options(time.Now(), textMap(ctx, m.Tags, &resp.Diagnostics))
	if start := pastTime(m.Start, "start", &resp.Diagnostics); !start.IsZero() {
		options.Start = start
	}
	if end := pastTime(m.End, "end", &resp.Diagnostics); !end.IsZero() {
		options.End = end
		if m.Start.IsNull() {
			options.Start = end.Add(-limitOf(m.Last, defaultLast))
		}
	}
	if resp.Diagnostics.HasError() {
		return
	}
	ref := referenceOf(ctx, m.Cluster, types.StringNull(), &resp.Diagnostics)
	ctx, cancel := context.WithTimeout(ctx, limitOf(m.Timeout, checkTimeout))
	defer cancel()
	client, err := d.session.within(ctx, ref, inside(m.Via))
	m.Traces = []foundModel{}
	if err == nil {
		store := verify.NewStore(verify.StoreOptions{URL: m.TempoURL.ValueString(), Tenant: m.Tenant.ValueString(), Client: client})
		var found []verify.Found
		found, err = store.Search(ctx, options)
		m.found(found)
	}
	m.result(err)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

const defaultLast = time.Hour

func (m *tracesModel) options(now time.Time, tags map[string]string) verify.SearchOptions {
	o := verify.SearchOptions{
		Query: m.Query.ValueString(), End: now, Start: now.Add(-limitOf(m.Last, defaultLast)),
		MinDuration: limitOf(m.MinDuration, 0), Limit: int(m.Limit.ValueInt64()),
	}
	if service := m.Service.ValueString(); service != "" {
		o.Query = fmt.Sprintf("{ resource.service.name = %q }", service)
	}
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		pairs = append(pairs, fmt.Sprintf("%s=%q", key, tags[key]))
	}
	o.Tags = strings.Join(pairs, " ")
	return o
}

func (m *tracesModel) found(found []verify.Found) {
	for _, f := range found {
		m.Traces = append(m.Traces, foundModel{
			TraceID: types.StringValue(string(f.ID)), RootService: nullIfEmpty(f.RootService), RootName: nullIfEmpty(f.RootName),
			Start: types.StringValue(f.Start.UTC().Format(time.RFC3339)), Duration: types.Float64Value(milliseconds(f.Duration)),
		})
	}
}
