package kiali_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/component/componenttest"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kiali"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func at(version string) component.ChartOptions { return component.ChartOptions{Version: version} }

// tutorial is Kiali as the tutorial has it.
func tutorial() kiali.Install {
	chart := at("1.64.0")
	chart.Namespace = "cattle-monitoring-system"
	return kiali.Install{
		Chart: chart, ViewOnly: true, Ingress: &kiali.Ingress{Host: "kiali.dxlab.wistron.com", ClassName: "nginx"},
		PrometheusURL: "http://rancher-monitoring-prometheus.cattle-monitoring-system:9090/",
	}
}

func wired(version string) kiali.Install {
	return kiali.Install{
		Chart: at(version), PrometheusURL: "http://prometheus.monitoring:9090/",
		Grafana: &kiali.Grafana{URL: "http://grafana.monitoring:80", ExternalURL: "http://grafana.lab"},
		Tempo:   &kiali.Tempo{URL: "http://tempo.tempo:3200", GrafanaURL: "http://grafana.lab", DatasourceUID: "tempo"},
	}
}

func TestInstall_Golden(t *testing.T) {
	t.Parallel()
	bare := kiali.Install{Chart: at("1.89.10"), Grafana: &kiali.Grafana{URL: "http://grafana.monitoring:80"}}
	for name, install := range map[string]kiali.Install{
		"install-default":          {},
		"install-seed-2023":        tutorial(),
		"install-wired":            wired("2.29.0"),
		"install-wired-before-2.0": wired("1.89.10"),
		"install-grafana-alone":    bare,
		"install-in-other-place": {
			Chart: component.ChartOptions{
				Release: "kiali", Namespace: "operators", Repository: "oci://registry.lab/charts", Adopt: true,
				Values: map[string]any{"replicaCount": 2},
			},
			InstanceNamespace: "mesh-tools", MeshNamespace: "mesh", AuthStrategy: "token",
			Ingress: &kiali.Ingress{Host: "kiali.lab", Annotations: map[string]string{"team": "lab"}},
			Spec: map[string]any{
				"server":            map[string]any{"web_root": "/", "port": int64(8080)},
				"deployment":        map[string]any{"instance_name": "mesh-kiali", "replicas": int64(2)},
				"external_services": map[string]any{"custom_dashboards": nil},
			},
		},
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

func TestInstall_KnowsItsAddresses(t *testing.T) {
	t.Parallel()
	moved := tutorial()
	moved.Spec = map[string]any{
		"server": map[string]any{"web_root": "/", "port": int64(8080)}, "deployment": map[string]any{"instance_name": "k", "namespace": "tools"},
	}
	for name, c := range map[string]struct {
		install           kiali.Install
		internal, outside string
	}{
		"default":  {kiali.Install{}, "http://kiali.istio-system:20001/kiali", ""},
		"tutorial": {tutorial(), "http://kiali.istio-system:20001/kiali", "http://kiali.dxlab.wistron.com/kiali"},
		"moved":    {moved, "http://k.tools:8080", "http://kiali.dxlab.wistron.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			internal, outside, err := c.install.URLs()
			if diff := cmp.Diff([]string{c.internal, c.outside}, []string{internal, outside}); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func TestInstall_RefusesWhatTheOperatorWouldNotKnow(t *testing.T) {
	t.Parallel()
	services := func(key string) map[string]any {
		return map[string]any{"external_services": map[string]any{key: map[string]any{"enabled": false}}}
	}
	for name, c := range map[string]struct {
		install kiali.Install
		want    string
	}{
		"the tutorial's own mistake": {kiali.Install{Chart: at("1.64.0"), Spec: services("grfana")}, `"external_services.grfana" (did you mean "grafana"?)`},
		"the same today":             {kiali.Install{Spec: services("grfana")}, `"external_services.grfana" (did you mean "grafana"?)`},
		"what resembles nothing":     {kiali.Install{Spec: map[string]any{"colour": "blue"}}, `does not know "colour"`},
		"in a list": {kiali.Install{Spec: map[string]any{"clustering": map[string]any{
			"clusters": []any{map[string]any{"name": "a", "secret_nam": "b"}},
		}}}, `"clustering.clusters.secret_nam" (did you mean "secret_name"?)`},
		"two of them": {kiali.Install{Spec: map[string]any{"colour": 1, "shape": 2}}, `"colour", nor "shape"`},
		"what came later": {kiali.Install{Chart: at("1.64.0"), Spec: map[string]any{
			"deployment": map[string]any{"cluster_wide_access": true},
		}}, "cluster_wide_access"},
		"tempo before 1.75":      {kiali.Install{Chart: at("1.64.0"), Tempo: &kiali.Tempo{URL: "http://tempo:3100"}}, "since 1.75"},
		"links before 1.82":      {kiali.Install{Chart: at("1.80.0"), Tempo: &kiali.Tempo{URL: "u", GrafanaURL: "g"}}, "since 1.82"},
		"no version":             {kiali.Install{Chart: at("newest")}, "newest"},
		"a second Kiali by Helm": {kiali.Install{Chart: component.ChartOptions{Values: map[string]any{"cr": map[string]any{"create": true}}}}, "cr.create"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := c.install.Component(); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestInstall_TakesWhatTheOperatorKnows(t *testing.T) {
	t.Parallel()
	for name, install := range map[string]kiali.Install{
		"keys of the user's own": {Spec: map[string]any{"deployment": map[string]any{
			"pod_labels": map[string]any{"team": "a"}, "resources": map[string]any{"limits": map[string]any{"cpu": "1"}},
			"tolerations": []any{map[string]any{"key": "x", "operator": "Exists"}},
		}}},
		"what went and came back":     {Spec: map[string]any{"istio_namespace": "mesh"}},
		"what was deprecated":         {Chart: at("2.10.0"), Spec: map[string]any{"external_services": map[string]any{"grafana": map[string]any{"in_cluster_url": "u"}}}},
		"a version before the list":   {Chart: at("1.55.1")},
		"a version after the list":    {Chart: at("2.31.0"), Spec: map[string]any{"brand_new": true}},
		"a list of names":             {Spec: map[string]any{"api": map[string]any{"namespaces": map[string]any{"exclude": []any{"a"}}}}},
		"an override of the ingress":  {Ingress: &kiali.Ingress{Host: "h"}, Spec: map[string]any{"deployment": map[string]any{"ingress": map[string]any{"additional_labels": map[string]any{"a": "b"}}}}},
		"all that the tutorial wrote": tutorial(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := install.Component(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestInstall_FollowsTheChartsNames(t *testing.T) {
	t.Parallel()
	values := func(key, value string) map[string]any { return map[string]any{key: value} }
	for name, c := range map[string]struct {
		chart component.ChartOptions
		want  string
	}{
		"default":       {component.ChartOptions{}, "kiali-operator"},
		"release":       {component.ChartOptions{Release: "ops"}, "ops-kiali-operator"},
		"like the name": {component.ChartOptions{Release: "my-kiali-operator"}, "my-kiali-operator"},
		"short name":    {component.ChartOptions{Release: "ops", Values: values("nameOverride", "kiali")}, "ops-kiali"},
		"full name":     {component.ChartOptions{Values: values("fullnameOverride", "boss")}, "boss"},
		"long":          {component.ChartOptions{Release: strings.Repeat("a", 62) + "-b"}, strings.Repeat("a", 62)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			built, err := kiali.Install{Chart: c.chart}.Component()
			if err != nil {
				t.Fatal(err)
			}
			if got := built.Charts[0].Ready[0].Ref.Name; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// The seed's settings, key by key, apart from what it got wrong or left to chance.
func TestInstall_IsTheTutorials(t *testing.T) {
	t.Parallel()
	c, err := tutorial().Component()
	if err != nil {
		t.Fatal(err)
	}
	spec := object.Map(c.Objects[0], "spec")
	for path, want := range map[string]any{
		"istio_namespace": "istio-system", "auth.strategy": "anonymous", "deployment.view_only_mode": true,
		"deployment.ingress.class_name": "nginx", "deployment.ingress.enabled": true,
		"external_services.custom_dashboards.enabled": false, "external_services.tracing.enabled": false,
		"external_services.grafana.enabled": false, "external_services.istio.component_status.enabled": true,
		"external_services.prometheus.url": "http://rancher-monitoring-prometheus.cattle-monitoring-system:9090/",
	} {
		if got, _ := object.Lookup(spec, strings.Split(path, ".")...); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
}

// The operator's word is of the last change until it has looked; the server's Deployment is the old one until it is done.
func TestInstall_WaitsForTheOperator(t *testing.T) {
	t.Parallel()
	c, err := wired("2.29.0").Component()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, condition := range c.Ready {
		_, words, _ := strings.Cut(componenttest.Conditions(c.Ready[i : i+1])[0], ": ")
		if condition.Gate {
			words += ", then"
		}
		got = append(got, words)
	}
	want := []string{"condition true Successful", "runs its configuration, then", "condition true Successful, then", "available", "has endpoints"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	spec := object.Map(c.Objects[0], "spec")
	compared := 0
	for _, field := range c.Ready[1].Rendered.Fields {
		if _, has := object.Lookup(spec, strings.Split(field, ".")...); has {
			compared++
		}
	}
	if compared < 14 {
		t.Errorf("only %d fields of what is written are compared", compared)
	}
}
