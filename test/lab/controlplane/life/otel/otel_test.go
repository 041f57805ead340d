package otel

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/webhook"
)

// config is a configuration whose pipeline uses these receivers.
func config(receivers map[string]any, used ...any) map[string]any {
	return map[string]any{
		"receivers": receivers, "exporters": map[string]any{"debug": map[string]any{}},
		"service": map[string]any{"pipelines": map[string]any{"traces": map[string]any{"receivers": used, "exporters": []any{"debug"}}}},
	}
}

func protocols(of map[string]any) map[string]any { return map[string]any{"protocols": of} }

func TestPorts_FollowTheReceiversThatAreUsed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		config map[string]any
		want   string
	}{
		"usual ports":     {config(map[string]any{"otlp": protocols(map[string]any{"grpc": nil, "http": map[string]any{}})}, "otlp"), "otlp-grpc:4317/TCP otlp-http:4318/TCP"},
		"other port":      {config(map[string]any{"zipkin": map[string]any{"endpoint": "0.0.0.0:9412"}}, "zipkin"), "zipkin:9412/TCP"},
		"unused receiver": {config(map[string]any{"zipkin": nil, "opencensus": nil}, "zipkin"), "zipkin:9411/TCP"},
		"udp": {
			config(map[string]any{"jaeger/edge": protocols(map[string]any{"thrift_compact": nil})}, "jaeger/edge"),
			"jaeger-edge-thrift-compact:6831/UDP",
		},
		"unknown receiver with an endpoint": {config(map[string]any{"own": map[string]any{"endpoint": ":7000"}}, "own"), "own:7000/TCP"},
		"unknown receiver without one":      {config(map[string]any{"own": nil}, "own"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := ports(test.config)
			if err != nil {
				t.Fatal(err)
			}
			if got := words(found); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	if _, err := ports(config(map[string]any{"otlp": protocols(map[string]any{"smoke": nil})}, "otlp")); err == nil || err.Error() != "unknown protocol set: smoke" {
		t.Errorf("got %v", err)
	}
}

func words(ports []corev1.ServicePort) string {
	var out []string
	for _, p := range ports {
		out = append(out, p.Name+":"+p.TargetPort.String()+"/"+string(p.Protocol))
	}
	return strings.Join(out, " ")
}

func TestWebhook_Completes(t *testing.T) {
	t.Parallel()
	spec := answered(t, "mutate", "v1beta1", nil, map[string]any{"config": config(map[string]any{"otlp": protocols(map[string]any{"grpc": nil}), "zipkin": nil}, "otlp", "zipkin")})
	for path, want := range map[string]string{
		"mode": "deployment", "upgradeStrategy": "automatic", "managementState": "managed",
		"config.receivers.otlp.protocols.grpc.endpoint": "0.0.0.0:4317", "config.receivers.zipkin.endpoint": "0.0.0.0:9411",
	} {
		if got, _, _ := unstructured.NestedString(spec, strings.Split(path, ".")...); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	if readers, _, _ := unstructured.NestedSlice(spec, "config", "service", "telemetry", "metrics", "readers"); len(readers) != 1 {
		t.Errorf("readers are %v", readers)
	}
	old := answered(t, "mutate", "v1alpha1", nil, map[string]any{"config": "receivers: {zipkin: }", "mode": "daemonset"})
	if old["mode"] != "daemonset" || old["config"] != "receivers: {zipkin: }" || old["managementState"] != nil {
		t.Errorf("v1alpha1 is completed to %v", old)
	}
}

// answered asks the mutating webhook and returns the spec of its patch.
func answered(t *testing.T, what, version string, old, spec map[string]any) map[string]any {
	t.Helper()
	answer := ask(t, what, version, old, spec)
	var patch []operation
	if err := json.Unmarshal(answer.Patch, &patch); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(patch, func(o operation) bool { return o.Path == "/spec" })
	out, ok := patch[i].Value.(map[string]any)
	if !ok {
		t.Fatalf("patch %s", answer.Patch)
	}
	return out
}

func ask(t *testing.T, what, version string, old, spec map[string]any) *admissionv1.AdmissionResponse {
	t.Helper()
	request := &admissionv1.AdmissionRequest{Kind: metav1.GroupVersionKind{Group: group, Version: version, Kind: kind}, Object: raw(t, version, spec)}
	if old != nil {
		request.OldObject = raw(t, version, old)
	}
	q := webhook.Question{Path: "/" + what + "-opentelemetry-io-" + version + "-opentelemetrycollector", Request: request}
	w := &Webhook{}
	if !w.Answers(q) {
		t.Fatal("it is not asked")
	}
	answer, err := w.Answer(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func raw(t *testing.T, version string, spec map[string]any) runtime.RawExtension {
	t.Helper()
	content, err := json.Marshal(object(version, spec))
	if err != nil {
		t.Fatal(err)
	}
	return runtime.RawExtension{Raw: content}
}

func object(version string, spec map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": group + "/" + version, "kind": kind, "metadata": map[string]any{"name": "otel", "namespace": "otel-system", "uid": "7"}, "spec": spec,
	}}
}

func TestWebhook_Refuses(t *testing.T) {
	t.Parallel()
	good := config(map[string]any{"zipkin": map[string]any{}}, "zipkin")
	for name, test := range map[string]struct {
		version   string
		old, spec map[string]any
		says      string
	}{
		"nothing wrong":      {"v1beta1", nil, map[string]any{"mode": "deployment", "config": good}, ""},
		"another mode":       {"v1beta1", map[string]any{"mode": "daemonset"}, map[string]any{"mode": "deployment", "config": good}, "does not support modification"},
		"an unknown way":     {"v1beta1", nil, map[string]any{"config": config(map[string]any{"otlp": protocols(map[string]any{"x": nil})}, "otlp")}, "unknown protocol set: x"},
		"claims of no state": {"v1alpha1", nil, map[string]any{"mode": "deployment", "volumeClaimTemplates": []any{"a"}}, "volumeClaimTemplates"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := ask(t, "validate", test.version, test.old, test.spec)
			if answer.Allowed != (test.says == "") || !answer.Allowed && !strings.Contains(answer.Result.Message, test.says) {
				t.Errorf("answer %+v", answer)
			}
		})
	}
}

func TestWebhook_ConvertsThereAndBack(t *testing.T) {
	t.Parallel()
	w := &Webhook{}
	if !w.Converts(group, kind) || w.Converts(group, "Instrumentation") {
		t.Error("it converts the wrong kinds")
	}
	o := object("v1beta1", map[string]any{"mode": "deployment", "configVersions": int64(3), "config": config(map[string]any{"zipkin": map[string]any{}}, "zipkin")})
	if err := w.Convert(o, group+"/v1alpha1"); err != nil {
		t.Fatal(err)
	}
	if text, _, _ := unstructured.NestedString(o.Object, "spec", "config"); !strings.Contains(text, "zipkin: {}") {
		t.Errorf("the text is %q", text)
	}
	if err := w.Convert(o, group+"/v1beta1"); err != nil {
		t.Fatal(err)
	}
	if _, has, _ := unstructured.NestedMap(o.Object, "spec", "config", "receivers", "zipkin"); !has {
		t.Errorf("back it is %v", o.Object)
	}
	broken := object("v1alpha1", map[string]any{"config": "a: [1"})
	if err := w.Convert(broken, group+"/v1beta1"); err != nil {
		t.Fatalf("a conversion must not fail: %v", err)
	}
	if _, has, _ := unstructured.NestedMap(broken.Object, "spec", "config", "service", "pipelines"); !has {
		t.Errorf("it is %v", broken.Object)
	}
}

func TestCollector_MakesWhatTheOperatorOfItsTimeMakes(t *testing.T) {
	t.Parallel()
	operator := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Args: []string{"--collector-image=otel/collector:0.71.0"}}}}}
	text := "receivers: {zipkin: }\nexporters: {debug: }\nservice: {pipelines: {traces: {receivers: [zipkin], exporters: [debug]}}}"
	for name, test := range map[string]struct {
		object *unstructured.Unstructured
		want   string
	}{
		"v1alpha1": {
			object("v1alpha1", map[string]any{"config": text}),
			"ServiceAccount/otel-collector ConfigMap/otel-collector Deployment/otel-collector Service/otel-collector Service/otel-collector-headless Service/otel-collector-monitoring",
		},
		"a daemonset":           {object("v1alpha1", map[string]any{"config": "a: b", "mode": "daemonset"}), "ServiceAccount/otel-collector ConfigMap/otel-collector DaemonSet/otel-collector Service/otel-collector-monitoring"},
		"a sidecar":             {object("v1alpha1", map[string]any{"config": text, "mode": "sidecar"}), "ServiceAccount/otel-collector ConfigMap/otel-collector"},
		"v1beta1 with its hash": {object("v1beta1", map[string]any{"config": map[string]any{}, "mode": "sidecar"}), "ServiceAccount/otel-collector ConfigMap/otel-collector-ca3d163b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made, err := newCollector(test.object, operator, false)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range made.objects() {
				got = append(got, o.GetKind()+"/"+o.GetName())
				if owners := o.GetOwnerReferences(); len(owners) != 1 || owners[0].UID != "7" {
					t.Errorf("%s has owners %v", o.GetName(), owners)
				}
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("made %v", got)
			}
			if made.image != "otel/collector:0.71.0" || made.version != "0.71.0" {
				t.Errorf("image %s, version %s", made.image, made.version)
			}
		})
	}
}
