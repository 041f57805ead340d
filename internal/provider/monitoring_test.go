package provider_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func TestTempo_PlansItsEndpoints(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config attrs
		want   string
	}{
		"today":         {attrs{}, "http://tempo.tempo:3200"},
		"2023":          {attrs{"chart_version": "1.0.0", "namespace": "cattle-monitoring-system"}, "http://tempo.cattle-monitoring-system:3100"},
		"another port":  {attrs{"http_port": 3100}, "http://tempo-http.tempo:3100"},
		"another place": {attrs{"release": "traces", "namespace": "obs"}, "http://traces-tempo.obs:3200"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := withCluster(t)
			p := newCore(t, w, nil).plan("lab_tempo", nil, c.config)
			if p.errors != "" {
				t.Fatal(p.errors)
			}
			if got := textOf(t, p.value, "endpoints"); !strings.Contains(got, "query_url="+c.want+" ") && !strings.Contains(got, "query_url="+c.want+"}") {
				t.Errorf("planned %s", got)
			}
		})
	}
}

func TestTempo_LeavesEndpointsOpenWhileItsPlaceIsUnknown(t *testing.T) {
	t.Parallel()
	w, _ := withCluster(t)
	p := newCore(t, w, nil).plan("lab_tempo", nil, attrs{"namespace": unknown{}})
	if p.errors != "" {
		t.Fatal(p.errors)
	}
	if fields(t, p.value)["endpoints"].IsKnown() {
		t.Errorf("planned %s", textOf(t, p.value, "endpoints"))
	}
}

func TestTempo_RefusesAtPlanWhatItsVersionCannotDo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config attrs
		want   string
	}{
		"opencensus today": {attrs{"receivers": []any{"otlp", "jaeger", "opencensus"}}, "Tempo 2.10.6 lost it"},
		"Tempo 3":          {attrs{"image_tag": "3.0.3"}, "mem-ballast-size-mbs"},
		"no such receiver": {attrs{"receivers": []any{"skywalking"}}, "skywalking"},
		"no duration":      {attrs{"retention": "two days"}, "duration"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, e := withCluster(t)
			p := newCore(t, w, nil).plan("lab_tempo", nil, c.config)
			if !strings.Contains(p.errors, c.want) {
				t.Errorf("errors %q", p.errors)
			}
			if calls := e.taken(); len(calls) > 0 {
				t.Errorf("the cluster was touched: %v", calls)
			}
		})
	}
}

func TestMonitoring_DefaultsFollowTheFlavor(t *testing.T) {
	t.Parallel()
	for flavor, want := range map[string][]string{
		"kube-prometheus-stack": {
			"monitoring", "kube-stack-prometheus", "88.5.3",
			"http://kube-stack-prometheus-kube-prometheus.monitoring:9090/", "http://kube-stack-prometheus-grafana.monitoring:80",
		},
		"rancher-monitoring": {
			"cattle-monitoring-system", "rancher-monitoring", "100.1.3+up19.0.3",
			"http://rancher-monitoring-prometheus.cattle-monitoring-system:9090/", "http://rancher-monitoring-grafana.cattle-monitoring-system:80",
		},
	} {
		t.Run(flavor, func(t *testing.T) {
			t.Parallel()
			w, _ := withCluster(t)
			c := newCore(t, w, attrs{"compatibility": "warn"})
			config := attrs{"flavor": flavor}
			p := c.plan("lab_monitoring", nil, config)
			if p.errors != "" {
				t.Fatal(p.errors)
			}
			var got []string
			for _, name := range []string{"namespace", "release", "chart_version", "prometheus_url", "grafana_url"} {
				got = append(got, textOf(t, p.value, name))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if fields(t, p.value)["grafana_admin_secret"].IsFullyKnown() {
				t.Error("the Secret is known before it is made, so that an ephemeral resource would read it")
			}
			s := must2(t)(c.applyPlan("lab_monitoring", nil, config, p))
			if got := s.text(t, "grafana_admin_secret"); !strings.Contains(got, "name="+want[1]+"-grafana") {
				t.Errorf("the Secret is %s", got)
			}
			s = must2(t)(c.refresh("lab_monitoring", s))
			if p := c.plan("lab_monitoring", s, config); p.action != "nothing" || p.errors != "" {
				t.Errorf("the second plan has action %q %s", p.action, p.errors)
			}
		})
	}
}

func TestMonitoring_AnotherFlavorIsAnotherResource(t *testing.T) {
	t.Parallel()
	w, _ := withCluster(t)
	c := newCore(t, w, attrs{"compatibility": "warn"})
	s := must2(t)(c.apply("lab_monitoring", nil, attrs{}))
	p := c.plan("lab_monitoring", s, attrs{"flavor": "rancher-monitoring"})
	if p.action != "replace" || textOf(t, p.value, "chart_version") != "100.1.3+up19.0.3" || textOf(t, p.value, "namespace") != "cattle-monitoring-system" {
		t.Errorf("action %q, version %s: %s", p.action, textOf(t, p.value, "chart_version"), p.errors)
	}
}

// The two resources of one configuration, planned in either order.
func TestMonitoring_IsToldOfAPortThatTempoDoesNotHave(t *testing.T) {
	t.Parallel()
	asks := attrs{"grafana": attrs{"tempo_url": "http://tempo.tempo:3100"}}
	for name, c := range map[string]struct {
		tempo attrs
		want  string
	}{
		"another version's port":    {attrs{}, "Tempo answers queries at http://tempo.tempo:3200, not at port 3100"},
		"the version with the port": {attrs{"chart_version": "1.0.0"}, ""},
		"another Tempo":             {attrs{"namespace": "elsewhere"}, ""},
	} {
		for order, first := range map[string]string{"tempo first": "lab_tempo", "monitoring first": "lab_monitoring"} {
			t.Run(name+", "+order, func(t *testing.T) {
				t.Parallel()
				w, _ := withCluster(t)
				lab := newCore(t, w, nil)
				configs := map[string]attrs{"lab_tempo": c.tempo, "lab_monitoring": asks}
				if p := lab.plan(first, nil, configs[first]); p.errors != "" {
					t.Fatal(p.errors)
				}
				delete(configs, first)
				for second, config := range configs {
					p := lab.plan(second, nil, config)
					if (c.want == "") != (p.errors == "") || !strings.Contains(p.errors, c.want) {
						t.Errorf("errors %q", p.errors)
					}
				}
			})
		}
	}
}

func TestMonitoring_IsToldOfAPortThatTheServiceDoesNotHave(t *testing.T) {
	t.Parallel()
	service := object.New(object.Ref{APIVersion: "v1", Kind: "Service", Namespace: "tempo", Name: "tempo"})
	object.Set(service, []any{map[string]any{"name": "tempo-prom-metrics", "port": int64(3200)}}, "spec", "ports")
	for name, c := range map[string]struct{ url, want string }{
		"right":              {"http://tempo.tempo:3200", ""},
		"wrong":              {"http://tempo.tempo:3100", "Service tempo/tempo has no port 3100, but 3200"},
		"not there yet":      {"http://tempo.later:3100", ""},
		"not in the cluster": {"https://tempo.example.com", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, e := withCluster(t)
			e.live[object.RefOf(service)] = service
			lab := newCore(t, w, nil)
			s, r := lab.apply("lab_monitoring", nil, attrs{"grafana": attrs{"tempo_url": c.url}})
			if (c.want == "") != (r.errors == "") || !strings.Contains(r.errors, c.want) {
				t.Errorf("errors %q", r.errors)
			}
			if c.want != "" && (s != nil || len(e.taken()) > 0) {
				t.Error("something was installed")
			}
		})
	}
}

func TestMonitoring_IsImportedAsWhatItIs(t *testing.T) {
	t.Parallel()
	for id, c := range map[string]struct {
		config attrs
		flavor string
	}{
		"monitoring/kube-stack-prometheus":            {attrs{}, "kube-prometheus-stack"},
		"cattle-monitoring-system/rancher-monitoring": {attrs{"flavor": "rancher-monitoring"}, "rancher-monitoring"},
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			w, _ := withCluster(t)
			lab := newCore(t, w, attrs{"compatibility": "warn"})
			must2(t)(lab.apply("lab_monitoring", nil, c.config))
			s := must2(t)(lab.imported("lab_monitoring", id))
			if got := s.text(t, "flavor"); got != c.flavor {
				t.Errorf("flavor %q", got)
			}
		})
	}
}

func TestClaims_AReleaseBelongsToOneResource(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first, second string
		one, two      attrs
		want          string
	}{
		"two of a type": {
			"lab_tempo", "lab_tempo", attrs{}, attrs{"retention": "1h"}, "lab_tempo tempo/tempo and lab_tempo tempo/tempo would both install it",
		},
		"two types": {
			"lab_tempo", "lab_helm_release",
			attrs{},
			attrs{"name": "tempo", "namespace": "tempo", "chart": "web", "chart_version": "1.0.0", "repository": "https://charts.example"},
			"lab_tempo tempo/tempo and lab_helm_release tempo/tempo would both install it",
		},
		"the chart with the CRDs": {
			"lab_monitoring", "lab_helm_release",
			attrs{"flavor": "rancher-monitoring"},
			attrs{"name": "rancher-monitoring-crd", "namespace": "cattle-monitoring-system", "chart": "web", "chart_version": "1.0.0", "repository": "https://charts.example"},
			"Two resources claim release cattle-monitoring-system/rancher-monitoring-crd",
		},
		"two names":      {"lab_tempo", "lab_tempo", attrs{}, attrs{"release": "traces"}, ""},
		"two namespaces": {"lab_tempo", "lab_tempo", attrs{}, attrs{"namespace": "obs"}, ""},
		"not known yet":  {"lab_tempo", "lab_tempo", attrs{}, attrs{"namespace": unknown{}}, ""},
		"two clusters":   {"lab_tempo", "lab_tempo", attrs{}, attrs{"cluster": attrs{"host": "h"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := withCluster(t)
			w.engines["h"] = newEngine(t, "uid-2")
			lab := newCore(t, w, attrs{"compatibility": "warn"})
			if p := lab.plan(c.first, nil, c.one); p.errors != "" {
				t.Fatal(p.errors)
			}
			p := lab.plan(c.second, nil, c.two)
			if (c.want == "") != (p.errors == "") || !strings.Contains(p.errors, c.want) {
				t.Errorf("errors %q", p.errors)
			}
		})
	}
}

// What a resource plans again, as a change or a replacement, is its own.
func TestClaims_KnowAResourceAgain(t *testing.T) {
	t.Parallel()
	w, _ := withCluster(t)
	lab := newCore(t, w, nil)
	s := must2(t)(lab.apply("lab_tempo", nil, attrs{}))
	for _, config := range []attrs{{}, {"retention": "1h"}, {"namespace": "obs"}} {
		if p := lab.plan("lab_tempo", s, config); p.errors != "" {
			t.Errorf("%v: %s", config, p.errors)
		}
	}
}

func TestGrafanaCredentials_AreReadOrTheirFailureIsExplained(t *testing.T) {
	t.Parallel()
	ref := object.Ref{APIVersion: "v1", Kind: "Secret", Namespace: "monitoring", Name: "grafana"}
	secret := func(data map[string]any) object.Object {
		o := object.New(ref)
		o["data"] = data
		return o
	}
	code := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	full := secret(map[string]any{"admin-user": code("admin"), "admin-password": code("the-word")})
	for name, c := range map[string]struct {
		live object.Object
		err  error
		want string
	}{
		"read":           {full, nil, ""},
		"unreachable":    {full, fault.Newf(fault.Unreachable, "down"), "failed: unreachable"},
		"not there":      {nil, nil, "Secret monitoring/grafana is not there"},
		"another Secret": {secret(map[string]any{"token": code("the-word")}), nil, "has no key admin-user"},
		"no base64":      {secret(map[string]any{"admin-user": "%", "admin-password": "%"}), nil, "ey admin-user is not base64"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, e := withCluster(t)
			w.err = c.err
			if c.live != nil {
				e.live[ref] = c.live
			}
			lab := newCore(t, w, nil)
			typ := lab.schemas.EphemeralResourceSchemas["lab_grafana_credentials"].ValueType()
			resp, err := lab.server.OpenEphemeralResource(t.Context(), &tfprotov6.OpenEphemeralResourceRequest{
				TypeName: "lab_grafana_credentials", Config: lab.dynamic(typ, valueOf(t, typ, attrs{"namespace": ref.Namespace, "secret": ref.Name})),
			})
			if err != nil {
				t.Fatal(err)
			}
			r := lab.report(resp.Diagnostics)
			if !strings.Contains(r.errors, c.want) || (c.want == "") != (r.errors == "") || strings.Contains(r.errors, "the-word") {
				t.Fatalf("errors %q", r.errors)
			}
			if c.want != "" {
				return
			}
			got := lab.static(typ, resp.Result)
			if textOf(t, got, "username") != "admin" || textOf(t, got, "password") != "the-word" {
				t.Error("the credentials differ")
			}
		})
	}
}
