package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/kiali"
)

func (r *kialiResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	pinned := kiali.DefaultChart()
	resp.Schema = schema.Schema{
		MarkdownDescription: "Kiali, which shows the services of a mesh and their traffic: the operator's chart, and one `Kiali` object `kiali` that the operator carries out. " +
			"It is ready when the operator has done so and the server answers.\n\n" +
			"The object is written in the words of the operator's version, and a key in `spec` that the version does not know is an error of the plan. " +
			"On destroy the object goes before the operator, which has to take its finalizer off; while there are `Kiali` objects of others, the removal is refused. " +
			"The CRD stays.",
		Attributes: chartAttributes(ctx, chartDefaults{
			Namespace: kiali.DefaultNamespace, Version: pinned.Version, Repository: pinned.Repository, Chart: pinned.Name,
		}, kialiAttributes()),
	}
}

func kialiAttributes() map[string]schema.Attribute {
	own := map[string]schema.Attribute{
		"instance_namespace": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(kiali.DefaultInstanceNamespace),
			MarkdownDescription: "Namespace of the `Kiali` object and of the server. Default: `" + kiali.DefaultInstanceNamespace + "`.",
			PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"mesh_namespace": schema.StringAttribute{
			Optional: true, MarkdownDescription: "Namespace of istiod, which Kiali below 2.0 has to be told. Default: `instance_namespace`.",
		},
		"auth_strategy": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString("anonymous"),
			MarkdownDescription: "How users log in: `anonymous`, `token`, `openid`, `openshift` or `header`. Default: `anonymous`.",
			Validators:          []validator.String{stringvalidator.OneOf("anonymous", "token", "openid", "openshift", "header")},
		},
		"view_only": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(true),
			MarkdownDescription: "Keeps users from changing the mesh. Default: `true`, because whoever reaches an anonymous Kiali could.",
		},
		"custom_dashboards": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(false),
			MarkdownDescription: "Shows metrics of applications that Kiali finds by itself. Default: `false`.",
		},
		"spec": schema.StringAttribute{
			Optional: true, Validators: []validator.String{yamlMapping{}},
			MarkdownDescription: "YAML that is merged over the `spec` of the `Kiali` object and wins. A key that is null is left out. " +
				"Keys that the version does not know are refused, with the nearest one that it knows.",
		},
		"url": schema.StringAttribute{
			Computed: true, MarkdownDescription: "How pods of the cluster reach the server: `http://kiali.istio-system:20001/kiali`.",
		},
		"external_url": schema.StringAttribute{Computed: true, MarkdownDescription: "How users reach the server by the Ingress; null without `host`."},
	}
	for name, a := range kialiWiring() {
		own[name] = a
	}
	return own
}

// kialiWiring is where Kiali finds others and where users find Kiali.
func kialiWiring() map[string]schema.Attribute {
	text := func(doc string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, MarkdownDescription: doc, Validators: []validator.String{stringvalidator.LengthAtLeast(1)}}
	}
	return map[string]schema.Attribute{
		"prometheus_url": text("Prometheus with the mesh's metrics, such as `lab_monitoring.this.prometheus_url`. Default: Kiali's guess, `http://prometheus.<instance_namespace>:9090`."),
		"grafana_url":    text("Grafana as Kiali reaches it, such as `lab_monitoring.this.grafana_url`. Default: none, and links to dashboards are off."),
		"grafana_external_url": text("Grafana as users reach it, such as `lab_monitoring.this.grafana_external_url`. " +
			"Links to dashboards and, with `tempo_url`, to traces lead there. Default: none."),
		"tempo_url": text("Tempo's query address, such as `lab_tempo.this.endpoints.query_url`. Needs Kiali 1.75. Default: none, and traces are off."),
		"tempo_datasource_uid": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString("tempo"),
			MarkdownDescription: "Uid of Grafana's data source for Tempo, such as `lab_monitoring.this.datasource_uids.tempo`. Default: `tempo`.",
		},
		"host":          text("Name under which the cluster's ingress controller publishes the server. Default: it is not published."),
		"ingress_class": text("Class of the Ingress. Default: the cluster's choice."),
		"ingress_annotations": schema.MapAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Annotations of the Ingress, in place of those for ingress-nginx that the operator sets.",
		},
	}
}
