package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int32validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/tempo"
)

var (
	_ resource.ResourceWithConfigure   = (*tempoResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*tempoResource)(nil)
	_ resource.ResourceWithImportState = (*tempoResource)(nil)
	_ resource.ResourceWithIdentity    = (*tempoResource)(nil)
)

func newTempo() resource.Resource { return &tempoResource{} }

type tempoResource struct{ session *session }

const tempoType = "lab_tempo"

type tempoModel struct {
	chartModel
	Release          types.String         `tfsdk:"release"`
	HTTPPort         types.Int32          `tfsdk:"http_port"`
	Retention        types.String         `tfsdk:"retention"`
	Receivers        types.Set            `tfsdk:"receivers"`
	Persistence      *persistenceModel    `tfsdk:"persistence"`
	MetricsGenerator *tempoGeneratorModel `tfsdk:"metrics_generator"`
	Reporting        types.Bool           `tfsdk:"reporting"`
	ImageTag         types.String         `tfsdk:"image_tag"`
	Endpoints        types.Object         `tfsdk:"endpoints"`
}

type persistenceModel struct {
	Size         types.String `tfsdk:"size"`
	StorageClass types.String `tfsdk:"storage_class"`
}

type tempoGeneratorModel struct {
	RemoteWriteURL types.String `tfsdk:"remote_write_url"`
}

func (r *tempoResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = tempoType
}

func (r *tempoResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *tempoResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = componentIdentity()
}

func (r *tempoResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	pinned := tempo.DefaultChart()
	resp.Schema = schema.Schema{
		MarkdownDescription: "Grafana Tempo in one process, which stores traces and answers queries. Refer to its `endpoints` rather than to ports: " +
			"the port of queries is 3100 up to chart 1.23.0 and 3200 from 1.23.1. Charts up to 1.24 are taken from `" + tempo.RepositoryFor("1.0.0") + "`.",
		Attributes: chartAttributes(ctx, chartDefaults{
			Namespace: tempo.DefaultNamespace, Version: pinned.Version, Repository: pinned.Repository, Chart: pinned.Name,
		}, tempoAttributes()),
	}
}

func tempoAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"release": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(tempo.DefaultRelease),
			MarkdownDescription: "Name of the release, from which the Service gets its name. Default: `" + tempo.DefaultRelease + "`.",
			PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"http_port": schema.Int32Attribute{
			Optional: true, Validators: []validator.Int32{int32validator.Between(1, 65535)},
			MarkdownDescription: "Port at which Tempo is asked. The chart's Service has a fixed port, so another one than its gets a Service of its own, `<name>-http`. Default: the chart's, 3100 below 1.23.1 and 3200 from there.",
		},
		"retention": schema.StringAttribute{
			Optional: true, Validators: []validator.String{duration{}},
			MarkdownDescription: "How long traces are kept, such as `48h`. Default: the chart's `24h`.",
		},
		"receivers": schema.SetAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "What Tempo is written to by: `otlp`, `jaeger`, `zipkin`, `opencensus`. Charts from 1.15.0 cannot run without `otlp` and `jaeger`; " +
				"charts below 2.2.2 always receive `opencensus`, later ones never. Default: `otlp` and `jaeger`.",
			Validators: []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(stringvalidator.OneOf(tempo.Receivers()...))},
		},
		"persistence": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "Keeps traces on a volume. Default: in the pod, and lost with it.",
			Attributes: map[string]schema.Attribute{
				"size":          schema.StringAttribute{Optional: true, MarkdownDescription: "Size of the volume. Default: the chart's `10Gi`."},
				"storage_class": schema.StringAttribute{Optional: true, MarkdownDescription: "StorageClass of the volume. Default: the cluster's default class."},
			},
		},
		"metrics_generator": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "Makes metrics and the service graph out of traces and writes them to a Prometheus.",
			Attributes: map[string]schema.Attribute{
				"remote_write_url": schema.StringAttribute{
					Required:            true,
					MarkdownDescription: "Where they are written: `${lab_monitoring.<name>.prometheus_url}api/v1/write`, with `prometheus.remote_write_receiver` on.",
				},
			},
		},
		"reporting": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(false),
			MarkdownDescription: "Sends anonymous usage statistics to Grafana Labs, as the chart does by default. Default: `false`.",
		},
		"image_tag": schema.StringAttribute{Optional: true, MarkdownDescription: "Version of Tempo. Default: the chart's; the chart's configuration fits few others."},
		"endpoints": schema.SingleNestedAttribute{
			Computed: true, MarkdownDescription: "Where Tempo is reached inside the cluster. All but `query_url` are `host:port`; a receiver that is off has none.",
			Attributes: map[string]schema.Attribute{
				"query_url":          schema.StringAttribute{Computed: true, MarkdownDescription: "For queries, and for a data source: `http://tempo.tempo:3200`."},
				"otlp_grpc":          schema.StringAttribute{Computed: true, MarkdownDescription: "OTLP over gRPC."},
				"otlp_http":          schema.StringAttribute{Computed: true, MarkdownDescription: "OTLP over HTTP."},
				"zipkin":             schema.StringAttribute{Computed: true, MarkdownDescription: "Zipkin."},
				"jaeger_grpc":        schema.StringAttribute{Computed: true, MarkdownDescription: "Jaeger over gRPC."},
				"jaeger_thrift_http": schema.StringAttribute{Computed: true, MarkdownDescription: "Jaeger over HTTP."},
			},
		},
	}
}

func (r *tempoResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	createComponent[tempoModel](ctx, r.session, req, resp, tempoType)
}

func (r *tempoResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	readComponent[tempoModel](ctx, r.session, req, resp, tempoType)
}

func (r *tempoResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	updateComponent[tempoModel](ctx, r.session, req, resp, tempoType)
}

func (r *tempoResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	deleteComponent[tempoModel](ctx, r.session, req, resp, tempoType)
}

// ModifyPlan plans the endpoints as well: they follow from the configuration, so that what refers to them can be checked
// before Tempo is there.
func (r *tempoResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	planComponent[tempoModel](ctx, req, resp, planned{What: tempoType, Session: r.session, Volatile: []string{"app_version"}})
	planCharts(ctx, req, resp)
	m, ok := plannedOutputs[tempoModel](ctx, req, resp)
	if !ok {
		return
	}
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("endpoints"), m.Endpoints)...)
	if r.session == nil || resp.Diagnostics.HasError() {
		return
	}
	if err := r.session.tempos.offer(m.Cluster.String(), queryURL(m.Endpoints)); err != nil {
		resp.Diagnostics.AddError("Tempo is asked at another port", sentence(err.Error())+".")
	}
}

func (r *tempoResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importComponent[tempoModel](ctx, r.session, req, resp, importing{What: tempoType, NameAttribute: "release"})
}

func (m *tempoModel) id() (namespace, name string) {
	return m.Namespace.ValueString(), m.Release.ValueString()
}

func (m *tempoModel) component(ctx context.Context, s secrets, diags *diag.Diagnostics) component.Component {
	install := tempo.Install{
		Chart:     m.optionsWithValues(ctx, tempo.DefaultChart().Name, s, diags),
		HTTPPort:  int(m.HTTPPort.ValueInt32()),
		Retention: m.Retention.ValueString(),
		Receivers: textSet(ctx, m.Receivers, diags),
		Reporting: m.Reporting.ValueBool(),
		ImageTag:  m.ImageTag.ValueString(),
	}
	install.Chart.Release = m.Release.ValueString()
	if p := m.Persistence; p != nil {
		install.Persistence = &tempo.Persistence{Size: p.Size.ValueString(), StorageClass: p.StorageClass.ValueString()}
	}
	if g := m.MetricsGenerator; g != nil {
		install.MetricsGenerator = &tempo.MetricsGenerator{RemoteWriteURL: g.RemoteWriteURL.ValueString()}
	}
	c, err := install.Component()
	addInvalid(diags, tempoType, err)
	m.Endpoints = types.ObjectNull(tempoEndpointTypes)
	if endpoints, err := install.Endpoints(); err == nil {
		m.Endpoints = tempoEndpoints(endpoints)
	}
	return c
}

func (m *tempoModel) observe(o cluster.Observed) {
	m.observedCharts(o, tempo.DefaultChart().Name)
}

var tempoEndpointTypes = map[string]attr.Type{
	"query_url": types.StringType, "otlp_grpc": types.StringType, "otlp_http": types.StringType,
	"zipkin": types.StringType, "jaeger_grpc": types.StringType, "jaeger_thrift_http": types.StringType,
}

func tempoEndpoints(e tempo.Endpoints) types.Object {
	return types.ObjectValueMust(tempoEndpointTypes, map[string]attr.Value{
		"query_url": nullIfEmpty(e.QueryURL), "otlp_grpc": nullIfEmpty(e.OTLPGRPC), "otlp_http": nullIfEmpty(e.OTLPHTTP),
		"zipkin": nullIfEmpty(e.Zipkin), "jaeger_grpc": nullIfEmpty(e.JaegerGRPC), "jaeger_thrift_http": nullIfEmpty(e.JaegerThriftHTTP),
	})
}

func queryURL(endpoints types.Object) string {
	url, _ := endpoints.Attributes()["query_url"].(types.String)
	return url.ValueString()
}
