package provider_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

const tempo = "tempo.tempo:4317"

func TestPipeline_RefusesAtValidation(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		config attrs
		says   string
	}{
		"a receiver that is none":     {attrs{"receivers": []any{"jeager"}}, `"jeager"`},
		"no receiver":                 {attrs{"receivers": []any{}}, "at least 1"},
		"a processor that is none":    {attrs{"processors": []any{"bacth"}}, "memory_limiter"},
		"a processor twice":           {attrs{"processors": []any{"batch", "batch"}}, "duplicate"},
		"a mode without a Service":    {attrs{"mode": "sidecar"}, "daemonset"},
		"a kind that nobody serves":   {attrs{"api_version": "v1"}, "v1beta1"},
		"exporters that are no YAML":  {attrs{"exporters": "a: [1"}, "YAML"},
		"a spec that is no mapping":   {attrs{"spec": "- a"}, "YAML"},
		"config that is no YAML":      {attrs{"config": "a: 'b"}, "YAML"},
		"a log in a way that is none": {attrs{"debug": "loud"}, "detailed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := withCluster(t)
			c := newCore(t, w, nil)
			if r := c.validate("lab_tracing_pipeline", test.config); !strings.Contains(r.errors, test.says) {
				t.Errorf("errors %q", r.errors)
			}
		})
	}
}

func TestPipeline_RefusesAtPlan(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		config attrs
		says   string
	}{
		"opencensus where it is gone":        {attrs{"tempo_endpoint": tempo, "receivers": []any{"opencensus"}}, "gone since collector 0.132.0"},
		"the same while Tempo is unknown":    {attrs{"tempo_endpoint": unknown{}, "receivers": []any{"opencensus"}}, "gone since collector 0.132.0"},
		"v1beta1 where it is not known":      {attrs{"tempo_endpoint": tempo, "operator_version": "0.24.0", "api_version": "v1beta1"}, "chart 0.58.0"},
		"a pipeline that leads nowhere":      {attrs{}, "leads nowhere"},
		"a processor without settings":       {attrs{"tempo_endpoint": tempo, "processors": []any{"tail_sampling"}}, "has no settings"},
		"a pipeline that names what is none": {attrs{"tempo_endpoint": tempo, "config": "service: {pipelines: {traces: {exporters: [otlp]}}}"}, "which the configuration does not have"},
		"a Tempo with a scheme":              {attrs{"tempo_endpoint": "http://" + tempo}, "without a scheme"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, e := withCluster(t)
			c := newCore(t, w, nil)
			if p := c.plan("lab_tracing_pipeline", nil, test.config); !strings.Contains(p.errors, test.says) {
				t.Errorf("errors %q", p.errors)
			}
			if calls := e.taken(); len(calls) > 0 {
				t.Errorf("calls %v", calls)
			}
		})
	}
}

// What refers to a pipeline is planned with its endpoints before anything is there.
func TestPipeline_PlansItsEndpoints(t *testing.T) {
	t.Parallel()
	w, _ := withCluster(t)
	c := newCore(t, w, nil)
	const host = "otel-collector.otel-system.svc.cluster.local:"
	p := c.plan("lab_tracing_pipeline", nil, attrs{"tempo_endpoint": unknown{}, "receivers": []any{"zipkin", "otlp"}, "operator_version": "0.24.0"})
	if p.errors != "" {
		t.Fatal(p.errors)
	}
	for path, want := range map[string]string{
		"endpoints.zipkin": host + "9411", "endpoints.otlp_grpc": host + "4317", "endpoints.otlp_http": host + "4318", "endpoints.jaeger_grpc": "", "api_version": "v1alpha1",
	} {
		if got := textOf(t, p.value, path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	open := c.plan("lab_tracing_pipeline", nil, attrs{"tempo_endpoint": tempo, "operator_version": unknown{}})
	if got := textOf(t, open.value, "api_version"); open.errors != "" || got != "unknown" {
		t.Errorf("with an unknown operator the api_version is %s: %s", got, open.errors)
	}
}

// An upgrade of the operator rewrites the collector in place.
func TestPipeline_FollowsTheOperator(t *testing.T) {
	t.Parallel()
	w, e := withCluster(t)
	c := newCore(t, w, nil)
	s := must2(t)(c.apply("lab_tracing_pipeline", nil, attrs{"tempo_endpoint": tempo, "operator_version": "0.24.0"}))
	after := attrs{"tempo_endpoint": tempo, "operator_version": "0.122.0"}
	if p := c.plan("lab_tracing_pipeline", s, after); p.action != "update" {
		t.Fatalf("action %q", p.action)
	}
	s = must2(t)(c.apply("lab_tracing_pipeline", s, after))
	if got := s.text(t, "api_version"); got != "v1beta1" {
		t.Errorf("api_version is %s", got)
	}
	for _, installed := range e.installed {
		for _, o := range installed.Objects {
			if diff := cmp.Diff("opentelemetry.io/v1beta1", object.RefOf(o).APIVersion); diff != "" && object.Map(o, "spec", "config") != nil {
				t.Error(diff)
			}
		}
	}
	after["mode"] = "daemonset"
	if p := c.plan("lab_tracing_pipeline", s, after); p.action != "replace" {
		t.Errorf("another mode has action %q", p.action)
	}
}

// An import takes the whole pipeline over, so that a plan with the same words changes nothing on the cluster.
func TestPipeline_IsImportedWithItsConfiguration(t *testing.T) {
	t.Parallel()
	w, e := withCluster(t)
	c := newCore(t, w, nil)
	config := attrs{
		"tempo_endpoint": tempo, "receivers": []any{"zipkin"}, "processors": []any{"tail_sampling"}, "debug": "basic",
		"config": "processors:\n  tail_sampling:\n    decision_wait: 5s\n", "exporters": "otlphttp/x:\n  endpoint: https://x\n",
	}
	must2(t)(c.apply("lab_tracing_pipeline", nil, config))
	for _, installed := range e.installed {
		for _, o := range installed.Objects {
			e.live[object.RefOf(o)] = o
		}
	}
	s := must2(t)(c.imported("lab_tracing_pipeline", "otel-system/otel"))
	for path, want := range map[string]string{
		"tempo_endpoint": tempo, "debug": "basic", "mode": "deployment", "api_version": "v1beta1",
		"config": config["config"].(string), "exporters": config["exporters"].(string),
	} {
		if got := s.text(t, path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
}

func TestOperator_KeepsItsCertificateWhereItIsMade(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{"cert-manager": 2, "chart": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, e := withCluster(t)
			c := newCore(t, w, nil)
			must2(t)(c.apply("lab_otel_operator", nil, attrs{"cert_manager": name == "cert-manager"}))
			if got := e.installed["otel-system/opentelemetry-operator"]; len(got.Requires) != want || len(got.Needs) != want {
				t.Errorf("requires %v, needs %v", got.Requires, got.Needs)
			}
		})
	}
}
