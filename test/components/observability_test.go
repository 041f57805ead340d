package components_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/monitoring"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/tempo"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// stacks are the monitoring stacks of both profiles.
var stacks = []struct {
	name       string
	flavor     monitoring.Flavor
	version    string
	tempo      string
	kubernetes string
}{
	{versions.Seed2023, monitoring.KubePrometheusStack, "45.2.0", "1.0.0", "v1.24.10"},
	{versions.Seed2023 + " by Rancher", monitoring.RancherMonitoring, "100.1.3+up19.0.3", "1.0.0", "v1.24.10"},
	{versions.Current, monitoring.KubePrometheusStack, "88.5.3", "2.2.4", "v1.35.7"},
}

func tempos(version string) map[string]tempo.Install {
	at := func(release, namespace string, values map[string]any) component.ChartOptions {
		return component.ChartOptions{Version: version, Release: release, Namespace: namespace, Values: values}
	}
	port := 3200
	if version == "2.2.4" {
		port = 3100
	}
	return map[string]tempo.Install{
		"default":       {Chart: at("", "", nil)},
		"another place": {Chart: at("traces", "obs", nil)},
		"name by hand":  {Chart: at("", "", map[string]any{"fullnameOverride": "t"})},
		"another port":  {Chart: at("", "", nil), HTTPPort: port},
		"everything": {
			Chart: at("", "", nil), Retention: "6h", Receivers: []string{"otlp", "jaeger", "zipkin"},
			Persistence:      &tempo.Persistence{Size: "5Gi", StorageClass: "local-path"},
			MetricsGenerator: &tempo.MetricsGenerator{RemoteWriteURL: "http://prometheus.monitoring:9090/api/v1/write"},
		},
	}
}

func monitorings(flavor monitoring.Flavor, version string) map[string]monitoring.Install {
	at := func(release, namespace string, values map[string]any) component.ChartOptions {
		return component.ChartOptions{Version: version, Release: release, Namespace: namespace, Values: values}
	}
	off := map[string]any{"enabled": false}
	less := map[string]any{"nodeExporter": off, "kubeStateMetrics": off}
	if flavor == monitoring.KubePrometheusStack {
		less["grafana"] = off // rancher-monitoring uses templates of Grafana's chart, and cannot be rendered without it
	}
	return map[string]monitoring.Install{
		"default":         {Flavor: flavor, Chart: at("", "", nil)},
		"another place":   {Flavor: flavor, Chart: at("mon", "obs", nil)},
		"long name":       {Flavor: flavor, Chart: at("abcdefghijklmnopqrstuvwxy", "", nil)},
		"name by hand":    {Flavor: flavor, Chart: at("", "", map[string]any{"fullnameOverride": "lab"})},
		"less":            {Flavor: flavor, Chart: at("", "", less), NoAlertmanager: true},
		"everything":      tutorial(flavor, version),
		"a control plane": {Flavor: flavor, Chart: at("", "", nil), ControlPlane: true},
	}
}

// tutorial is what the tutorial asks for, on either set of versions.
func tutorial(flavor monitoring.Flavor, version string) monitoring.Install {
	return monitoring.Install{
		Flavor: flavor, Chart: component.ChartOptions{Version: version},
		Grafana: monitoring.Grafana{
			Publish:       monitoring.Publish{Host: "grafana.lab", IngressClass: "nginx", TLSSecret: "grafana-tls"},
			AnonymousRole: "Viewer", ViewersCanEdit: true, TempoURL: "http://tempo.tempo:3200", Timezone: "browser",
		},
		Prometheus: monitoring.Prometheus{
			Publish:   monitoring.Publish{Host: "prometheus.lab", IngressClass: "nginx"},
			Retention: "2d", StorageSize: "5Gi", RemoteWriteReceiver: true,
		},
	}
}

func TestObservability_WaitsForWhatItsChartsMake(t *testing.T) {
	t.Parallel()
	for _, p := range stacks {
		all := map[string]builder{}
		for name, b := range tempos(p.tempo) {
			all["tempo, "+name] = b
		}
		for name, b := range monitorings(p.flavor, p.version) {
			all["monitoring, "+name] = b
		}
		for name, b := range all {
			t.Run(p.name+", "+name, func(t *testing.T) {
				t.Parallel()
				render(t, b, p.kubernetes)
			})
		}
	}
}

// Where Tempo says that it is reached, a Service has the port and Tempo listens behind it.
func TestTempo_IsReachedWhereItSays(t *testing.T) {
	t.Parallel()
	for _, p := range stacks {
		for name, install := range tempos(p.tempo) {
			t.Run(p.name+", "+name, func(t *testing.T) {
				t.Parallel()
				c, made := render(t, install, p.kubernetes)
				for _, o := range c.Objects {
					made[key(object.RefOf(o))] = o
				}
				endpoints, err := install.Endpoints()
				if err != nil {
					t.Fatal(err)
				}
				for _, url := range []string{
					endpoints.QueryURL, "http://" + endpoints.OTLPGRPC, "http://" + endpoints.OTLPHTTP,
					"http://" + endpoints.JaegerGRPC, "http://" + endpoints.JaegerThriftHTTP,
				} {
					a, ok := tempo.ParseAddress(url)
					if !ok {
						t.Fatalf("%q is no address", url)
					}
					if err := a.CheckService(made.named(t, "Service", a.Service)); err != nil {
						t.Error(err)
					}
				}
				config := tempoConfig(t, made)
				query, _ := tempo.ParseAddress(endpoints.QueryURL)
				if got, _ := object.Lookup(config, "server", "http_listen_port"); got != float64(query.Port) {
					t.Errorf("it listens at %v, and is asked at %d", got, query.Port)
				}
				stateful := made.named(t, "StatefulSet", statefulSetOf(t, install))
				for _, which := range []string{"livenessProbe", "readinessProbe"} {
					probe, ok := object.Lookup(container(stateful, "tempo"), which, "httpGet", "port")
					if ok && probe != int64(query.Port) {
						t.Errorf("the %s asks port %v", which, probe)
					}
				}
			})
		}
	}
}

// statefulSetOf is the name of the StatefulSet, which the chart's own Service shares.
func statefulSetOf(t *testing.T, install tempo.Install) string {
	t.Helper()
	endpoints, err := install.Endpoints()
	if err != nil {
		t.Fatal(err)
	}
	name, _, _ := strings.Cut(endpoints.OTLPGRPC, ".")
	return name
}

func tempoConfig(t *testing.T, made rendered) object.Object {
	t.Helper()
	var config object.Object
	if err := yaml.Unmarshal([]byte(object.String(made.named(t, "ConfigMap", "tempo"), "data", "tempo.yaml")), &config); err != nil {
		t.Fatal(err)
	}
	return config
}

func TestTempo_WritesItsConfig(t *testing.T) {
	t.Parallel()
	for _, p := range stacks {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			_, made := render(t, tempos(p.tempo)["everything"], p.kubernetes)
			config := tempoConfig(t, made)
			for path, want := range map[string]any{
				"compactor.compaction.block_retention": "6h", "usage_report.reporting_enabled": false,
				"distributor.receivers.zipkin.endpoint": "0.0.0.0:9411",
			} {
				if got, _ := object.Lookup(config, strings.Split(path, ".")...); got != want {
					t.Errorf("%s is %v, want %v", path, got, want)
				}
			}
			written := object.List(config, "metrics_generator", "storage", "remote_write")
			if diff := cmp.Diff([]any{map[string]any{"url": "http://prometheus.monitoring:9090/api/v1/write"}}, written); diff != "" {
				t.Error(diff)
			}
			processors := object.List(config, "overrides", "defaults", "metrics_generator", "processors")
			if processors == nil {
				processors = object.List(config, "overrides", "metrics_generator_processors")
			}
			if diff := cmp.Diff([]any{"service-graphs", "span-metrics"}, processors); diff != "" {
				t.Error(diff)
			}
			claims := object.List(made.named(t, "StatefulSet", "tempo"), "spec", "volumeClaimTemplates")
			if len(claims) != 1 {
				t.Errorf("the claims are %v", claims)
			}
		})
	}
}

// The outputs name Services and a Secret that the charts make.
func TestMonitoring_IsReachedWhereItSays(t *testing.T) {
	t.Parallel()
	for _, p := range stacks {
		for name, install := range monitorings(p.flavor, p.version) {
			if name == "less" {
				continue
			}
			t.Run(p.name+", "+name, func(t *testing.T) {
				t.Parallel()
				_, made := render(t, install, p.kubernetes)
				out, err := install.Outputs()
				if err != nil {
					t.Fatal(err)
				}
				for _, url := range []string{out.PrometheusURL, out.GrafanaURL} {
					a, ok := tempo.ParseAddress(url)
					service, found := made[object.Ref{Kind: "Service", Namespace: a.Namespace, Name: a.Service}]
					if !ok || !found {
						t.Fatalf("nothing is at %s", url)
					}
					ports := object.List(service, "spec", "ports")
					first, _ := ports[0].(map[string]any)
					if got := number(first["port"]); got != a.Port {
						t.Errorf("%s: the Service has port %d", url, got)
					}
				}
				secret := made.named(t, "Secret", out.AdminSecret)
				for _, k := range []string{monitoring.UserKey, monitoring.PasswordKey} {
					if object.String(secret, "data", k) == "" {
						t.Errorf("the Secret has no %s", k)
					}
				}
			})
		}
	}
}

func number(v any) int {
	switch v := v.(type) {
	case int64:
		return int(v)
	case float64:
		return int(v)
	default:
		return 0
	}
}

func TestMonitoring_AsTheTutorialHasIt(t *testing.T) {
	t.Parallel()
	for _, p := range stacks {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			install := tutorial(p.flavor, p.version)
			_, made := render(t, install, p.kubernetes)
			out, err := install.Outputs()
			if err != nil {
				t.Fatal(err)
			}
			prometheus, _ := tempo.ParseAddress(out.PrometheusURL)
			grafana, _ := tempo.ParseAddress(out.GrafanaURL)
			checkIngresses(t, made, map[string]string{prometheus.Service: "prometheus.lab", grafana.Service: "grafana.lab"})
			checkSelectors(t, made.named(t, "Prometheus", prometheus.Service))
			checkDataSources(t, made, strings.TrimSuffix(prometheus.Service, "-prometheus")+"-grafana-datasource")
			ini := object.String(made.named(t, "ConfigMap", grafana.Service), "data", "grafana.ini")
			for _, want := range []string{"[auth.anonymous]\nenabled = true\norg_role = Viewer", "viewers_can_edit = true"} {
				if !strings.Contains(ini, want) {
					t.Errorf("%q is not in\n%s", want, ini)
				}
			}
			for ref := range made {
				for _, part := range []string{"kube-etcd", "kube-controller-manager", "kube-scheduler", "kube-proxy"} {
					if ref.Kind == "ServiceMonitor" && strings.HasSuffix(ref.Name, part) {
						t.Errorf("%s watches what RKE2 does not show", ref)
					}
				}
			}
		})
	}
}

func checkIngresses(t *testing.T, made rendered, hosts map[string]string) {
	t.Helper()
	for name, host := range hosts {
		ingress := made.named(t, "Ingress", name)
		rule, _ := object.List(ingress, "spec", "rules")[0].(map[string]any)
		if rule["host"] != host || object.String(ingress, "spec", "ingressClassName") != "nginx" {
			t.Errorf("Ingress %s has %v", name, ingress["spec"])
		}
	}
}

func checkSelectors(t *testing.T, prometheus object.Object) {
	t.Helper()
	for _, kind := range []string{"serviceMonitor", "podMonitor", "rule", "probe"} {
		selector, ok := object.Lookup(prometheus, "spec", kind+"Selector")
		if m, isMap := selector.(map[string]any); !ok || !isMap || len(m) > 0 {
			t.Errorf("%sSelector is %v", kind, selector)
		}
	}
	if got := object.String(prometheus, "spec", "retention"); got != "2d" {
		t.Errorf("retention is %q", got)
	}
	if got := object.String(prometheus, "spec", "resources", "requests", "memory"); got != "512Mi" {
		t.Errorf("memory is %q", got)
	}
	if object.Map(prometheus, "spec", "storage", "volumeClaimTemplate", "spec") == nil {
		t.Error("there is no volume")
	}
}

func checkDataSources(t *testing.T, made rendered, name string) {
	t.Helper()
	var file struct {
		Sources []struct{ Name, Type, UID, URL, Access string } `json:"datasources"`
	}
	if err := yaml.Unmarshal([]byte(object.String(made.named(t, "ConfigMap", name), "data", "datasource.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	uids := map[string]string{}
	for _, s := range file.Sources {
		if _, twice := uids[s.Name]; twice {
			t.Errorf("there are two sources %s", s.Name)
		}
		uids[s.Name] = s.UID + " " + s.Access
	}
	delete(uids, "Alertmanager")
	if diff := cmp.Diff(map[string]string{"Prometheus": "prometheus proxy", "Tempo": "tempo proxy"}, uids); diff != "" {
		t.Error(diff)
	}
}
