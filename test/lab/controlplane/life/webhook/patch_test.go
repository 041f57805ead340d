package webhook

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdfake "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/fake"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/pki"
)

func TestPatcher_FillsInTheBundle(t *testing.T) {
	t.Parallel()
	injected := map[string]string{"cert-manager.io/inject-ca-from": "default/cert"}
	cases := map[string]struct {
		objects []runtime.Object
		hook    admissionv1.ValidatingWebhook
		meta    metav1.ObjectMeta
		delay   time.Duration
		// want tells whose bundle it is in the end, policy the failure policy.
		want   string
		policy admissionv1.FailurePolicyType
		waits  bool
	}{
		"a webhook that is ready":              {objects: readyService(), want: "ours", policy: admissionv1.Fail},
		"a webhook that is ready since now":    {objects: readyService(), delay: time.Hour, waits: true, policy: admissionv1.Fail},
		"a webhook without a Service":          {policy: admissionv1.Fail},
		"a bundle of the chart's own":          {objects: readyService(), hook: hook(func(h *admissionv1.ValidatingWebhook) { h.ClientConfig.CABundle = []byte("chart") }), want: "chart", policy: admissionv1.Fail},
		"Istio's validation":                   {objects: readyService(), hook: hook(istio), want: "ours", policy: admissionv1.Fail},
		"Istio's validation before istiod":     {hook: hook(istio), policy: admissionv1.Ignore},
		"another webhook that ignores":         {objects: readyService(), hook: hook(ignores), want: "ours", policy: admissionv1.Ignore},
		"cert-manager's, without cert-manager": {objects: readyService(), meta: metav1.ObjectMeta{Annotations: injected}, policy: admissionv1.Fail},
		"cert-manager's, with cert-manager": {
			objects: append(readyService(), readyPod("cainjector", map[string]string{"app.kubernetes.io/component": "cainjector"})),
			meta:    metav1.ObjectMeta{Annotations: injected}, want: "ours", policy: admissionv1.Fail,
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.hook.Name == "" {
				test.hook = hook()
			}
			test.meta.Name = "hooks"
			configuration := &admissionv1.ValidatingWebhookConfiguration{ObjectMeta: test.meta, Webhooks: []admissionv1.ValidatingWebhook{test.hook}}
			p, client, _ := newPatcher(t, append(test.objects, configuration), nil)
			p.Delay = test.delay
			wait, err := p.Sync(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if (wait > 0) != test.waits {
				t.Errorf("waits for %v", wait)
			}
			live, err := client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(t.Context(), "hooks", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			got := string(live.Webhooks[0].ClientConfig.CABundle)
			if bytes.Equal(live.Webhooks[0].ClientConfig.CABundle, p.Issuer.Bundle()) {
				got = "ours"
			}
			if got != test.want || *live.Webhooks[0].FailurePolicy != test.policy {
				t.Errorf("bundle of %q and policy %s, want %q and %s", got, *live.Webhooks[0].FailurePolicy, test.want, test.policy)
			}
		})
	}
}

func TestPatcher_WaitsForWhatTheInjectorCopies(t *testing.T) {
	t.Parallel()
	configuration := &admissionv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "hooks", Annotations: map[string]string{"cert-manager.io/inject-ca-from": "hooks/cert"}},
		Webhooks:   []admissionv1.ValidatingWebhook{hook()},
	}
	injector := readyPod("injector", map[string]string{"app.kubernetes.io/component": "cainjector"})
	p, client, _ := newPatcher(t, append(readyService(), injector, configuration), nil)
	there := false
	p.Injectable = func(_ context.Context, annotations map[string]string) bool {
		return there && annotations["cert-manager.io/inject-ca-from"] == "hooks/cert"
	}
	for _, there = range []bool{false, true} {
		wait, err := p.Sync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		live, err := client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(t.Context(), "hooks", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if has := len(live.Webhooks[0].ClientConfig.CABundle) > 0; has != there || (wait > 0) == there {
			t.Errorf("certificate %v: bundle %v, again in %v", there, has, wait)
		}
	}
}

func TestPatcher_FillsInConversions(t *testing.T) {
	t.Parallel()
	crd := &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: "things.example.test"},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{Conversion: &apiextensionsv1.CustomResourceConversion{
			Strategy: apiextensionsv1.WebhookConverter,
			Webhook: &apiextensionsv1.WebhookConversion{ClientConfig: &apiextensionsv1.WebhookClientConfig{
				Service: &apiextensionsv1.ServiceReference{Namespace: "hooks", Name: "hook"},
			}},
		}},
	}
	p, _, crds := newPatcher(t, readyService(), []runtime.Object{crd})
	if _, err := p.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	live, err := crds.ApiextensionsV1().CustomResourceDefinitions().Get(t.Context(), crd.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(live.Spec.Conversion.Webhook.ClientConfig.CABundle, p.Issuer.Bundle()) {
		t.Errorf("bundle %q", live.Spec.Conversion.Webhook.ClientConfig.CABundle)
	}
}

func hook(change ...func(*admissionv1.ValidatingWebhook)) admissionv1.ValidatingWebhook {
	fail := admissionv1.Fail
	h := admissionv1.ValidatingWebhook{Name: "hook.example.test", FailurePolicy: &fail, ClientConfig: admissionv1.WebhookClientConfig{
		Service: &admissionv1.ServiceReference{Namespace: "hooks", Name: "hook"},
	}}
	for _, f := range change {
		f(&h)
	}
	return h
}

func ignores(h *admissionv1.ValidatingWebhook) {
	ignore := admissionv1.Ignore
	h.FailurePolicy = &ignore
}

func istio(h *admissionv1.ValidatingWebhook) {
	h.Name = "rev.validation.istio.io"
	ignores(h)
}

func readyService() []runtime.Object {
	yes, portNumber, portName := true, int32(9443), ""
	return []runtime.Object{
		readyPod("hook", nil),
		&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "hook", Namespace: "hooks"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 443}}}},
		&discoveryv1.EndpointSlice{
			ObjectMeta: metav1.ObjectMeta{Name: "hook-1", Namespace: "hooks", Labels: map[string]string{discoveryv1.LabelServiceName: "hook"}},
			Endpoints: []discoveryv1.Endpoint{{
				Addresses: []string{"10.42.0.1"}, Conditions: discoveryv1.EndpointConditions{Ready: &yes}, TargetRef: &corev1.ObjectReference{Kind: "Pod", Name: "hook"},
			}},
			Ports: []discoveryv1.EndpointPort{{Name: &portName, Port: &portNumber}},
		},
	}
}

func readyPod(name string, labels map[string]string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "hooks", UID: types.UID(name), Labels: labels},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.42.0.1", Conditions: []corev1.PodCondition{
			{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(time.Now().Add(-time.Minute))},
		}},
	}
}

func newPatcher(t *testing.T, objects, crds []runtime.Object) (*Patcher, *fake.Clientset, *crdfake.Clientset) {
	t.Helper()
	client := fake.NewClientset(objects...)
	crdClient := crdfake.NewSimpleClientset(crds...) // NewClientset has no schema for definitions and fails
	view, err := cluster.New(client, crdClient)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	if err := view.Start(ctx); err != nil {
		t.Fatal(err)
	}
	return &Patcher{Client: client, CRDs: crdClient, View: view, Issuer: newIssuer(t), Logger: slog.New(slog.DiscardHandler)}, client, crdClient
}

func newIssuer(t *testing.T) *Issuer {
	t.Helper()
	dir := t.TempDir()
	if err := pki.Ensure(dir, pki.Options{NodeName: "lab", NodeIP: net.IPv4(127, 0, 0, 1), ServiceIP: net.IPv4(10, 43, 0, 1)}); err != nil {
		t.Fatal(err)
	}
	issuer, err := NewIssuer(filepath.Join(dir, "server-ca.crt"), filepath.Join(dir, "server-ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	return issuer
}
