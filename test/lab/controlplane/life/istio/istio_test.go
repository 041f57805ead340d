package istio

import (
	"encoding/json"
	"strings"
	"testing"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	crdfake "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/fake"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/webhook"
)

func TestInjector_FillsInPods(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		version string
		pod     string
		// want lists the containers of the injected pod as name=image, init containers first and marked with i/.
		want string
	}{
		"a gateway": {
			"1.30.3", `{"metadata":{"name":"gw","annotations":{"inject.istio.io/templates":"gateway"}},"spec":{"containers":[{"name":"istio-proxy","image":"auto"}]}}`,
			"istio-proxy=registry.istio.io/release/proxyv2:1.30.3",
		},
		"a workload": {
			"1.30.3", `{"metadata":{"generateName":"web-"},"spec":{"containers":[{"name":"web","image":"nginx"}]}}`,
			"i/istio-init=registry.istio.io/release/proxyv2:1.30.3 i/istio-proxy=registry.istio.io/release/proxyv2:1.30.3 web=nginx",
		},
		"a workload of an old mesh": {
			"1.17.1", `{"metadata":{"generateName":"web-"},"spec":{"containers":[{"name":"web","image":"nginx"}]}}`,
			"i/istio-init=registry.istio.io/release/proxyv2:1.17.1 istio-proxy=registry.istio.io/release/proxyv2:1.17.1 web=nginx",
		},
		"a workload that does not want it": {
			"1.30.3", `{"metadata":{"name":"web","labels":{"sidecar.istio.io/inject":"false"}},"spec":{"containers":[{"name":"web","image":"nginx"}]}}`, "web=nginx",
		},
		"a workload that has it": {
			"1.30.3", `{"metadata":{"name":"web","annotations":{"sidecar.istio.io/status":"{}"}},"spec":{"containers":[{"name":"web","image":"nginx"}]}}`, "web=nginx",
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			injector := &Injector{View: viewWithIstiod(t, test.version)}
			question := webhook.Question{Namespace: "istio-system", Service: "istiod", Path: "/inject", Request: &admissionv1.AdmissionRequest{Object: runtime.RawExtension{Raw: []byte(test.pod)}}}
			if !injector.Answers(question) {
				t.Fatal("it does not answer")
			}
			response, err := injector.Answer(t.Context(), question)
			if err != nil {
				t.Fatal(err)
			}
			if got := containers(t, test.pod, response.Patch); !response.Allowed || got != test.want {
				t.Errorf("containers %q, want %q", got, test.want)
			}
		})
	}
}

func TestInjector_FailsWithoutIstiod(t *testing.T) {
	t.Parallel()
	view, err := cluster.New(fake.NewClientset(), crdfake.NewClientset())
	if err != nil {
		t.Fatal(err)
	}
	question := webhook.Question{Path: "/inject", Request: &admissionv1.AdmissionRequest{Object: runtime.RawExtension{Raw: []byte(`{}`)}}}
	if _, err := (&Injector{View: view}).Answer(t.Context(), question); err == nil {
		t.Error("a pod was injected with nothing")
	}
}

func TestValidator_RefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ kind, spec, want string }{
		"a gateway":                    {"Gateway", `{"servers":[{}]}`, ""},
		"a gateway without servers":    {"Gateway", `{"selector":{"istio":"ingressgateway"}}`, "configuration is invalid: gateway must have at least one server"},
		"a route":                      {"VirtualService", `{"hosts":["a"],"http":[{}]}`, ""},
		"a route without hosts":        {"VirtualService", `{"http":[{}]}`, "configuration is invalid: virtual service must have at least one host"},
		"a route that leads nowhere":   {"VirtualService", `{"hosts":["a"]}`, "configuration is invalid: http, tcp or tls must be provided in virtual service"},
		"a rule without a destination": {"DestinationRule", `{}`, `configuration is invalid: domain name "" invalid (empty)`},
		"what nobody looks at":         {"Sidecar", `{}`, ""},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw := `{"apiVersion":"networking.istio.io/v1","kind":"` + test.kind + `","spec":` + test.spec + `}`
			response, err := Validator{}.Answer(t.Context(), webhook.Question{Request: &admissionv1.AdmissionRequest{Object: runtime.RawExtension{Raw: []byte(raw)}}})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if response.Result != nil {
				got = response.Result.Message
			}
			if got != test.want || response.Allowed != (test.want == "") {
				t.Errorf("allowed %v with %q, want %q", response.Allowed, got, test.want)
			}
		})
	}
}

func viewWithIstiod(t *testing.T, version string) *cluster.View {
	t.Helper()
	istiod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "istiod", Namespace: "istio-system", Labels: map[string]string{"app": "istiod"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "discovery", Image: "registry.istio.io/release/pilot:" + version}}},
	}
	view, err := cluster.New(fake.NewClientset(istiod), crdfake.NewClientset())
	if err != nil {
		t.Fatal(err)
	}
	if err := view.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return view
}

func containers(t *testing.T, pod string, patch []byte) string {
	t.Helper()
	patched := []byte(pod)
	if patch != nil {
		operations, err := jsonpatch.DecodePatch(patch)
		if err != nil {
			t.Fatal(err)
		}
		if patched, err = operations.Apply(patched); err != nil {
			t.Fatal(err)
		}
	}
	var result corev1.Pod
	if err := json.Unmarshal(patched, &result); err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, c := range result.Spec.InitContainers {
		list = append(list, "i/"+c.Name+"="+c.Image)
	}
	for _, c := range result.Spec.Containers {
		list = append(list, c.Name+"="+c.Image)
	}
	return strings.Join(list, " ")
}
