package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/monitoring"
)

// byFlavor plans an attribute that the configuration leaves out: what is installed stays, and something new gets the
// default of its flavour.
type byFlavor struct {
	pick func(monitoring.Defaults) string
}

func (b byFlavor) Description(context.Context) string {
	return "keeps what is installed; the flavour's default when it is new"
}

func (b byFlavor) MarkdownDescription(ctx context.Context) string { return b.Description(ctx) }

func (b byFlavor) PlanModifyString(ctx context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if !req.ConfigValue.IsNull() {
		return
	}
	var planned, made types.String
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("flavor"), &planned)...)
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("flavor"), &made)...)
	}
	defaults, err := monitoring.DefaultsOf(monitoring.Flavor(planned.ValueString()))
	switch {
	case planned.IsUnknown() || err != nil:
	case !req.StateValue.IsNull() && made.Equal(planned):
		resp.PlanValue = req.StateValue
	default:
		resp.PlanValue = types.StringValue(b.pick(defaults))
	}
}

// monitoringDefaults returns the defaults of a flavour of which it is known that it exists.
func monitoringDefaults(flavor monitoring.Flavor) monitoring.Defaults {
	d, err := monitoring.DefaultsOf(flavor)
	if err != nil {
		return monitoring.Defaults{}
	}
	return d
}

func monitoringAttributes() map[string]schema.Attribute {
	stack, rancher := monitoringDefaults(monitoring.KubePrometheusStack), monitoringDefaults(monitoring.RancherMonitoring)
	either := func(pick func(monitoring.Defaults) string) string {
		return "Default: `" + pick(stack) + "`, for `rancher-monitoring` `" + pick(rancher) + "`."
	}
	namespace := func(d monitoring.Defaults) string { return d.Namespace }
	release := func(d monitoring.Defaults) string { return d.Release }
	version := func(d monitoring.Defaults) string { return d.Chart.Version }
	return map[string]schema.Attribute{
		"flavor": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(string(monitoring.KubePrometheusStack)),
			MarkdownDescription: "Whose charts: `kube-prometheus-stack`, or `rancher-monitoring` with `rancher-monitoring-crd`, which ends with Kubernetes 1.24. Default: `kube-prometheus-stack`.",
			Validators:          []validator.String{stringvalidator.OneOf(monitoring.Flavors()...)},
			PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"namespace": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Namespace of the release; made when it does not exist. " + either(namespace),
			PlanModifiers:       []planmodifier.String{byFlavor{namespace}, stringplanmodifier.RequiresReplace()},
		},
		"release": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Name of the release, which the charts make their names of. " + either(release),
			PlanModifiers:       []planmodifier.String{byFlavor{release}, stringplanmodifier.RequiresReplace()},
		},
		"chart_version": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Version of the chart, and of the chart with the CRDs. " + either(version) +
				" That is when it is first installed; later the installed version stays until another one is asked for, so that a new provider upgrades nothing by itself.",
			PlanModifiers: []planmodifier.String{byFlavor{version}},
		},
		"grafana":    grafanaAttribute(),
		"prometheus": prometheusAttribute(),
		"alertmanager": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(true),
			MarkdownDescription: "Installs Alertmanager. Default: `true`.",
		},
		"control_plane_targets": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(false),
			MarkdownDescription: "Scrapes etcd, scheduler, controller manager and kube-proxy. RKE2 lets them listen on the loopback address alone, so that kube-prometheus-stack would report them down " +
				"unless RKE2 was told to open them; rancher-monitoring brings proxies that reach them. Default: `false`.",
		},
		"prometheus_url":          schema.StringAttribute{Computed: true, MarkdownDescription: "Prometheus inside the cluster: `http://<service>.<namespace>:9090/`."},
		"grafana_url":             schema.StringAttribute{Computed: true, MarkdownDescription: "Grafana inside the cluster: `http://<service>.<namespace>:80`."},
		"prometheus_external_url": schema.StringAttribute{Computed: true, MarkdownDescription: "Prometheus by its Ingress; null without `prometheus.host`."},
		"grafana_external_url":    schema.StringAttribute{Computed: true, MarkdownDescription: "Grafana by its Ingress; null without `grafana.host`."},
		"grafana_admin_secret": schema.SingleNestedAttribute{
			Computed: true, MarkdownDescription: "Where the Secret with Grafana's administrator is, for `lab_grafana_credentials`. Its content is not read.",
			Attributes: map[string]schema.Attribute{
				"namespace": schema.StringAttribute{Computed: true, MarkdownDescription: "Namespace of the Secret."},
				"name":      schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the Secret."},
			},
		},
		"datasource_uids": schema.SingleNestedAttribute{
			Computed: true, MarkdownDescription: "UIDs of Grafana's data sources, which dashboards and Kiali refer to.",
			Attributes: map[string]schema.Attribute{
				"prometheus": schema.StringAttribute{Computed: true, MarkdownDescription: "Of Prometheus."},
				"tempo":      schema.StringAttribute{Computed: true, MarkdownDescription: "Of Tempo; null without `grafana.tempo_url`."},
			},
		},
	}
}

func published(what string, more map[string]schema.Attribute) map[string]schema.Attribute {
	more["host"] = schema.StringAttribute{Optional: true, MarkdownDescription: "Host at which an Ingress publishes " + what + ". Default: no Ingress."}
	more["ingress_class"] = schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "Class of the Ingress, such as `data.lab_ingress_controller.<name>.class_name`. Default: the cluster's, or RKE2's ingress-nginx, which serves an Ingress without one.",
	}
	more["tls_secret"] = schema.StringAttribute{Optional: true, MarkdownDescription: "Name of the Secret with the host's certificate. Default: plain HTTP."}
	return more
}

func grafanaAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "Grafana. Its sidecar loads dashboards and data sources from ConfigMaps of all namespaces, by the labels `grafana_dashboard` and `grafana_datasource`.",
		Attributes: published("Grafana", map[string]schema.Attribute{
			"image_tag": schema.StringAttribute{Optional: true, MarkdownDescription: "Version of Grafana. Default: the chart's, which its dashboards are written for."},
			"anonymous_role": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Lets everybody in with this role: `Viewer`, `Editor` or `Admin`. Default: a login is asked for.",
				Validators: []validator.String{stringvalidator.OneOf("Viewer", "Editor", "Admin")},
			},
			"viewers_can_edit": schema.BoolAttribute{Optional: true, MarkdownDescription: "Lets viewers use Explore, in Grafana up to 11. Default: `false`."},
			"tempo_url": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Makes a data source of a Tempo: `lab_tempo.<name>.endpoints.query_url`. The port is checked against the `lab_tempo` of the same configuration at plan, and against the Service at apply.",
			},
			"tempo_datasource_uid": schema.StringAttribute{Optional: true, MarkdownDescription: "UID of that data source. Default: `" + monitoring.TempoUID + "`."},
			"feature_toggles": schema.ListAttribute{
				Optional: true, ElementType: types.StringType, Validators: []validator.List{listvalidator.UniqueValues()},
				MarkdownDescription: "Feature toggles to switch on. `traceqlEditor` is added where Grafana needs it for Tempo, 9.3.2 to 9.3.x, and refused elsewhere.",
			},
			"dashboards_timezone": schema.StringAttribute{Optional: true, MarkdownDescription: "Time zone of the chart's dashboards, such as `browser`. Default: `utc`."},
		}),
	}
}

func prometheusAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "Prometheus. It takes the monitors and rules of all namespaces, whatever their labels.",
		Attributes: published("Prometheus", map[string]schema.Attribute{
			"retention":             schema.StringAttribute{Optional: true, MarkdownDescription: "How long samples are kept, such as `2d`. Default: the chart's `10d`."},
			"storage_size":          schema.StringAttribute{Optional: true, MarkdownDescription: "Keeps samples on a volume of this size. Default: in the pod, and lost with it."},
			"storage_class":         schema.StringAttribute{Optional: true, MarkdownDescription: "StorageClass of the volume. Default: the cluster's default class."},
			"remote_write_receiver": schema.BoolAttribute{Optional: true, MarkdownDescription: "Takes samples that others write, such as Tempo's metrics generator. Default: `false`."},
		}),
	}
}
