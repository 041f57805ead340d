package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int32validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int32planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/samples"
)

func sampleAppSchema(ctx context.Context) schema.Schema {
	image, tag := samples.DefaultBookinfoImage()
	return schema.Schema{
		MarkdownDescription: "A small application that shows a lab to be alive. `nginx` is a web server with its welcome page, `hotrod` is Jaeger's taxi service " +
			"with a trace of every request, `bookinfo` is Istio's book shop of four services.",
		Attributes: componentAttributes(ctx, placeAttributes(placeDocs{
			Namespace: "Namespace of the objects.", DefaultNamespace: "default",
		}, map[string]schema.Attribute{
			"app": schema.StringAttribute{
				Required: true, MarkdownDescription: "Which application: `nginx`, `hotrod` or `bookinfo`.",
				Validators:    []validator.String{stringvalidator.OneOf(appNginx, appHotROD, appBookinfo)},
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"name": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Name of the Deployment and the Service. Default: `nginx` or `example-hotrod`. The objects of `bookinfo` have names of their own; leave it out there.",
				PlanModifiers:       []planmodifier.String{sampleName{}, stringplanmodifier.RequiresReplace()},
			},
			"image": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Image. Default: `" + samples.NginxImage + "` or `" + samples.DefaultHotRODImage() + "`. For `bookinfo` what the names of its six images begin with, without a tag: `" +
					image + "`.",
			},
			"image_tag": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Tag of the images of `bookinfo`. Default: `" + tag + "`.",
			},
			"replicas": schema.Int32Attribute{Optional: true, MarkdownDescription: "Number of pods of each Deployment. Default: `1`.", Validators: []validator.Int32{int32validator.AtLeast(1)}},
			"labels":   schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Labels of all objects and of the pods."},
			"tracing_endpoint": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Where `hotrod` sends its spans: `host:port` or a URL, such as `lab_tracing_pipeline.this.endpoints.otlp_http`. Images up to 1.48 speak Jaeger Thrift over HTTP " +
					"(port 14268), from 1.49 on OTLP over HTTP (port 4318); between 1.42 and 1.48 either, by the port. An endpoint that does not fit the image is an error of the plan. Default: no tracing.",
			},
			"tracing_exporter": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Exporter of an image whose tag is no version, such as `latest`: `jaeger` or `otlp`. Default: by the tag.",
				Validators: []validator.String{
					stringvalidator.OneOf(string(samples.ExporterJaeger), string(samples.ExporterOTLP)), stringvalidator.AlsoRequires(path.MatchRoot("tracing_endpoint")),
				},
			},
			"ingress": sampleIngressAttribute(),
			"service": schema.StringAttribute{
				Computed: true, MarkdownDescription: "Name by which pods and routes reach the application: `nginx.default.svc.cluster.local`.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"service_name": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The same inside its namespace, as an Ingress names it: `nginx`.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"port": schema.Int32Attribute{
				Computed: true, MarkdownDescription: "Port of that Service: 80, 8080 or 9080.",
				PlanModifiers: []planmodifier.Int32{int32planmodifier.UseStateForUnknown()},
			},
		})),
	}
}

func sampleIngressAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "Publishes the application by the cluster's ingress controller; `lab_ingress` can more.",
		Attributes: map[string]schema.Attribute{
			"name":        schema.StringAttribute{Optional: true, MarkdownDescription: "Name of the Ingress. Default: the application's."},
			"host":        schema.StringAttribute{Optional: true, MarkdownDescription: "Name in the request. Default: every name."},
			"class_name":  schema.StringAttribute{Optional: true, MarkdownDescription: "Ingress class. Default: the cluster's choice."},
			"annotations": schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Annotations of the Ingress."},
		},
	}
}

// sampleName plans the name that each application has when none is given.
type sampleName struct{}

func (sampleName) Description(context.Context) string { return "the application's own name" }

func (sampleName) MarkdownDescription(context.Context) string { return "the application's own name" }

func (sampleName) PlanModifyString(ctx context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if !req.ConfigValue.IsNull() {
		return
	}
	var app types.String
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("app"), &app)...)
	if name, known := sampleNames[app.ValueString()]; known {
		resp.PlanValue = types.StringValue(name)
	}
}
