package provider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// labelled is the object of somebody else as a component labels it.
func labelled(l component.Labelling) object.Object {
	o := object.New(l.Ref)
	for name, value := range l.Labels {
		object.Set(o, value, "metadata", "labels", name)
	}
	return o
}

func TestMesh_RefusesAtPlanWhatCannotWork(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		resource string
		config   attrs
		want     string
	}{
		"two ways to trace":   {"lab_istio_mesh", attrs{"tracing": attrs{"zipkin_address": "z:9411", "otlp_grpc_endpoint": "o:4317"}}, "otlp_grpc_endpoint"},
		"no way to trace":     {"lab_istio_mesh", attrs{"tracing": attrs{"sampling": 5}}, "zipkin_address"},
		"a URL for a host":    {"lab_istio_mesh", attrs{"tracing": attrs{"otlp_grpc_endpoint": "http://otel:4317"}}, "host:port"},
		"OTLP by HTTP before": {"lab_istio_mesh", attrs{"chart_version": "1.17.1", "tracing": attrs{"otlp_http_endpoint": "otel:4318"}}, "1.22.0"},
		"ambient before":      {"lab_istio_mesh", attrs{"chart_version": "1.17.1", "ambient": true}, "1.24.0"},
		"zipkin by provider":  {"lab_istio_mesh", attrs{"tracing": attrs{"zipkin_address": "z:9411", "provider_name": "x"}}, "provider_name"},
		"two modes":           {"lab_istio_injection", attrs{"namespace": "shop", "mode": "ambient", "revision": "canary"}, "sidecars"},
		"no such mode":        {"lab_istio_injection", attrs{"namespace": "shop", "mode": "magic"}, "sidecar"},
		"a mistyped key": {
			"lab_kiali",
			attrs{"spec": "external_services:\n  grfana:\n    enabled: false\n"},
			`"external_services.grfana" (did you mean "grafana"?)`,
		},
		"the same in 2023": {"lab_kiali", attrs{"chart_version": "1.64.0", "spec": "external_services: {grfana: {enabled: false}}"}, `did you mean "grafana"?`},
		"no YAML":          {"lab_kiali", attrs{"spec": "a: [b"}, "YAML"},
		"Tempo in 2023":    {"lab_kiali", attrs{"chart_version": "1.64.0", "tempo_url": "http://tempo:3100"}, "since 1.75"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, e := withCluster(t)
			core := newCore(t, w, nil)
			errors := core.validate(c.resource, c.config).errors
			if errors == "" {
				errors = core.plan(c.resource, nil, c.config).errors
			}
			if !strings.Contains(errors, c.want) {
				t.Errorf("errors %q, want %q", errors, c.want)
			}
			if calls := e.taken(); len(calls) > 0 {
				t.Errorf("it did %v", calls)
			}
		})
	}
}

// A switch brings charts whose digests nobody knew when the mesh was planned.
func TestMesh_BringsAndTakesCharts(t *testing.T) {
	t.Parallel()
	w, e := withCluster(t)
	c := newCore(t, w, nil)
	s := must2(t)(c.apply("lab_istio_mesh", nil, nil))
	s = must2(t)(c.apply("lab_istio_mesh", s, attrs{"ambient": true}))
	charts := func() []string {
		var names []string
		for _, chart := range e.installed["istio-system/ztunnel"].Charts {
			names = append(names, chart.Name)
		}
		return names
	}
	if got := charts(); !slices.Equal(got, []string{"base", "istiod", "cni", "ztunnel"}) {
		t.Errorf("charts %v", got)
	}
	if got := s.text(t, "chart_digests"); !strings.Contains(got, "ztunnel") {
		t.Errorf("digests %s", got)
	}
	if p := c.plan("lab_istio_mesh", s, attrs{"ambient": true}); p.action != "nothing" {
		t.Errorf("the next plan has action %q", p.action)
	}
}

func TestKiali_TellsItsAddresses(t *testing.T) {
	t.Parallel()
	w, _ := withCluster(t)
	c := newCore(t, w, nil)
	config := attrs{"host": "kiali.lab", "spec": "deployment: {instance_name: view}"}
	s := must2(t)(c.apply("lab_kiali", nil, config))
	if got := s.text(t, "url") + " " + s.text(t, "external_url"); got != "http://view.istio-system:20001/kiali http://kiali.lab/kiali" {
		t.Errorf("addresses %q", got)
	}
	config["spec"] = "server: {web_root: /}"
	s = must2(t)(c.apply("lab_kiali", s, config))
	if got := s.text(t, "external_url"); got != "http://kiali.lab" {
		t.Errorf("external_url %q", got)
	}
	delete(config, "host")
	if got := must2(t)(c.apply("lab_kiali", s, config)).text(t, "external_url"); strings.Contains(got, "http") {
		t.Errorf("external_url %q", got)
	}
}

// An import takes over all settings and finds the namespace of the object, so that the same words plan nothing.
func TestKiali_ImportReadsTheSettings(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]attrs{
		"defaults":        {},
		"another version": {"chart_version": "1.64.0", "instance_namespace": "tools", "mesh_namespace": "mesh", "host": "k.lab", "ingress_class": "nginx"},
		"all of it": {
			"instance_namespace": "tools", "auth_strategy": "token", "view_only": false, "custom_dashboards": true, "prometheus_url": "http://p",
			"grafana_url": "http://g", "grafana_external_url": "http://g.lab", "tempo_url": "http://t", "tempo_datasource_uid": "other",
			"host": "k.lab", "ingress_class": "traefik", "ingress_annotations": attrs{"a/b": "c"}, "spec": "deployment:\n  cluster_wide_access: null\nserver:\n  port: 8080\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, e := withCluster(t)
			c := newCore(t, w, nil)
			made := must2(t)(c.apply("lab_kiali", nil, config))
			for _, installed := range e.installed {
				for _, o := range installed.Objects {
					e.live[object.RefOf(o)] = o
				}
			}
			s := must2(t)(c.imported("lab_kiali", "kiali-operator/kiali-operator"))
			for _, attribute := range []string{"instance_namespace", "auth_strategy", "grafana_external_url", "ingress_annotations", "url", "external_url"} {
				if got, want := s.text(t, attribute), made.text(t, attribute); got != want {
					t.Errorf("%s is %q, want %q", attribute, got, want)
				}
			}
			if p := c.plan("lab_kiali", s, config); p.action != "nothing" || p.errors != "" {
				t.Errorf("action %q: %s", p.action, p.errors)
			}
		})
	}
}

func TestKiali_ImportOfSeveral(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spaces []string
		// says is an error, or the namespace that is taken.
		says string
	}{
		"none":              {nil, "istio-system"},
		"one":               {[]string{"tools"}, "tools"},
		"one that is usual": {[]string{"tools", "istio-system"}, "istio-system"},
		"none that is":      {[]string{"tools", "mesh"}, "Kiali mesh/kiali, Kiali tools/kiali"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, e := withCluster(t)
			c := newCore(t, w, nil)
			must2(t)(c.apply("lab_kiali", nil, nil))
			for _, space := range test.spaces {
				ref := object.Ref{APIVersion: "kiali.io/v1alpha1", Kind: "Kiali", Namespace: space, Name: "kiali"}
				e.live[ref] = object.New(ref)
			}
			s, r := c.imported("lab_kiali", "kiali-operator/kiali-operator")
			got := r.errors
			if got == "" {
				got = s.text(t, "instance_namespace")
			}
			if !strings.Contains(got, test.says) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestInjection_ImportReadsTheMode(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]attrs{
		"sidecar":  {"namespace": "shop"},
		"revision": {"namespace": "shop", "revision": "canary"},
		"ambient":  {"namespace": "shop", "mode": "ambient"},
		"disabled": {"namespace": "shop", "mode": "disabled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, e := withCluster(t)
			c := newCore(t, w, nil)
			must2(t)(c.apply("lab_istio_injection", nil, config))
			for _, installed := range e.installed {
				e.live[installed.Labels[0].Ref] = labelled(installed.Labels[0])
			}
			s := must2(t)(c.imported("lab_istio_injection", "shop"))
			if p := c.plan("lab_istio_injection", s, config); p.action != "nothing" || p.errors != "" {
				t.Errorf("action %q: %s", p.action, p.errors)
			}
		})
	}
}

func TestInjection_ImportOfAnUnlabelledNamespaceFails(t *testing.T) {
	t.Parallel()
	w, e := withCluster(t)
	c := newCore(t, w, nil)
	bare := object.Ref{APIVersion: "v1", Kind: "Namespace", Name: "shop"}
	e.live[bare] = object.New(bare)
	if _, r := c.imported("lab_istio_injection", "shop"); !strings.Contains(r.errors, "istio-injection") {
		t.Errorf("errors %q", r.errors)
	}
}
