package monitoring_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/component/componenttest"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/monitoring"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func seed(flavor monitoring.Flavor, version, tempo string) monitoring.Install {
	return monitoring.Install{
		Flavor: flavor, Chart: component.ChartOptions{Version: version},
		Grafana: monitoring.Grafana{
			Publish: monitoring.Publish{Host: "grafana.lab"}, ImageTag: "9.3.6", AnonymousRole: "Viewer", ViewersCanEdit: true,
			TempoURL: tempo, Timezone: "browser",
		},
		Prometheus: monitoring.Prometheus{Publish: monitoring.Publish{Host: "prometheus.lab"}},
	}
}

func TestInstall_Golden(t *testing.T) {
	t.Parallel()
	for name, install := range map[string]monitoring.Install{
		"default":                 {},
		"seed-2023":               seed(monitoring.KubePrometheusStack, "45.2.0", "http://tempo.tempo:3100"),
		"seed-2023-by-rancher":    seed(monitoring.RancherMonitoring, "", "http://tempo.cattle-monitoring-system:3100"),
		"rancher-in-other-place":  {Flavor: monitoring.RancherMonitoring, Chart: component.ChartOptions{Release: "rm", Namespace: "obs", Repository: "oci://registry.lab/charts"}},
		"rancher-with-everything": everything(monitoring.RancherMonitoring),
		"everything":              everything(monitoring.KubePrometheusStack),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := install.Component()
			if err != nil {
				t.Fatal(err)
			}
			componenttest.Golden(t, name, c)
		})
	}
}

func everything(flavor monitoring.Flavor) monitoring.Install {
	return monitoring.Install{
		Flavor: flavor, ControlPlane: true, NoAlertmanager: true,
		Grafana: monitoring.Grafana{
			Publish:  monitoring.Publish{Host: "grafana.lab", IngressClass: "traefik", TLSSecret: "grafana-tls"},
			TempoURL: "http://tempo.tempo:3200", TempoUID: "traces", FeatureToggles: []string{"publicDashboards"},
		},
		Prometheus: monitoring.Prometheus{
			Publish:   monitoring.Publish{Host: "prometheus.lab", IngressClass: "traefik", TLSSecret: "prometheus-tls"},
			Retention: "2d", StorageSize: "5Gi", StorageClass: "local-path", RemoteWriteReceiver: true,
		},
	}
}

// The names are those of renderings of the real charts.
func TestInstall_SaysWhereItIsReached(t *testing.T) {
	t.Parallel()
	const stack, rancher = monitoring.KubePrometheusStack, monitoring.RancherMonitoring
	at := func(prometheus, grafana, namespace string) monitoring.Outputs {
		return monitoring.Outputs{
			PrometheusURL: "http://" + prometheus + "." + namespace + ":9090/", GrafanaURL: "http://" + grafana + "." + namespace + ":80",
			AdminNamespace: namespace, AdminSecret: grafana, PrometheusUID: "prometheus",
		}
	}
	options := func(release string, values map[string]any) component.ChartOptions {
		return component.ChartOptions{Release: release, Values: values}
	}
	for name, c := range map[string]struct {
		install monitoring.Install
		want    monitoring.Outputs
	}{
		"the tutorial's names": {monitoring.Install{}, at("kube-stack-prometheus-kube-prometheus", "kube-stack-prometheus-grafana", "monitoring")},
		"rancher":              {monitoring.Install{Flavor: rancher}, at("rancher-monitoring-prometheus", "rancher-monitoring-grafana", "cattle-monitoring-system")},
		"rancher as rm": {
			monitoring.Install{Flavor: rancher, Chart: component.ChartOptions{Release: "rm", Namespace: "obs"}},
			at("rm-rancher-monitoring-prometheus", "rm-grafana", "obs"),
		},
		"release named like the chart": {
			monitoring.Install{Flavor: stack, Chart: options("kube-prometheus-stack", nil)}, at("kube-prometheus-stack-prometheus", "kube-prometheus-stack-grafana", "monitoring"),
		},
		"a name that just fits": {
			monitoring.Install{Chart: options("abcd", nil)}, at("abcd-kube-prometheus-stack-prometheus", "abcd-grafana", "monitoring"),
		},
		"a dash at the cut": {
			monitoring.Install{Chart: options("abcdefghijklmnopqrstuvwxy", nil)}, at("abcdefghijklmnopqrstuvwxy-prometheus", "abcdefghijklmnopqrstuvwxy-grafana", "monitoring"),
		},
		"release with grafana in it": {
			monitoring.Install{Chart: options("grafana", nil)}, at("grafana-kube-prometheus-st-prometheus", "grafana", "monitoring"),
		},
		"names by hand": {
			monitoring.Install{Chart: options("", map[string]any{"fullnameOverride": "mon", "grafana": map[string]any{"nameOverride": "ui"}})},
			at("mon-prometheus", "kube-stack-prometheus-ui", "monitoring"),
		},
		"a Secret by hand": {
			monitoring.Install{Chart: options("", map[string]any{"grafana": map[string]any{"admin": map[string]any{"existingSecret": "admin"}}})},
			func() monitoring.Outputs {
				o := at("kube-stack-prometheus-kube-prometheus", "kube-stack-prometheus-grafana", "monitoring")
				o.AdminSecret = "admin"
				return o
			}(),
		},
		"published": {
			everything(stack),
			func() monitoring.Outputs {
				o := at("kube-stack-prometheus-kube-prometheus", "kube-stack-prometheus-grafana", "monitoring")
				o.GrafanaExternalURL, o.PrometheusExternalURL, o.TempoUID = "https://grafana.lab", "https://prometheus.lab", "traces"
				return o
			}(),
		},
		"published without TLS": {
			seed(stack, "45.2.0", "http://tempo.tempo:3100"),
			func() monitoring.Outputs {
				o := at("kube-stack-prometheus-kube-prometheus", "kube-stack-prometheus-grafana", "monitoring")
				o.GrafanaExternalURL, o.PrometheusExternalURL, o.TempoUID = "http://grafana.lab", "http://prometheus.lab", "tempo"
				return o
			}(),
		},
		"ports by values": {
			monitoring.Install{Chart: options("", map[string]any{
				"prometheus": map[string]any{"service": map[string]any{"port": int64(80)}, "prometheusSpec": map[string]any{"routePrefix": "/prom"}},
				"grafana":    map[string]any{"service": map[string]any{"port": float64(3000)}},
			})},
			func() monitoring.Outputs {
				o := at("kube-stack-prometheus-kube-prometheus", "kube-stack-prometheus-grafana", "monitoring")
				o.PrometheusURL, o.GrafanaURL = "http://kube-stack-prometheus-kube-prometheus.monitoring:80/prom", "http://kube-stack-prometheus-grafana.monitoring:3000"
				return o
			}(),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.install.Outputs()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestInstall_SwitchesTheEditorOnWhereItExists(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		version, tag string
		toggles      []string
		want         string
	}{
		"9.3.6 of the chart of 2023":         {version: "45.2.0", want: "traceqlEditor"},
		"9.3.6 by tag":                       {version: "45.2.0", tag: "9.3.6", want: "traceqlEditor"},
		"asked for as well":                  {version: "45.2.0", toggles: []string{"traceqlEditor"}, want: "traceqlEditor"},
		"beside others":                      {version: "45.2.0", toggles: []string{"tempoSearch"}, want: "tempoSearch traceqlEditor"},
		"9.4":                                {version: "45.2.0", tag: "9.4.0"},
		"9.3.1":                              {version: "45.2.0", tag: "9.3.1"},
		"today":                              {version: "88.5.3"},
		"unknown version":                    {version: "60.0.0"},
		"unknown version, asked for by hand": {version: "60.0.0", toggles: []string{"traceqlEditor"}, want: "traceqlEditor"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			comp, err := monitoring.Install{
				Chart:   component.ChartOptions{Version: c.version},
				Grafana: monitoring.Grafana{ImageTag: c.tag, FeatureToggles: c.toggles, TempoURL: "http://tempo.tempo:3200"},
			}.Component()
			if err != nil {
				t.Fatal(err)
			}
			if got := object.String(comp.Charts[0].Values, "grafana", "grafana.ini", "feature_toggles", "enable"); got != c.want {
				t.Errorf("toggles are %q, want %q", got, c.want)
			}
		})
	}
}

func TestInstall_RefusesWhatItsVersionCannotDo(t *testing.T) {
	t.Parallel()
	editor := monitoring.Grafana{FeatureToggles: []string{"traceqlEditor"}}
	for name, c := range map[string]struct {
		install monitoring.Install
		want    string
	}{
		"no version":        {monitoring.Install{Chart: component.ChartOptions{Version: "newest"}}, "not a version"},
		"no flavour":        {monitoring.Install{Flavor: "thanos"}, "kube-prometheus-stack and rancher-monitoring"},
		"the editor today":  {monitoring.Install{Grafana: editor}, "this is 13.2.0"},
		"the editor in 7.5": {monitoring.Install{Flavor: monitoring.RancherMonitoring, Grafana: editor}, "this is 7.5.11"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.install.Component()
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if _, err := c.install.Outputs(); !fault.Is(err, fault.Invalid) {
				t.Errorf("the outputs are known all the same: %v", err)
			}
		})
	}
}

// What is ready follows the values, also those of the user.
func TestInstall_ReadyFollowsTheValues(t *testing.T) {
	t.Parallel()
	off := map[string]any{"enabled": false}
	for name, c := range map[string]struct {
		values     map[string]any
		with, sans string
	}{
		"clean names":     {map[string]any{"cleanPrometheusOperatorObjectNames": true}, "StatefulSet monitoring/prometheus-kube-stack-prometheus-kube: current", "prometheus-kube-stack-prometheus-kube-prometheus:"},
		"no Grafana":      {map[string]any{"grafana": off}, "DaemonSet monitoring/kube-stack-prometheus-prometheus-node-exporter: current", "grafana"},
		"no Alertmanager": {map[string]any{"alertmanager": off}, "Prometheus monitoring/kube-stack-prometheus-kube-prometheus: condition true Available", "alertmanager"},
		"no exporters":    {map[string]any{"nodeExporter": off, "kubeStateMetrics": off}, "Deployment monitoring/kube-stack-prometheus-grafana: available", "exporter"},
		"no webhooks":     {map[string]any{"prometheusOperator": map[string]any{"admissionWebhooks": off}}, "Deployment monitoring/kube-stack-prometheus-kube-operator: available", "Webhook"},
		"no operator":     {map[string]any{"prometheusOperator": off}, "Deployment monitoring/kube-stack-prometheus-grafana: available", "StatefulSet"},
		"own operator":    {map[string]any{"prometheusOperator": map[string]any{"fullnameOverride": "op"}}, "Deployment monitoring/op: available", "kube-operator"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			built, err := monitoring.Install{Chart: component.ChartOptions{Values: c.values}}.Component()
			if err != nil {
				t.Fatal(err)
			}
			names := strings.Join(componenttest.Conditions(append(built.Charts[0].Ready, built.Ready...)), "\n")
			if !strings.Contains(names, c.with) {
				t.Errorf("%q is not among\n%s", c.with, names)
			}
			if strings.Contains(names, c.sans) {
				t.Errorf("%q is among\n%s", c.sans, names)
			}
		})
	}
}
