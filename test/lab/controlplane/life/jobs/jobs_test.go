package jobs

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"log/slog"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	crdfake "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/fake"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
)

const widgets = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
`

func archive(t *testing.T, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	packed := tar.NewWriter(zipped)
	if err := packed.WriteHeader(&tar.Header{Name: "crd-manifest/crd.yaml", Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(text))}); err != nil {
		t.Fatal(err)
	}
	if _, err := packed.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func job(name, container string, arguments ...string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "m", UID: types.UID(name), Labels: map[string]string{"job-name": name}},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{{Name: container, Args: arguments}},
			Volumes: []corev1.Volume{{Name: "manifest", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
				LocalObjectReference: corev1.LocalObjectReference{Name: "manifest"},
			}}}},
		},
	}
}

// runner sees the objects and has not done anything yet.
func runner(t *testing.T, objects ...runtime.Object) *Runner {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	client := fake.NewClientset(objects...)
	crds := crdfake.NewSimpleClientset() // NewClientset has no schema for definitions and fails
	view, err := cluster.New(client, crds)
	if err != nil {
		t.Fatal(err)
	}
	if err := view.Start(ctx); err != nil {
		t.Fatal(err)
	}
	return &Runner{Client: client, CRDs: crds, View: view, Logger: slog.New(slog.DiscardHandler)}
}

func TestRunner_MakesAndDeletesDefinitions(t *testing.T) {
	t.Parallel()
	for name, content := range map[string][]byte{"packed": archive(t, widgets), "plain": []byte(widgets)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := &corev1.ConfigMap{
				ObjectMeta: metav1.ObjectMeta{Name: "manifest", Namespace: "m"},
				Data:       map[string]string{"crd-manifest.tgz.b64": base64.StdEncoding.EncodeToString(content)},
			}
			r := runner(t, config, job("create", "create-crds"))
			if _, err := r.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			definitions := r.CRDs.ApiextensionsV1().CustomResourceDefinitions()
			if _, err := definitions.Get(t.Context(), "widgets.example.org", metav1.GetOptions{}); err != nil {
				t.Fatal(err)
			}
			// The hook that deletes may run when the release's ConfigMap is gone already.
			if err := r.Client.CoreV1().ConfigMaps("m").Delete(t.Context(), "manifest", metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			if err := r.perform(t.Context(), job("delete", "delete-crds")); err != nil {
				t.Fatal(err)
			}
			if list, err := definitions.List(t.Context(), metav1.ListOptions{}); err != nil || len(list.Items) > 0 {
				t.Errorf("there are %d definitions, %v", len(list.Items), err)
			}
		})
	}
}

func TestRunner_DoesWhatCertgenDoes(t *testing.T) {
	t.Parallel()
	ignore := admissionv1.Ignore
	hooks := &admissionv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "admission"},
		Webhooks:   []admissionv1.ValidatingWebhook{{Name: "a.example.org", FailurePolicy: &ignore}, {Name: "b.example.org", FailurePolicy: &ignore}},
	}
	r := runner(t, hooks,
		job("create", "create", "create", "--namespace=m", "--secret-name=certificate"),
		job("patch", "patch", "patch", "--webhook-name=admission", "--patch-failure-policy=Fail"),
		job("other", "other", "sleep"))
	for range 2 { // the second time everything is done
		if _, err := r.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	secret, err := r.Client.CoreV1().Secrets("m").Get(t.Context(), "certificate", metav1.GetOptions{})
	if err != nil || len(secret.Data) != 3 {
		t.Errorf("the Secret is %v, %v", secret, err)
	}
	live, err := r.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(t.Context(), "admission", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, hook := range live.Webhooks {
		if *hook.FailurePolicy != admissionv1.Fail {
			t.Errorf("%s has policy %s", hook.Name, *hook.FailurePolicy)
		}
	}
}
