package monitoring

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// traceQL is the toggle that Grafana's TraceQL editor needs from 9.3.2 and no longer from 9.4 (the tutorial; Grafana's
// what's new in 9.4).
const traceQL = "traceqlEditor"

func (i Install) grafanaValues(b built) (tree, error) {
	g := i.Grafana
	out := tree{
		"sidecar": tree{
			"datasources": tree{"enabled": true, "searchNamespace": "ALL"},
			"dashboards":  tree{"enabled": true, "searchNamespace": "ALL", "label": "grafana_dashboard", "labelValue": "1"},
		},
	}
	if sources := i.dataSources(b, out); len(sources) > 0 {
		out["additionalDataSources"] = sources
	}
	if ingress := g.Publish.values(); ingress != nil {
		out["ingress"] = ingress
	}
	if g.Timezone != "" {
		out["defaultDashboardsTimezone"] = g.Timezone
	}
	if g.ImageTag != "" {
		// Rancher's mirror has its own tags alone.
		out["image"] = tree{"repository": "grafana/grafana", "tag": g.ImageTag}
	}
	if b.flavor == RancherMonitoring {
		// What the chart would leave behind, a namespace with dashboards that nothing reads.
		out["defaultDashboards"] = tree{"cleanupOnUninstall": true}
	}
	ini, err := i.ini(b)
	out["grafana.ini"] = ini
	return out, err
}

// ini is Grafana's own configuration file.
func (i Install) ini(b built) (tree, error) {
	g := i.Grafana
	out := tree{"auth.anonymous": tree{"enabled": false}}
	if g.AnonymousRole != "" {
		out["auth.anonymous"] = tree{"enabled": true, "org_role": g.AnonymousRole}
		out["auth"] = tree{"disable_login_form": false, "disable_signout_menu": false}
	}
	if g.ViewersCanEdit {
		out["users"] = tree{"viewers_can_edit": true}
	}
	toggles, err := i.toggles(b)
	if len(toggles) > 0 {
		out["feature_toggles"] = tree{"enable": strings.Join(toggles, " ")}
	}
	return out, err
}

// toggles adds the TraceQL editor's where Grafana needs it and refuses it where Grafana has no such toggle.
func (i Install) toggles(b built) ([]string, error) {
	toggles := slices.Clone(i.Grafana.FeatureToggles)
	version, known := i.grafanaVersion(b)
	needed := known && version.AtLeast(9, 3, 2) && !version.AtLeast(9, 4, 0)
	asked := slices.Contains(toggles, traceQL)
	if asked && known && !needed {
		return nil, fault.Newf(fault.Invalid, "feature toggle %s exists in Grafana 9.3.2 to 9.3.x only, this is %s; leave it out, later versions have the editor by themselves", traceQL, version)
	}
	if needed && !asked && i.Grafana.TempoURL != "" {
		toggles = append(toggles, traceQL)
	}
	return toggles, nil
}

// grafanaVersion is the version of Grafana, false when it is not known: the image's tag, or what the pinned charts
// bring (appVersion of their sub-chart grafana).
func (i Install) grafanaVersion(b built) (versions.Version, bool) {
	tag := i.Grafana.ImageTag
	if tag == "" {
		tag = map[string]string{
			"kube-prometheus-stack 45.2.0":        "9.3.6",
			"kube-prometheus-stack 88.5.3":        "13.2.0",
			"rancher-monitoring 100.1.3+up19.0.3": "7.5.11",
		}[b.chart.Name+" "+b.chart.Version]
	}
	version, err := versions.Parse(tag)
	return version, err == nil
}

// dataSources are written out with their uids. rancher-monitoring's own source for Prometheus has none, so ours takes
// its place (templates/grafana/configmaps-datasources.yaml).
func (i Install) dataSources(b built, grafana tree) []any {
	sidecar, _ := grafana["sidecar"].(tree)
	sources, _ := sidecar["datasources"].(tree)
	var out []any
	if b.flavor == RancherMonitoring {
		sources["defaultDatasourceEnabled"] = false
		out = append(out, tree{
			"name": "Prometheus", "type": "prometheus", "uid": PrometheusUID, "access": "proxy", "isDefault": true,
			"url": fmt.Sprintf("http://%s.%s:9090/", b.names.prometheus, b.chart.Namespace), "jsonData": tree{"timeInterval": "30s"},
		})
	} else {
		sources["uid"] = PrometheusUID
	}
	if i.Grafana.TempoURL != "" {
		out = append(out, tree{
			"name": "Tempo", "type": "tempo", "uid": i.Grafana.tempoUID(), "access": "proxy", "url": i.Grafana.TempoURL,
			"jsonData": tree{"nodeGraph": tree{"enabled": true}, "serviceMap": tree{"datasourceUid": PrometheusUID}},
		})
	}
	return out
}
