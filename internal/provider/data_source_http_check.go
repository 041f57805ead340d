package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/reach"
	"github.com/dxlab/terraform-provider-lab/internal/verify"
)

var _ datasource.DataSourceWithConfigure = (*httpCheck)(nil)

func newHTTPCheck() datasource.DataSource { return &httpCheck{} }

type httpCheck struct{ session *session }

type httpCheckModel struct {
	resultModel
	Cluster  types.Object  `tfsdk:"cluster"`
	URL      types.String  `tfsdk:"url"`
	Host     types.String  `tfsdk:"host"`
	Via      types.String  `tfsdk:"via"`
	Expect   types.List    `tfsdk:"expect_status"`
	Contains types.String  `tfsdk:"contains"`
	Timeout  types.String  `tfsdk:"timeout"`
	Passed   types.Bool    `tfsdk:"passed"`
	Status   types.Int64   `tfsdk:"status"`
	Latency  types.Float64 `tfsdk:"latency_ms"`
	Server   types.String  `tfsdk:"server"`
}

func (d *httpCheck) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_http_check"
}

func (d *httpCheck) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (d *httpCheck) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Asks for a page and says what came back. It never fails a plan: a page that does not exist yet, is down or slow is a result, " +
			"`reachable = false` with the reason, for use in a `check` block. Redirects are not followed.",
		Attributes: map[string]schema.Attribute{
			"cluster":       clusterDataAttribute(),
			"url":           schema.StringAttribute{Required: true, MarkdownDescription: "What to ask for, such as `http://10.0.0.20/productpage`."},
			"host":          schema.StringAttribute{Optional: true, MarkdownDescription: "Name in the request (Host header), so that no name has to resolve. Default: the one of `url`."},
			"via":           schema.StringAttribute{Optional: true, MarkdownDescription: viaDoc + " Default: `node` where `cluster` is given, else `local`.", Validators: []validator.String{stringvalidator.OneOf(ways...)}},
			"expect_status": schema.ListAttribute{Optional: true, ElementType: types.Int64Type, MarkdownDescription: "Statuses that pass. Default: `[200]`."},
			"contains":      schema.StringAttribute{Optional: true, MarkdownDescription: "Text that the page must contain, such as `<title>Simple Bookstore App</title>`."},
			"timeout":       schema.StringAttribute{Optional: true, MarkdownDescription: "How long to wait for the answer. Default: `10s`.", Validators: []validator.String{duration{}}},
			"reachable":     schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether there was an answer."},
			"passed":        schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the answer is as expected."},
			"reason":        schema.StringAttribute{Computed: true, MarkdownDescription: "Why it is not; null when it passed."},
			"status":        schema.Int64Attribute{Computed: true, MarkdownDescription: "Status of the answer."},
			"latency_ms":    schema.Float64Attribute{Computed: true, MarkdownDescription: "Milliseconds until the whole answer was there."},
			"server":        schema.StringAttribute{Computed: true, MarkdownDescription: "Who answered, as its header Server says, such as `istio-envoy`."},
		},
	}
}

const checkTimeout = 10 * time.Second

func (d *httpCheck) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m httpCheckModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	var expect []int64
	resp.Diagnostics.Append(m.Expect.ElementsAs(ctx, &expect, false)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if len(expect) == 0 {
		expect = []int64{http.StatusOK}
	}
	ref := referenceOf(ctx, m.Cluster, types.StringNull(), &resp.Diagnostics)
	ctx, cancel := context.WithTimeout(ctx, limitOf(m.Timeout, checkTimeout))
	defer cancel()
	client, err := d.session.sending(ctx, ref, reach.HTTPOptions{Via: outside(m.Via, ref), ServerName: serverName(m.Host)})
	var body string
	if err == nil {
		body, err = m.ask(ctx, client)
	}
	if err != nil && client != nil && reach.Via(m.Via.ValueString()) == reach.ViaCluster && ctx.Err() == nil {
		body, err = m.ask(ctx, client) // a forwarded port may have been lost; to read twice does no harm
	}
	m.result(err)
	m.Passed = types.BoolValue(err == nil && m.judge(expect, body))
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// judge says why an answer is not as expected.
func (m *httpCheckModel) judge(expect []int64, body string) bool {
	switch {
	case !slices.Contains(expect, m.Status.ValueInt64()):
		m.Reason = types.StringValue(fmt.Sprintf("The answer is %d, expected is one of %v.", m.Status.ValueInt64(), expect))
		return false
	case m.Contains.ValueString() != "" && !strings.Contains(body, m.Contains.ValueString()):
		m.Reason = types.StringValue(fmt.Sprintf("The page does not contain %q.", m.Contains.ValueString()))
		return false
	}
	return true
}

// maxPage bounds what is read of a page.
const maxPage = 4 << 20

func (m *httpCheckModel) ask(ctx context.Context, client *http.Client) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, m.URL.ValueString(), nil)
	if err != nil {
		return "", err
	}
	request.Host = m.Host.ValueString()
	began := time.Now()
	response, err := client.Do(request)
	if err != nil {
		return "", verify.Explained(err)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxPage))
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return "", verify.Explained(err)
	}
	m.Status = types.Int64Value(int64(response.StatusCode))
	m.Latency = types.Float64Value(milliseconds(time.Since(began)))
	m.Server = nullIfEmpty(response.Header.Get("Server"))
	return string(body), nil
}

// milliseconds keeps three decimals, so that a state is readable.
func milliseconds(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
}
