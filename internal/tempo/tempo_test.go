package tempo_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/component/componenttest"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/tempo"
)

func version(v string) component.ChartOptions { return component.ChartOptions{Version: v} }

func TestInstall_Golden(t *testing.T) {
	t.Parallel()
	for name, install := range map[string]tempo.Install{
		"default":              {},
		"seed-2023":            {Chart: component.ChartOptions{Version: "1.0.0", Namespace: "cattle-monitoring-system"}},
		"another-port":         {HTTPPort: 3100},
		"another-port-in-2023": {Chart: version("1.0.0"), HTTPPort: 3200},
		"everything": {
			Retention: "6h", Receivers: []string{"otlp", "jaeger", "zipkin"}, Reporting: true, ImageTag: "2.10.7",
			Persistence:      &tempo.Persistence{Size: "5Gi", StorageClass: "local-path"},
			MetricsGenerator: &tempo.MetricsGenerator{RemoteWriteURL: "http://prometheus.monitoring:9090/api/v1/write"},
		},
		"generator-in-2023": {
			Chart: version("1.0.0"), Receivers: []string{"otlp"},
			MetricsGenerator: &tempo.MetricsGenerator{RemoteWriteURL: "http://prometheus.monitoring:9090/api/v1/write"},
		},
		"in-other-place": {Chart: component.ChartOptions{Release: "traces", Namespace: "obs", Repository: "oci://registry.lab/charts"}},
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

func TestInstall_SaysWhereItIsReached(t *testing.T) {
	t.Parallel()
	jaeger := func(host string, e tempo.Endpoints) tempo.Endpoints {
		e.JaegerGRPC, e.JaegerThriftHTTP = host+":14250", host+":14268"
		return e
	}
	otlp := func(host, query string) tempo.Endpoints {
		return tempo.Endpoints{QueryURL: query, OTLPGRPC: host + ":4317", OTLPHTTP: host + ":4318"}
	}
	for name, c := range map[string]struct {
		install tempo.Install
		want    tempo.Endpoints
	}{
		"today":         {tempo.Install{}, jaeger("tempo.tempo", otlp("tempo.tempo", "http://tempo.tempo:3200"))},
		"2023":          {tempo.Install{Chart: version("1.0.0")}, jaeger("tempo.tempo", otlp("tempo.tempo", "http://tempo.tempo:3100"))},
		"last of 3100":  {tempo.Install{Chart: version("1.23.0")}, jaeger("tempo.tempo", otlp("tempo.tempo", "http://tempo.tempo:3100"))},
		"first of 3200": {tempo.Install{Chart: version("1.23.1")}, jaeger("tempo.tempo", otlp("tempo.tempo", "http://tempo.tempo:3200"))},
		"another port":  {tempo.Install{HTTPPort: 3100}, jaeger("tempo.tempo", otlp("tempo.tempo", "http://tempo-http.tempo:3100"))},
		"the chart's port, said": {
			tempo.Install{HTTPPort: 3200}, jaeger("tempo.tempo", otlp("tempo.tempo", "http://tempo.tempo:3200")),
		},
		"port by values": {
			tempo.Install{Chart: component.ChartOptions{Values: map[string]any{"tempo": map[string]any{"server": map[string]any{"http_listen_port": float64(8080)}}}}},
			jaeger("tempo.tempo", otlp("tempo.tempo", "http://tempo-http.tempo:8080")),
		},
		"only otlp in 2023": {tempo.Install{Chart: version("1.0.0"), Receivers: []string{"otlp"}}, otlp("tempo.tempo", "http://tempo.tempo:3100")},
		"zipkin": {
			tempo.Install{Receivers: []string{"otlp", "jaeger", "zipkin"}},
			func() tempo.Endpoints {
				e := jaeger("tempo.tempo", otlp("tempo.tempo", "http://tempo.tempo:3200"))
				e.Zipkin = "tempo.tempo:9411"
				return e
			}(),
		},
		"another release": {
			tempo.Install{Chart: component.ChartOptions{Release: "traces", Namespace: "obs"}},
			jaeger("traces-tempo.obs", otlp("traces-tempo.obs", "http://traces-tempo.obs:3200")),
		},
		"a name by hand": {
			tempo.Install{Chart: component.ChartOptions{Values: map[string]any{"fullnameOverride": "t"}}},
			jaeger("t.tempo", otlp("t.tempo", "http://t.tempo:3200")),
		},
		"a receiver's port by values": {
			tempo.Install{Chart: component.ChartOptions{Values: map[string]any{"tempo": map[string]any{"receivers": map[string]any{
				"otlp": map[string]any{"protocols": map[string]any{"grpc": map[string]any{"endpoint": "0.0.0.0:14317"}}},
			}}}}},
			func() tempo.Endpoints {
				e := jaeger("tempo.tempo", otlp("tempo.tempo", "http://tempo.tempo:3200"))
				e.OTLPGRPC = "tempo.tempo:14317"
				return e
			}(),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.install.Endpoints()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestInstall_RefusesWhatItsVersionCannotDo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		install tempo.Install
		want    string
	}{
		"no version":               {tempo.Install{Chart: version("newest")}, "not a version"},
		"unknown receiver":         {tempo.Install{Receivers: []string{"otlp", "jaeger", "skywalking"}}, "jaeger, opencensus, otlp, zipkin"},
		"opencensus today":         {tempo.Install{Receivers: []string{"otlp", "jaeger", "opencensus"}}, "Tempo 2.10.6 lost it"},
		"no jaeger today":          {tempo.Install{Receivers: []string{"otlp"}}, "receiver jaeger cannot be switched off"},
		"Tempo 3 with this chart":  {tempo.Install{ImageTag: "3.0.3"}, "mem-ballast-size-mbs"},
		"Tempo 2.0 on a new chart": {tempo.Install{ImageTag: "2.0.0"}, "stream_over_http_enabled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.install.Component()
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if _, err := c.install.Endpoints(); !fault.Is(err, fault.Invalid) {
				t.Errorf("the endpoints are known all the same: %v", err)
			}
		})
	}
}

func TestInstall_TakesWhatItsVersionCan(t *testing.T) {
	t.Parallel()
	for name, install := range map[string]tempo.Install{
		"opencensus while Tempo had it": {Chart: version("2.2.1"), Receivers: []string{"otlp", "jaeger", "opencensus"}},
		"a tag that is no version":      {ImageTag: "main-1234567"},
		"Tempo 2.0 on its own chart":    {Chart: version("1.0.0"), ImageTag: "2.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := install.Component(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAddress_KnowsTheRightPort(t *testing.T) {
	t.Parallel()
	live := object.Object{"spec": map[string]any{"ports": []any{
		map[string]any{"name": "tempo-otlp-http", "port": int64(4318)},
		map[string]any{"name": "tempo-prom-metrics", "port": int64(3200)},
	}}}
	for name, c := range map[string]struct {
		url, planned, running string
	}{
		"right":           {"http://tempo.tempo:3200", "", ""},
		"right, with svc": {"http://tempo.tempo.svc.cluster.local:3200/", "", ""},
		"2023's":          {"http://tempo.tempo:3100", "queries at http://tempo.tempo:3200, not at port 3100", "no port 3100, but 3200"},
		"no port":         {"http://tempo.tempo", "not at port 80", "no port 80, but 3200"},
		"https":           {"https://tempo.tempo", "not at port 443", "no port 443, but 3200"},
		"another Service": {"http://traces.tempo:3100", "", "no port 3100"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, ok := tempo.ParseAddress(c.url)
			if !ok {
				t.Fatal("it is not understood")
			}
			match(t, a.Check("http://tempo.tempo:3200"), c.planned)
			match(t, a.CheckService(live), c.running)
		})
	}
	for _, other := range []string{"", "tempo", "http://tempo:3200", "http://10.0.0.1:3200", "https://tempo.example.com", "http://[bad"} {
		if a, ok := tempo.ParseAddress(other); ok {
			t.Errorf("%q is taken for Service %v", other, a)
		}
	}
}

func match(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" && err != nil || want != "" && (!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want)) {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestRepositoryFor_FollowsTheMove(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		"1.0.0": "https://grafana.github.io/helm-charts", "1.24.4": "https://grafana.github.io/helm-charts",
		"1.25.0": "https://grafana-community.github.io/helm-charts", "2.2.4": "https://grafana-community.github.io/helm-charts",
		"newest": "https://grafana-community.github.io/helm-charts",
	} {
		if got := tempo.RepositoryFor(version); got != want {
			t.Errorf("%s is looked for in %s", version, got)
		}
	}
	if port, err := tempo.HTTPPort("1.23.1"); port != 3200 || err != nil {
		t.Errorf("port %d, %v", port, err)
	}
	if _, err := tempo.HTTPPort("newest"); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
}
