package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/monitoring"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/tempo"
)

type monitoringModel struct {
	chartModel
	Flavor                types.String     `tfsdk:"flavor"`
	Release               types.String     `tfsdk:"release"`
	Grafana               *grafanaModel    `tfsdk:"grafana"`
	Prometheus            *prometheusModel `tfsdk:"prometheus"`
	Alertmanager          types.Bool       `tfsdk:"alertmanager"`
	ControlPlaneTargets   types.Bool       `tfsdk:"control_plane_targets"`
	PrometheusURL         types.String     `tfsdk:"prometheus_url"`
	GrafanaURL            types.String     `tfsdk:"grafana_url"`
	PrometheusExternalURL types.String     `tfsdk:"prometheus_external_url"`
	GrafanaExternalURL    types.String     `tfsdk:"grafana_external_url"`
	GrafanaAdminSecret    types.Object     `tfsdk:"grafana_admin_secret"`
	DatasourceUIDs        types.Object     `tfsdk:"datasource_uids"`
}

type grafanaModel struct {
	Host               types.String `tfsdk:"host"`
	IngressClass       types.String `tfsdk:"ingress_class"`
	TLSSecret          types.String `tfsdk:"tls_secret"`
	ImageTag           types.String `tfsdk:"image_tag"`
	AnonymousRole      types.String `tfsdk:"anonymous_role"`
	ViewersCanEdit     types.Bool   `tfsdk:"viewers_can_edit"`
	TempoURL           types.String `tfsdk:"tempo_url"`
	TempoDatasourceUID types.String `tfsdk:"tempo_datasource_uid"`
	FeatureToggles     types.List   `tfsdk:"feature_toggles"`
	DashboardsTimezone types.String `tfsdk:"dashboards_timezone"`
}

type prometheusModel struct {
	Host                types.String `tfsdk:"host"`
	IngressClass        types.String `tfsdk:"ingress_class"`
	TLSSecret           types.String `tfsdk:"tls_secret"`
	Retention           types.String `tfsdk:"retention"`
	StorageSize         types.String `tfsdk:"storage_size"`
	StorageClass        types.String `tfsdk:"storage_class"`
	RemoteWriteReceiver types.Bool   `tfsdk:"remote_write_receiver"`
}

var (
	adminSecretTypes = map[string]attr.Type{"namespace": types.StringType, "name": types.StringType}
	uidTypes         = map[string]attr.Type{"prometheus": types.StringType, "tempo": types.StringType}
)

func (m *monitoringModel) id() (namespace, name string) {
	return m.Namespace.ValueString(), m.Release.ValueString()
}

func (m *monitoringModel) component(ctx context.Context, s secrets, diags *diag.Diagnostics) component.Component {
	install := m.install(ctx, s, diags)
	c, err := install.Component()
	addInvalid(diags, monitoringType, err)
	out, err := install.Outputs()
	if err != nil {
		out = monitoring.Outputs{}
	}
	m.PrometheusURL, m.GrafanaURL = nullIfEmpty(out.PrometheusURL), nullIfEmpty(out.GrafanaURL)
	m.PrometheusExternalURL, m.GrafanaExternalURL = nullIfEmpty(out.PrometheusExternalURL), nullIfEmpty(out.GrafanaExternalURL)
	m.GrafanaAdminSecret = types.ObjectValueMust(adminSecretTypes, map[string]attr.Value{
		"namespace": nullIfEmpty(out.AdminNamespace), "name": nullIfEmpty(out.AdminSecret),
	})
	m.DatasourceUIDs = types.ObjectValueMust(uidTypes, map[string]attr.Value{
		"prometheus": nullIfEmpty(out.PrometheusUID), "tempo": nullIfEmpty(out.TempoUID),
	})
	return c
}

// outputs are the attributes that follow from the configuration.
func (m *monitoringModel) outputs() map[string]attr.Value {
	return map[string]attr.Value{
		"prometheus_url": m.PrometheusURL, "grafana_url": m.GrafanaURL, "prometheus_external_url": m.PrometheusExternalURL,
		"grafana_external_url": m.GrafanaExternalURL, "grafana_admin_secret": m.GrafanaAdminSecret, "datasource_uids": m.DatasourceUIDs,
	}
}

func (m *monitoringModel) install(ctx context.Context, s secrets, diags *diag.Diagnostics) monitoring.Install {
	flavor := monitoring.Flavor(m.Flavor.ValueString())
	defaults := monitoringDefaults(flavor)
	install := monitoring.Install{
		Flavor: flavor, Chart: m.optionsWithValues(ctx, defaults.Chart.Name, s, diags),
		NoAlertmanager: !m.Alertmanager.IsNull() && !m.Alertmanager.ValueBool(), ControlPlane: m.ControlPlaneTargets.ValueBool(),
	}
	install.Chart.Release = m.Release.ValueString()
	if defaults.CRDs.Name != "" {
		install.CRDs = m.options(ctx, defaults.CRDs.Name, diags)
	}
	if g := m.Grafana; g != nil {
		install.Grafana = monitoring.Grafana{
			Publish:  publish(g.Host, g.IngressClass, g.TLSSecret),
			ImageTag: g.ImageTag.ValueString(), AnonymousRole: g.AnonymousRole.ValueString(), ViewersCanEdit: g.ViewersCanEdit.ValueBool(),
			TempoURL: g.TempoURL.ValueString(), TempoUID: g.TempoDatasourceUID.ValueString(),
			FeatureToggles: textList(ctx, g.FeatureToggles, diags), Timezone: g.DashboardsTimezone.ValueString(),
		}
	}
	if p := m.Prometheus; p != nil {
		install.Prometheus = monitoring.Prometheus{
			Publish:   publish(p.Host, p.IngressClass, p.TLSSecret),
			Retention: p.Retention.ValueString(), StorageSize: p.StorageSize.ValueString(), StorageClass: p.StorageClass.ValueString(),
			RemoteWriteReceiver: p.RemoteWriteReceiver.ValueBool(),
		}
	}
	return install
}

func publish(host, class, tls types.String) monitoring.Publish {
	return monitoring.Publish{Host: host.ValueString(), IngressClass: class.ValueString(), TLSSecret: tls.ValueString()}
}

func (m *monitoringModel) tempoURL() string {
	if m.Grafana == nil {
		return ""
	}
	return m.Grafana.TempoURL.ValueString()
}

// lookFirst compares the address of Tempo with the Service, as far as that is there yet.
func (m *monitoringModel) lookFirst(ctx context.Context, e Engine) error {
	address, ok := tempo.ParseAddress(m.tempoURL())
	if !ok {
		return nil
	}
	live, err := e.Objects(ctx, address.Ref())
	if err != nil || len(live) == 0 || len(object.List(live[0], "spec", "ports")) == 0 {
		return err
	}
	return address.CheckService(live[0])
}

func (m *monitoringModel) observe(o cluster.Observed) {
	m.observedCharts(o, monitoringDefaults(monitoring.Flavor(m.Flavor.ValueString())).Chart.Name)
}
