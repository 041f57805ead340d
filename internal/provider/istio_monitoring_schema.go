package provider

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/istiomonitoring"
)

func istioMonitoringSchema(ctx context.Context) schema.Schema {
	kept := []planmodifier.Map{mapplanmodifier.UseStateForUnknown()}
	return schema.Schema{
		MarkdownDescription: "Has Prometheus scrape a mesh and Grafana show it: PodMonitor `envoy-stats-monitor`, ServiceMonitor `istio-component-monitor`, and dashboards as ConfigMaps " +
			"that Grafana's sidecar picks up. The monitors need the kinds that `lab_monitoring` brings.",
		Attributes: componentAttributes(ctx, map[string]schema.Attribute{
			"namespace": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(istiomonitoring.DefaultNamespace),
				MarkdownDescription: "Namespace of the objects, usually that of the mesh; it must be there. Default: `" + istiomonitoring.DefaultNamespace + "`.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"monitors": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				MarkdownDescription: "Makes both monitors. Default: `true`.",
			},
			"relabelings": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(string(istiomonitoring.FormCurrent)),
				MarkdownDescription: "How the PodMonitor makes the sidecars' addresses: `current` joins the pod's address with its port, also for IPv6, and calls the pod `pod`; `seed-2023` is the form of Istio 1.17, which calls it `pod_name`. " +
					"Both work with every Prometheus operator. Default: `current`.",
				Validators: []validator.String{stringvalidator.OneOf(string(istiomonitoring.FormCurrent), string(istiomonitoring.FormSeed2023))},
			},
			"interval": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Time between two scrapes. Default: `15s`.",
				Validators: []validator.String{stringvalidator.RegexMatches(regexp.MustCompile(`^([0-9]+(ms|s|m|h))+$`), "is a duration such as 15s")},
			},
			"labels": schema.MapAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Labels of the monitors, for a Prometheus that selects monitors by label. `lab_monitoring` installs one that takes all.",
			},
			"dashboards": dashboardsAttribute(),
			"config_maps": schema.MapAttribute{
				Computed: true, ElementType: types.StringType, PlanModifiers: kept,
				MarkdownDescription: "The ConfigMaps with the dashboards, each with a digest of its content. The content itself is not kept: it is fetched when something is installed or changed, and by no other plan.",
			},
			"titles": schema.MapAttribute{
				Computed: true, ElementType: types.StringType, PlanModifiers: kept, MarkdownDescription: "Files of the dashboards with what Grafana calls them.",
			},
			"source_digests": schema.MapAttribute{
				Computed: true, ElementType: types.StringType, PlanModifiers: kept, MarkdownDescription: "SHA-256 of what each of `dashboards` was taken from.",
			},
		}),
	}
}

func dashboardsAttribute() schema.ListNestedAttribute {
	one := []path.Expression{path.MatchRelative().AtParent().AtName("file"), path.MatchRelative().AtParent().AtName("chart"), path.MatchRelative().AtParent().AtName("builtin")}
	return schema.ListNestedAttribute{
		Optional: true,
		MarkdownDescription: "Where dashboards come from, each from one of `url`, `file`, `chart` and `builtin`. A file is one dashboard as JSON, or YAML with ConfigMaps that hold some, as Istio's `samples/addons/grafana.yaml`. " +
			"The data source variable of a dashboard is left as it is. Default: the dashboard `builtin`; `[]` is none.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"url": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Address of a file. It needs `sha256`.",
				Validators: []validator.String{stringvalidator.ExactlyOneOf(one...), stringvalidator.AlsoRequires(path.MatchRelative().AtParent().AtName("sha256"))},
			},
			"file": schema.StringAttribute{Optional: true, MarkdownDescription: "Path of a local file. Every plan looks whether it has changed."},
			"chart": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "A chart that has dashboards: in the ConfigMaps that it makes of its default values, or in files.",
				Attributes: map[string]schema.Attribute{
					"repository": schema.StringAttribute{Optional: true, MarkdownDescription: "Repository: `https://...`, `oci://...`. Default: `name` is a local path."},
					"name":       schema.StringAttribute{Required: true, MarkdownDescription: "Name of the chart."},
					"version":    schema.StringAttribute{Optional: true, MarkdownDescription: "Version of the chart; needed with `repository`."},
					"files": schema.ListAttribute{
						Optional: true, ElementType: types.StringType,
						MarkdownDescription: "Files of the chart with dashboards, with `*` for any part of a name: `files/dashboards/*.json`. Default: the ConfigMaps that the chart makes.",
					},
				},
			},
			"builtin": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "`mesh-overview`, a small dashboard of this provider: requests, errors and latencies by workload, and what istiod pushes.",
				Validators:          []validator.String{stringvalidator.OneOf(builtinOverview)},
			},
			"sha256": schema.StringAttribute{
				Optional: true, MarkdownDescription: "SHA-256 of the file, or of the chart's archive, in hex. Anything else is refused.",
				Validators: []validator.String{stringvalidator.RegexMatches(regexp.MustCompile(`^(sha256:)?[0-9a-fA-F]{64}$`), "has 64 hex digits")},
			},
		}},
	}
}
