package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/float64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/istio"
)

// meshTracingModel is where the proxies send their spans.
type meshTracingModel struct {
	ZipkinAddress    types.String  `tfsdk:"zipkin_address"`
	OTLPGRPCEndpoint types.String  `tfsdk:"otlp_grpc_endpoint"`
	OTLPHTTPEndpoint types.String  `tfsdk:"otlp_http_endpoint"`
	Sampling         types.Float64 `tfsdk:"sampling"`
	ProviderName     types.String  `tfsdk:"provider_name"`
}

func meshTracingAttribute() schema.SingleNestedAttribute {
	one := stringvalidator.ExactlyOneOf(
		path.MatchRelative().AtParent().AtName("zipkin_address"),
		path.MatchRelative().AtParent().AtName("otlp_grpc_endpoint"),
		path.MatchRelative().AtParent().AtName("otlp_http_endpoint"),
	)
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Where the proxies send their spans: one of the three addresses, each as `host:port`, such as an output of `lab_tracing_pipeline`. " +
			"Default: nowhere, or what `mesh_config` says.",
		Attributes: map[string]schema.Attribute{
			"zipkin_address": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{one},
				MarkdownDescription: "Collector that understands Zipkin, set in `meshConfig.defaultConfig.tracing`, the way of Istio before its Telemetry API. " +
					"Proxies that run follow a change when their pods are made anew.",
			},
			"otlp_grpc_endpoint": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Collector that takes OTLP by gRPC: an extension provider of the mesh, and a Telemetry object `mesh-default` that chooses it. Needs Istio 1.17.",
			},
			"otlp_http_endpoint": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Collector that takes OTLP by HTTP, at the path `/v1/traces`. Needs Istio 1.22.",
			},
			"sampling": schema.Float64Attribute{
				Optional: true, MarkdownDescription: "Percentage of requests that are traced. Default: Istio's, 1.",
				Validators: []validator.Float64{float64validator.Between(0, 100)},
			},
			"provider_name": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Name of the extension provider. Default: `" + istio.DefaultTracingProvider + "`.",
				Validators: []validator.String{
					stringvalidator.LengthAtLeast(1),
					stringvalidator.ConflictsWith(path.MatchRelative().AtParent().AtName("zipkin_address")),
				},
			},
		},
	}
}

func (m *meshTracingModel) tracing() *istio.MeshTracing {
	if m == nil {
		return nil
	}
	return &istio.MeshTracing{
		ZipkinAddress: m.ZipkinAddress.ValueString(), OTLPGRPCEndpoint: m.OTLPGRPCEndpoint.ValueString(), OTLPHTTPEndpoint: m.OTLPHTTPEndpoint.ValueString(),
		Sampling: m.Sampling.ValueFloat64Pointer(), Provider: m.ProviderName.ValueString(),
	}
}

// planMoreCharts unlocks the charts when a switch brings or takes some, whose digests nobody knows yet.
func planMoreCharts(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse, switches ...string) {
	if req.Plan.Raw.IsNull() || req.State.Raw.IsNull() {
		return
	}
	for _, name := range switches {
		var before, after attr.Value
		resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root(name), &before)...)
		resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root(name), &after)...)
		if resp.Diagnostics.HasError() || before.Equal(after) {
			continue
		}
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("chart_digests"), types.MapUnknown(types.StringType))...)
	}
}
