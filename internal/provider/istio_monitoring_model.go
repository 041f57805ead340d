package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/istiomonitoring"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// builtinOverview names our own dashboard.
const builtinOverview = "mesh-overview"

type istioMonitoringModel struct {
	componentModel
	Namespace     types.String           `tfsdk:"namespace"`
	Monitors      types.Bool             `tfsdk:"monitors"`
	Relabelings   types.String           `tfsdk:"relabelings"`
	Interval      types.String           `tfsdk:"interval"`
	Labels        types.Map              `tfsdk:"labels"`
	Dashboards    []dashboardSourceModel `tfsdk:"dashboards"`
	ConfigMaps    types.Map              `tfsdk:"config_maps"`
	Titles        types.Map              `tfsdk:"titles"`
	SourceDigests types.Map              `tfsdk:"source_digests"`
}

var (
	_ liveReader = (*istioMonitoringModel)(nil)
	_ completer  = (*istioMonitoringModel)(nil)
	_ surveyor   = (*istioMonitoringModel)(nil)
)

func (m *istioMonitoringModel) id() (namespace, name string) {
	return m.Namespace.ValueString(), istioMonitoringName
}

func (m *istioMonitoringModel) monitoring(ctx context.Context, diags *diag.Diagnostics) istiomonitoring.Monitoring {
	return istiomonitoring.Monitoring{
		Namespace: m.Namespace.ValueString(), NoMonitors: !m.Monitors.IsNull() && !m.Monitors.ValueBool(), Form: istiomonitoring.Form(m.Relabelings.ValueString()),
		Interval: m.Interval.ValueString(), Labels: textMap(ctx, m.Labels, diags),
	}
}

// component has the dashboards by their digests alone, as far as the state knows them. What they are is fetched by complete.
func (m *istioMonitoringModel) component(ctx context.Context, _ secrets, diags *diag.Diagnostics) component.Component {
	monitoring := m.monitoring(ctx, diags)
	digests := textMap(ctx, m.ConfigMaps, diags)
	names := make([]string, 0, len(digests))
	for name := range digests {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		monitoring.ConfigMaps = append(monitoring.ConfigMaps, istiomonitoring.Sealed(monitoring.Namespace, name, digests[name]))
	}
	if monitoring.NoMonitors && len(names) == 0 && (m.Dashboards == nil || len(m.Dashboards) > 0) {
		return component.Component{Name: "istio monitoring"} // a plan: there will be dashboards
	}
	c, err := monitoring.Component()
	addInvalid(diags, istioMonitoringType, err)
	return c
}

// complete fetches the dashboards and puts them in the place of their digests.
func (m *istioMonitoringModel) complete(ctx context.Context, l Library, _ component.Component) (component.Component, error) {
	var diags diag.Diagnostics // the values were read once already
	fetched, err := fetchDashboards(ctx, l, m.sources(ctx, &diags))
	if err != nil {
		return component.Component{}, err
	}
	monitoring := m.monitoring(ctx, &diags)
	if monitoring.ConfigMaps, err = istiomonitoring.Pack(m.Namespace.ValueString(), fetched.dashboards); err != nil {
		return component.Component{}, err
	}
	c, err := monitoring.Component()
	if err != nil {
		return component.Component{}, err
	}
	m.ConfigMaps = objectsMap(istiomonitoring.Digests(monitoring.ConfigMaps))
	m.Titles, m.SourceDigests = objectsMap(istiomonitoring.Titles(fetched.dashboards)), objectsMap(fetched.digests)
	return c, nil
}

func (m *istioMonitoringModel) observe(o cluster.Observed) {
	m.observed(o)
	for _, v := range []*types.Map{&m.ConfigMaps, &m.Titles, &m.SourceDigests} {
		if v.IsUnknown() {
			*v = types.MapNull(types.StringType)
		}
	}
}

// survey finds, for an import, the ConfigMaps that were made before. Their content is taken as it is.
func (m *istioMonitoringModel) survey(ctx context.Context, e Engine) error {
	if !m.ConfigMaps.IsNull() {
		return nil
	}
	found, err := e.List(ctx, cluster.ListOptions{
		APIVersion: "v1", Kind: "ConfigMap", Namespace: m.Namespace.ValueString(), LabelSelector: istiomonitoring.PartOfLabel + "=" + istiomonitoring.PartOf,
	})
	if err != nil {
		return err
	}
	digests := map[string]string{}
	for _, o := range found {
		digests[object.RefOf(o).Name] = object.ContentDigest(o)
	}
	m.ConfigMaps = objectsMap(digests)
	return nil
}

func (m *istioMonitoringModel) liveRefs() []object.Ref {
	var refs []object.Ref
	for _, kind := range []string{"PodMonitor", "ServiceMonitor"} {
		name := map[string]string{"PodMonitor": "envoy-stats-monitor", "ServiceMonitor": "istio-component-monitor"}[kind]
		refs = append(refs, object.Ref{APIVersion: "monitoring.coreos.com/v1", Kind: kind, Namespace: m.Namespace.ValueString(), Name: name})
	}
	return refs
}

func (m *istioMonitoringModel) readLive(_ context.Context, objects []object.Object, diags *diag.Diagnostics) {
	live, err := istiomonitoring.ReadMonitors(objects...)
	if err != nil {
		diags.AddError("Importing "+istioMonitoringType+" failed", sentence(err.Error()))
		return
	}
	m.Monitors, m.Relabelings = types.BoolValue(!live.NoMonitors), types.StringValue(string(live.Form))
	m.Labels = mapOf(live.Labels)
	if live.Interval != "15s" {
		m.Interval = nullIfEmpty(live.Interval)
	}
}
