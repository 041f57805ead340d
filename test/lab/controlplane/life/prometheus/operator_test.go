package prometheus

import (
	"context"
	"log/slog"
	"testing"

	corev1 "k8s.io/api/core/v1"
	crdfake "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/fake"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
)

func resource(kind, name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": Group + "/v1", "kind": kind,
		"metadata": map[string]any{"name": name, "namespace": "m", "uid": kind + name, "generation": int64(1)},
		"spec":     map[string]any{"replicas": int64(2), "portName": "http-web", "image": "registry.lab/" + name},
	}}
}

func operatorPod(ready corev1.ConditionStatus) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "operator", Namespace: "m", UID: "operator"},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "o", Image: "quay.io/prometheus-operator/prometheus-operator:v0.93.1", Args: []string{"--kubelet-service=kube-system/x-kubelet", "--prometheus-config-reloader=registry.lab/reloader:1"},
		}}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}},
	}
}

func operator(t *testing.T, objects ...runtime.Object) *Operator {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	client := fake.NewClientset(objects...)
	view, err := cluster.New(client, crdfake.NewClientset())
	if err != nil {
		t.Fatal(err)
	}
	if err := view.Start(ctx); err != nil {
		t.Fatal(err)
	}
	return &Operator{
		Client: client, View: view, Logger: slog.New(slog.DiscardHandler),
		List: func(r schema.GroupVersionResource) ([]*unstructured.Unstructured, bool) {
			if r.Resource == "prometheuses" {
				return []*unstructured.Unstructured{resource("Prometheus", "p")}, true
			}
			return []*unstructured.Unstructured{resource("Alertmanager", "a")}, true
		},
	}
}

func TestOperator_RunsWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	o := operator(t, operatorPod(corev1.ConditionTrue))
	if _, err := o.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, port := range map[string]int32{"prometheus": 9090, "alertmanager": 9093} {
		set, err := o.Client.AppsV1().StatefulSets("m").Get(t.Context(), name+"-"+name[:1], metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		first := set.Spec.Template.Spec.Containers[0]
		if *set.Spec.Replicas != 2 || first.Image != "registry.lab/"+name[:1] || first.Ports[0].ContainerPort != port || len(set.OwnerReferences) != 1 {
			t.Errorf("StatefulSet %s is %+v", set.Name, set.Spec)
		}
		if second := set.Spec.Template.Spec.Containers[1]; second.Image != "registry.lab/reloader:1" {
			t.Errorf("the reloader of %s is %s", set.Name, second.Image)
		}
		if _, err := o.Client.CoreV1().Services("m").Get(t.Context(), name+"-operated", metav1.GetOptions{}); err != nil {
			t.Error(err)
		}
	}
	if _, err := o.Client.CoreV1().Services("kube-system").Get(t.Context(), "x-kubelet", metav1.GetOptions{}); err != nil {
		t.Error(err)
	}
}

func TestOperator_DoesNothingUntilItRuns(t *testing.T) {
	t.Parallel()
	o := operator(t, operatorPod(corev1.ConditionFalse))
	if _, err := o.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if sets, err := o.Client.AppsV1().StatefulSets("").List(t.Context(), metav1.ListOptions{}); err != nil || len(sets.Items) > 0 {
		t.Errorf("there are %d StatefulSets, %v", len(sets.Items), err)
	}
}
