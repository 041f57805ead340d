package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/reach"
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
	Hint        types.String `tfsdk:"hint"`
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
			"start":        schema.StringAttribute{Optional: true, MarkdownDescription: "Begin of the time to search, RFC 3339. Default: `end` less `last`.", Validators: []validator.String{timestamp{}}},
			"end":          schema.StringAttribute{Optional: true, MarkdownDescription: "End of it. Default: now, and five minutes more, because clocks differ.", Validators: []validator.String{timestamp{}}},
			"last":         schema.StringAttribute{Optional: true, MarkdownDescription: "How far to look back from `end`. Default: `1h`.", Validators: []validator.String{duration{}, stringvalidator.ConflictsWith(path.MatchRoot("start"))}},
			"min_duration": schema.StringAttribute{Optional: true, MarkdownDescription: "Leaves out shorter traces.", Validators: []validator.String{duration{}}},
			"limit":        schema.Int64Attribute{Optional: true, MarkdownDescription: "How many at most. Default: `20`.", Validators: []validator.Int64{int64validator.Between(1, maxTraces)}},
			"timeout":      schema.StringAttribute{Optional: true, MarkdownDescription: "How long to wait for the answer. Default: `10s`.", Validators: []validator.String{duration{}}},
			"reachable":    schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the store answered."},
			"reason":       schema.StringAttribute{Computed: true, MarkdownDescription: "Why it did not, with what it said: an error in `query` is told in the store's own words."},
			"hint":         schema.StringAttribute{Computed: true, MarkdownDescription: "Where nothing was found: the time that was searched, and whether the store's clock is apart from this machine's. Null otherwise."},
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

// maxTraces bounds what a state keeps of a search.
const maxTraces = 1000

func (d *traces) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m tracesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	options := m.options(time.Now(), textMap(ctx, m.Tags, &resp.Diagnostics))
	ref := referenceOf(ctx, m.Cluster, types.StringNull(), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limitOf(m.Timeout, checkTimeout))
	defer cancel()
	found, err := d.look(ctx, &m, ref, options)
	m.found(found)
	m.result(err)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (d *traces) look(ctx context.Context, m *tracesModel, ref reach.Reference, o verify.SearchOptions) ([]verify.Found, error) {
	if !o.Start.Before(o.End) {
		return nil, fault.Newf(fault.Invalid, "there is no time between start (%s) and end (%s)", rfc3339(o.Start), rfc3339(o.End))
	}
	client, err := d.session.within(ctx, ref, inside(m.Via))
	if err != nil {
		return nil, err
	}
	store := verify.NewStore(verify.StoreOptions{URL: m.TempoURL.ValueString(), Tenant: m.Tenant.ValueString(), Client: client, Patience: limitOf(m.Timeout, checkTimeout)})
	found, err := store.Search(ctx, o)
	if err == nil && len(found) == 0 {
		m.Hint = types.StringValue(emptyHint(ctx, store, o))
	}
	return found, err
}

// emptyHint says why nothing may have been found, beside that there is nothing.
func emptyHint(ctx context.Context, store *verify.Store, o verify.SearchOptions) string {
	text := fmt.Sprintf("Nothing is found between %s and %s. A trace can be searched for some seconds after it arrived.", rfc3339(o.Start), rfc3339(o.End))
	const tolerated = 30 * time.Second
	if skew, known := store.Skew(ctx); known && skew.Abs() > tolerated {
		text += fmt.Sprintf(" The store's clock is %s apart from this machine's, so that the time that was searched may be another one than was meant: set the clocks right (NTP), or start and end.", skew.Abs())
	}
	return text
}

const (
	defaultLast = time.Hour
	// clockMargin is how far into the future a search goes whose end is not given: hosts' clocks may be ahead.
	clockMargin = 5 * time.Minute
)

func (m *tracesModel) options(now time.Time, tags map[string]string) verify.SearchOptions {
	o := verify.SearchOptions{
		Query: m.Query.ValueString(), Start: timeOf(m.Start), End: timeOf(m.End),
		MinDuration: limitOf(m.MinDuration, 0), Limit: int(m.Limit.ValueInt64()),
	}
	if o.Start.IsZero() {
		o.Start = now.Add(-limitOf(m.Last, defaultLast))
		if !o.End.IsZero() {
			o.Start = o.End.Add(-limitOf(m.Last, defaultLast))
		}
	}
	if o.End.IsZero() {
		o.End = now.Add(clockMargin)
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
	m.Traces = []foundModel{}
	for _, f := range found {
		m.Traces = append(m.Traces, foundModel{
			TraceID: types.StringValue(string(f.ID)), RootService: nullIfEmpty(f.RootService), RootName: nullIfEmpty(f.RootName),
			Start: types.StringValue(rfc3339(f.Start)), Duration: types.Float64Value(milliseconds(f.Duration)),
		})
	}
}
