package provider

import (
	"context"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int32validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/otel"
)

func tracingPipelineSchema(ctx context.Context) schema.Schema {
	attributes := tracingPipelineWays()
	for name, a := range tracingPipelinePlace() {
		attributes[name] = a
	}
	return schema.Schema{
		MarkdownDescription: "A collector of the OpenTelemetry operator that takes traces in by several protocols and hands them on to Tempo. " +
			"What it is called in which version (`v1alpha1` or `v1beta1`, `otlp` or `otlp_grpc`, `logging` or `debug`) follows `operator_version`. " +
			"It is ready when its Service, named in `endpoints`, leads to running collectors.",
		Attributes: componentAttributes(ctx, attributes),
	}
}

// tracingPipelinePlace are the attributes of what runs.
func tracingPipelinePlace() map[string]schema.Attribute {
	replace := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	return map[string]schema.Attribute{
		"name": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(otel.DefaultPipeline), PlanModifiers: replace,
			MarkdownDescription: "Name of the collector; its Deployment and Service have `-collector` after it. Default: `" + otel.DefaultPipeline + "`.",
		},
		"namespace": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(otel.DefaultNamespace), PlanModifiers: replace,
			MarkdownDescription: "Namespace of the collector; made when it does not exist. Default: `" + otel.DefaultNamespace + "`.",
		},
		"operator_version": schema.StringAttribute{
			Optional: true, Computed: true, PlanModifiers: []planmodifier.String{keepOrDefault{value: otel.DefaultChart().Version}},
			MarkdownDescription: "Version of the operator's chart, as `lab_otel_operator.<name>.chart_version` gives it; the reference also puts the operator first. " +
				"Default: `" + otel.DefaultChart().Version + "` when it is first made; later the version that it was made for.",
		},
		"api_version": schema.StringAttribute{
			Optional: true, Computed: true, Validators: []validator.String{stringvalidator.OneOf(otel.Alpha, otel.Beta)},
			MarkdownDescription: "Version of the kind OpenTelemetryCollector. Default: `" + otel.Beta + "` where the operator knows it (chart 0.58 and later), else `" + otel.Alpha + "`.",
		},
		"mode": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(otel.ModeDeployment), PlanModifiers: replace,
			Validators:          []validator.String{stringvalidator.OneOf(otel.ModeDeployment, otel.ModeDaemonSet, otel.ModeStatefulSet)},
			MarkdownDescription: "How collectors run: `deployment`, `daemonset` or `statefulset`. The operator refuses to change it, so that makes it anew. Default: `deployment`.",
		},
		"replicas": schema.Int32Attribute{
			Optional: true, MarkdownDescription: "Number of collectors. Default: the operator's, `1`.", Validators: []validator.Int32{int32validator.AtLeast(1)},
		},
		"image": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "Image of the collector. A tag that is a version decides how the configuration is worded. Default: the operator's choice.",
		},
		"spec": schema.StringAttribute{
			Optional: true, Validators: []validator.String{yamlMapping{}},
			MarkdownDescription: "YAML that is merged over the `spec` of the OpenTelemetryCollector, such as resources or tolerations.",
		},
	}
}

// tracingPipelineWays are the attributes of the way that traces take.
func tracingPipelineWays() map[string]schema.Attribute {
	processor := regexp.MustCompile("^(" + strings.Join(otel.Processors(), "|") + ")(/.+)?$")
	return map[string]schema.Attribute{
		"receivers": schema.SetAttribute{
			Optional: true, ElementType: types.StringType,
			Validators: []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(stringvalidator.OneOf(otel.Receivers()...))},
			MarkdownDescription: "Ways in: `otlp` (gRPC and HTTP), `jaeger` (gRPC, Thrift over HTTP, compact and binary), `zipkin`, `opencensus` (gone since collector 0.132). " +
				"Default: `otlp`, `jaeger` and `zipkin`.",
		},
		"processors": schema.ListAttribute{
			Optional: true, ElementType: types.StringType,
			Validators: []validator.List{listvalidator.UniqueValues(), listvalidator.ValueStringsAre(stringvalidator.RegexMatches(processor,
				"must be one of "+strings.Join(otel.Processors(), ", ")+", with /name after it where there are several"))},
			MarkdownDescription: "What is done with traces, in this order. `batch` and `memory_limiter` work as they are; others need settings in `config`. An empty list does nothing. Default: `batch`.",
		},
		"tempo_endpoint": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "Host and port at which Tempo takes OTLP over gRPC, without TLS, as `lab_tempo.<name>.endpoints.otlp_grpc` gives it.",
		},
		"debug": schema.StringAttribute{
			Optional: true, Validators: []validator.String{stringvalidator.OneOf("basic", "normal", "detailed")},
			MarkdownDescription: "Writes traces to the collector's log: `basic`, `normal` or `detailed`. Default: not at all.",
		},
		"exporters": schema.StringAttribute{
			Optional: true, Validators: []validator.String{yamlMapping{}},
			MarkdownDescription: "YAML with further exporters by name and their settings; traces go to all of them.",
		},
		"config": schema.StringAttribute{
			Optional: true, Validators: []validator.String{yamlMapping{}},
			MarkdownDescription: "YAML that is merged over the collector's configuration: maps are merged, lists are replaced. A pipeline that names what is not there is refused at plan.",
		},
		"endpoints": tracingEndpointsAttribute(),
	}
}

func tracingEndpointsAttribute() schema.SingleNestedAttribute {
	words := map[string]string{
		otel.OTLPGRPC: "OTLP over gRPC", otel.OTLPHTTP: "OTLP over HTTP", otel.Zipkin: "Zipkin", otel.JaegerGRPC: "Jaeger over gRPC",
		otel.JaegerThriftHTTP: "Jaeger Thrift over HTTP", otel.JaegerThriftCompact: "Jaeger Thrift compact, UDP",
		otel.JaegerThriftBinary: "Jaeger Thrift binary, UDP", otel.OpenCensus: "OpenCensus",
	}
	below := map[string]schema.Attribute{}
	for _, name := range otel.Protocols() {
		below[name] = schema.StringAttribute{Computed: true, MarkdownDescription: words[name] + "."}
	}
	return schema.SingleNestedAttribute{
		Computed: true, Attributes: below,
		MarkdownDescription: "Where each protocol is served, as `host:port` under the cluster's own names; null where it is off.",
	}
}

func tracingEndpointTypes() map[string]attr.Type {
	out := map[string]attr.Type{}
	for _, name := range otel.Protocols() {
		out[name] = types.StringType
	}
	return out
}

// tracingEndpoints makes the object of a pipeline's endpoints.
func tracingEndpoints(endpoints map[string]string) types.Object {
	values := map[string]attr.Value{}
	for _, name := range otel.Protocols() {
		values[name] = nullIfEmpty(endpoints[name])
	}
	return types.ObjectValueMust(tracingEndpointTypes(), values)
}
