package otel

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func custom(version string, spec map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": group + "/" + version, "kind": kind, "metadata": map[string]any{"name": "otel", "namespace": "n", "uid": "1"}, "spec": spec,
	}}
}

var anOperator = &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Image: "opentelemetry-operator", Args: []string{"--collector-image=registry.lab/collector:0.158.0"}}}}}

func TestCollector_RunsWithWhatItsObjectSays(t *testing.T) {
	t.Parallel()
	of := config(map[string]any{"zipkin": nil}, "zipkin")
	of["extensions"] = map[string]any{"health_check": map[string]any{"endpoint": "0.0.0.0:9999"}}
	_ = unstructured.SetNestedStringSlice(of, []string{"health_check"}, "service", "extensions") // service is a map
	made, err := newCollector(custom("v1beta1", map[string]any{
		"config": of, "args": map[string]any{"feature-gates": "x", "config": "ignored"}, "env": []any{map[string]any{"name": "STORE", "value": "tempo:4317"}},
	}), anOperator, true)
	if err != nil {
		t.Fatal(err)
	}
	probe := map[string]any{"httpGet": map[string]any{"path": "/", "port": int64(9999)}}
	want := map[string]any{
		"name": "otc-container", "image": "registry.lab/collector:0.158.0", "args": []any{"--config=/conf/collector.yaml", "--feature-gates=x"},
		"env": []any{
			map[string]any{"name": "STORE", "value": "tempo:4317"},
			map[string]any{"name": "POD_NAME", "valueFrom": map[string]any{"fieldRef": map[string]any{"fieldPath": "metadata.name"}}},
		},
		"ports": []any{
			map[string]any{"name": "zipkin", "containerPort": int64(9411), "protocol": "TCP"},
			map[string]any{"name": "metrics", "containerPort": int64(8888), "protocol": "TCP"},
		},
		"volumeMounts":  []any{map[string]any{"name": "otc-internal", "mountPath": "/conf"}},
		"livenessProbe": probe, "readinessProbe": probe,
	}
	if diff := cmp.Diff(want, made.container()); diff != "" {
		t.Error(diff)
	}
}

const ofTheTutorial = `
receivers:
  otlp: {protocols: {grpc: {endpoint: "0.0.0.0:4317"}}}
  opencensus: {endpoint: "0.0.0.0:55678"}
exporters:
  logging: {loglevel: debug}
  otlp: {endpoint: "tempo:4317", tls: {insecure: true}}
service:
  pipelines:
    traces: {receivers: [opencensus, otlp], processors: [], exporters: [otlp, logging]}
`

func TestCollector_OfTheTutorialIsTranslatedWhereItRuns(t *testing.T) {
	t.Parallel()
	asked := custom("v1alpha1", map[string]any{"config": ofTheTutorial, "image": "collector:0.70.0"})
	simulated, err := newCollector(asked, anOperator, false)
	if err != nil || !strings.Contains(simulated.config, "opencensus") {
		t.Errorf("%v: %s", err, simulated.config)
	}
	made, err := newCollector(asked, anOperator, true)
	if err != nil {
		t.Fatal(err)
	}
	var got, want map[string]any
	if err := yaml.Unmarshal([]byte(made.config), &got); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(`
receivers:
  otlp: {protocols: {grpc: {endpoint: "0.0.0.0:4317"}}}
exporters:
  debug: {verbosity: detailed}
  otlp: {endpoint: "tempo:4317", tls: {insecure: true}}
service:
  telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 0.0.0.0, port: 8888}}}}]}}
  pipelines:
    traces: {receivers: [otlp], processors: [], exporters: [otlp, debug]}
`), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// The Service is that of the operator, which knew opencensus.
	if got := words(made.ports); got != "opencensus:55678/TCP otlp-grpc:4317/TCP" {
		t.Errorf("ports %s", got)
	}
}

func TestCompleteConfig_LetsTheKubeletAskForHealth(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ given, want any }{
		"nothing":     {nil, "0.0.0.0:13133"},
		"only a port": {map[string]any{"endpoint": ":8080"}, "0.0.0.0:8080"},
		"a place":     {map[string]any{"endpoint": "127.0.0.1:1"}, "127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			of := config(nil)
			of["extensions"] = map[string]any{"health_check/x": c.given, "zpages": nil}
			completeConfig(of)
			if got, _, _ := unstructured.NestedString(of, "extensions", "health_check/x", "endpoint"); got != c.want {
				t.Errorf("endpoint %s", got)
			}
		})
	}
}
