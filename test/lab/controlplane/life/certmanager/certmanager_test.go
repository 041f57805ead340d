package certmanager

import (
	"context"
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	crdfake "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/fake"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/webhook"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/pki"
)

func TestController_IssuesOnceTheIssuerIsReady(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pod("controller", "cert-manager", "controller"))
	issuer, certificate := thing("Issuer", "self", map[string]any{"selfSigned": map[string]any{}}), certificate()
	w.sync(issuer, certificate)
	if got := w.reason(CertificateResource, "web"); got != "DoesNotExist" {
		t.Errorf("before the issuer is ready the reason is %q", got)
	}
	w.sync(w.live(IssuerResource, "self"), w.live(CertificateResource, "web"))
	if got := w.reason(CertificateResource, "web"); got != "Ready" {
		t.Errorf("the reason is %q", got)
	}
	secret, err := w.client.CoreV1().Secrets("otel").Get(t.Context(), "web-tls", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if secret.Type != corev1.SecretTypeTLS || len(secret.Data["ca.crt"]) == 0 || !strings.Contains(string(secret.Data["tls.key"]), "PRIVATE KEY") {
		t.Errorf("the Secret is %s with %d keys", secret.Type, len(secret.Data))
	}
}

func TestController_DoesNothingWithoutItsPod(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sync(thing("Issuer", "self", nil), certificate())
	if got := w.reason(IssuerResource, "self"); got != "" {
		t.Errorf("the issuer's reason is %q", got)
	}
}

func TestController_MakesTheWebhooksAuthority(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pod("webhook", "webhook", "webhook", "--dynamic-serving-ca-secret-name=cert-manager-webhook-ca"))
	sources := Sources{Client: w.client, Dynamic: w.dynamic}
	asks := map[string]string{fromSecret: "cert-manager/cert-manager-webhook-ca"}
	if sources.Has(t.Context(), asks) {
		t.Error("the authority is there before the webhook has run")
	}
	w.sync(nil, nil)
	if !sources.Has(t.Context(), asks) {
		t.Error("the authority is not there")
	}
}

func TestSources_WaitForTheCertificate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pod("controller", "cert-manager", "controller"))
	sources := Sources{Client: w.client, Dynamic: w.dynamic}
	asks := map[string]string{fromCertificate: "otel/web"}
	if sources.Has(t.Context(), asks) {
		t.Error("there is an authority before there is a certificate")
	}
	w.sync(thing("Issuer", "self", nil), certificate())
	w.sync(w.live(IssuerResource, "self"), w.live(CertificateResource, "web"))
	if !sources.Has(t.Context(), asks) {
		t.Error("there is none after")
	}
	if !sources.Has(t.Context(), nil) {
		t.Error("nobody asks, and yet something is missing")
	}
}

func TestValidator_RefusesInCertManagersWords(t *testing.T) {
	t.Parallel()
	whole := map[string]any{"secretName": "s", "issuerRef": map[string]any{"name": "i"}, "dnsNames": []any{"a"}}
	without := func(field string) map[string]any {
		out := map[string]any{}
		for key, value := range whole {
			if key != field {
				out[key] = value
			}
		}
		return out
	}
	for name, test := range map[string]struct {
		kind, path, says string
		spec             map[string]any
	}{
		"a whole certificate":        {"Certificate", "/validate", "", whole},
		"a certificate for nobody":   {"Certificate", "/validate", "at least one of commonName", without("dnsNames")},
		"a certificate of nobody":    {"Certificate", "/validate", "spec.issuerRef.name", without("issuerRef")},
		"a certificate for nowhere":  {"Certificate", "/validate", "spec.secretName", without("secretName")},
		"an issuer of nothing":       {"Issuer", "/validate", "at least one issuer must be configured", nil},
		"an issuer":                  {"Issuer", "/validate", "", map[string]any{"selfSigned": map[string]any{}}},
		"what the mutating one sees": {"Issuer", "/mutate", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw, err := json.Marshal(thing(test.kind, "x", test.spec))
			if err != nil {
				t.Fatal(err)
			}
			q := webhook.Question{Path: test.path, Request: &admissionv1.AdmissionRequest{
				Kind: metav1.GroupVersionKind{Group: "cert-manager.io", Version: "v1", Kind: test.kind}, Object: runtime.RawExtension{Raw: raw},
			}}
			if !(Validator{}).Answers(q) {
				t.Fatal("it is not asked")
			}
			answer, err := Validator{}.Answer(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if answer.Allowed != (test.says == "") || !answer.Allowed && !strings.Contains(answer.Result.Message, test.says) {
				t.Errorf("answer %+v", answer)
			}
		})
	}
}

// world is a cluster with some pods, and the objects that the controller is shown.
type world struct {
	t       *testing.T
	client  *fake.Clientset
	dynamic *dynamicfake.FakeDynamicClient
	view    *cluster.View
	issuer  *webhook.Issuer
}

func newWorld(t *testing.T, pods ...runtime.Object) *world {
	t.Helper()
	lists := map[schema.GroupVersionResource]string{
		CertificateResource: "CertificateList", IssuerResource: "IssuerList", ClusterIssuerResource: "ClusterIssuerList",
	}
	w := &world{t: t, client: fake.NewClientset(pods...), dynamic: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), lists)}
	var err error
	if w.view, err = cluster.New(w.client, crdfake.NewSimpleClientset()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	if err := w.view.Start(ctx); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := pki.Ensure(dir, pki.Options{NodeName: "lab", NodeIP: net.IPv4(127, 0, 0, 1), ServiceIP: net.IPv4(10, 43, 0, 1)}); err != nil {
		t.Fatal(err)
	}
	if w.issuer, err = webhook.NewIssuer(filepath.Join(dir, "server-ca.crt"), filepath.Join(dir, "server-ca.key")); err != nil {
		t.Fatal(err)
	}
	return w
}

// sync shows an issuer and a certificate, nil for none, to the controller once.
func (w *world) sync(issuer, certificate *unstructured.Unstructured) {
	w.t.Helper()
	lister := func(resource schema.GroupVersionResource, object *unstructured.Unstructured) Lister {
		if object == nil {
			return func(string) ([]*unstructured.Unstructured, bool) { return nil, true }
		}
		_, err := w.dynamic.Resource(resource).Namespace("otel").Create(w.t.Context(), object, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			w.t.Fatal(err)
		}
		return func(string) ([]*unstructured.Unstructured, bool) { return []*unstructured.Unstructured{object}, true }
	}
	c := &Controller{
		Client: w.client, Dynamic: w.dynamic, View: w.view, Issuer: w.issuer,
		Issuers: lister(IssuerResource, issuer), Certificates: lister(CertificateResource, certificate), ClusterIssuers: lister(ClusterIssuerResource, nil),
	}
	if _, err := c.Sync(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) live(resource schema.GroupVersionResource, name string) *unstructured.Unstructured {
	w.t.Helper()
	o, err := w.dynamic.Resource(resource).Namespace("otel").Get(w.t.Context(), name, metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

func (w *world) reason(resource schema.GroupVersionResource, name string) string {
	w.t.Helper()
	condition, _ := readyCondition(w.live(resource, name))
	reason, _ := condition["reason"].(string)
	return reason
}

func thing(kind, name string, spec map[string]any) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "cert-manager.io/v1", "kind": kind, "metadata": map[string]any{"name": name, "namespace": "otel"}}}
	if spec != nil {
		o.Object["spec"] = spec
	}
	return o
}

func certificate() *unstructured.Unstructured {
	return thing("Certificate", "web", map[string]any{
		"secretName": "web-tls", "issuerRef": map[string]any{"name": "self"}, "dnsNames": []any{"web.otel.svc", "web.otel.svc.cluster.local"},
	})
}

func pod(program, name, component string, args ...string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: program, Namespace: "cert-manager", UID: types.UID(program),
			Labels: map[string]string{"app.kubernetes.io/name": name, "app.kubernetes.io/component": component},
		},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Image: "quay.io/jetstack/cert-manager-" + program + ":v1.21.1", Args: args}}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{
			{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(time.Now().Add(-time.Minute))},
		}},
	}
}
