package monitoring

import (
	"fmt"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// names are what the charts call things, worked out from release and values as their templates do.
type names struct {
	// namespace is where everything but Grafana is, grafanaNamespace where Grafana is.
	namespace, grafanaNamespace string
	// full is the prefix of most names.
	full                                        string
	operator, prometheus, alertmanager, grafana string
	// prometheusCR and alertmanagerCR are the custom resources; the operator derives its own names from them.
	prometheusCR, alertmanagerCR    string
	stateMetrics, exporter, adapter string
	adminSecret                     string
}

// longestFull is how much of a name the charts keep as prefix: 63 characters less the longest suffix
// (templates/_helpers.tpl, kube-prometheus-stack.fullname, in all versions of both flavours).
const longestFull = 26

func namesOf(flavor Flavor, chart component.Chart) names {
	v := chart.Values
	n := names{namespace: chart.Namespace, grafanaNamespace: chart.Namespace}
	if ns := object.String(v, "namespaceOverride"); ns != "" {
		n.namespace = ns
	}
	if ns := object.String(v, "grafana", "namespaceOverride"); ns != "" {
		n.grafanaNamespace = ns
	}
	// rancher-monitoring's own values.yaml overrides the name with the chart's name.
	n.full = fullName(chart.Release, v, string(flavor), longestFull)
	n.operator = n.full + "-operator"
	if own := object.String(v, "prometheusOperator", "fullnameOverride"); own != "" {
		n.operator = cut(own, 35)
	}
	n.prometheus, n.alertmanager = n.full+"-prometheus", n.full+"-alertmanager"
	n.prometheusCR, n.alertmanagerCR = n.prometheus, n.alertmanager
	if component.Enabled(v, false, "cleanPrometheusOperatorObjectNames") {
		n.prometheusCR, n.alertmanagerCR = n.full, n.full
	}
	part := func(name string) string { return fullName(chart.Release, object.Map(v, name), name, 63) }
	n.grafana = part("grafana")
	n.stateMetrics, n.exporter, n.adapter = part("kube-state-metrics"), part("prometheus-node-exporter"), part("prometheus-adapter")
	n.adminSecret = n.grafana
	if own := object.String(v, "grafana", "admin", "existingSecret"); own != "" {
		n.adminSecret = own
	}
	return n
}

// fullName repeats the usual template: an override, else the release's name with the chart's behind it, unless it is
// in it already, cut to a length.
func fullName(release string, values map[string]any, name string, longest int) string {
	if own := object.String(values, "fullnameOverride"); own != "" {
		return cut(own, longest)
	}
	if own := object.String(values, "nameOverride"); own != "" {
		name = own
	}
	if strings.Contains(release, name) {
		return cut(release, longest)
	}
	return cut(release+"-"+name, longest)
}

func cut(name string, longest int) string {
	if len(name) > longest {
		name = name[:longest]
	}
	return strings.TrimSuffix(name, "-")
}

// Outputs are how the installation is reached; they follow from what was asked for alone.
type Outputs struct {
	// PrometheusURL and GrafanaURL are for use inside the cluster: "http://<service>.<namespace>:<port>".
	PrometheusURL, GrafanaURL string
	// PrometheusExternalURL and GrafanaExternalURL are by their hosts, empty without one.
	PrometheusExternalURL, GrafanaExternalURL string
	// AdminNamespace and AdminSecret name the Secret with Grafana's administrator.
	AdminNamespace, AdminSecret string
	// PrometheusUID and TempoUID are of the data sources; TempoUID is empty without one.
	PrometheusUID, TempoUID string
}

// Outputs says how the installation is reached; it fails as [Install.Component] does.
func (i Install) Outputs() (Outputs, error) {
	b, err := i.build()
	if err != nil {
		return Outputs{}, fmt.Errorf("monitoring: %w", err)
	}
	v := b.chart.Values
	out := Outputs{
		PrometheusURL: fmt.Sprintf("http://%s.%s:%s/%s", b.names.prometheus, b.names.namespace, port(v, "9090", "prometheus"),
			strings.TrimPrefix(object.String(v, "prometheus", "prometheusSpec", "routePrefix"), "/")),
		GrafanaURL:            fmt.Sprintf("http://%s.%s:%s", b.names.grafana, b.names.grafanaNamespace, port(v, "80", "grafana")),
		PrometheusExternalURL: i.Prometheus.Publish.url(), GrafanaExternalURL: i.Grafana.Publish.url(),
		AdminNamespace: b.names.grafanaNamespace, AdminSecret: b.names.adminSecret, PrometheusUID: PrometheusUID,
	}
	if i.Grafana.TempoURL != "" {
		out.TempoUID = i.Grafana.tempoUID()
	}
	return out, nil
}

func port(values map[string]any, otherwise, part string) string {
	switch p, _ := object.Lookup(values, part, "service", "port"); p.(type) {
	case int, int64, float64:
		return fmt.Sprint(p)
	default:
		return otherwise
	}
}
