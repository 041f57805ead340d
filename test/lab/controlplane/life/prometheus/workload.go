package prometheus

import (
	"maps"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// workload is what the operator makes of a custom resource (prometheus-operator:pkg/prometheus/server/statefulset.go and
// pkg/alertmanager/statefulset.go): names, labels and ports. What only a pod needs that really runs is in server.go.
type workload struct {
	// kind is "prometheus" or "alertmanager", operated the Service of all objects of the kind in a namespace.
	kind, operated  string
	namespace, name string
	image, portName string
	reloader        string
	port            int32
	replicas        int32
	owner           metav1.OwnerReference
}

func workloadOf(o *unstructured.Unstructured) workload {
	w := workload{
		kind: strings.ToLower(o.GetKind()), namespace: o.GetNamespace(), name: o.GetName(), port: 9090, replicas: 1,
		owner: *metav1.NewControllerRef(o, o.GroupVersionKind()),
	}
	if w.kind == "alertmanager" {
		w.port = 9093
	}
	w.operated = w.kind + "-operated"
	if n, found, _ := unstructured.NestedInt64(o.Object, "spec", "replicas"); found {
		w.replicas = int32(min(n, 100))
	}
	w.portName, _, _ = unstructured.NestedString(o.Object, "spec", "portName")
	if w.portName == "" {
		w.portName = "web"
	}
	w.image, _, _ = unstructured.NestedString(o.Object, "spec", "image")
	if w.image == "" {
		w.image = "quay.io/prometheus/" + w.kind
	}
	w.reloader = "quay.io/prometheus-operator/prometheus-config-reloader"
	return w
}

// selector are the labels that Services of the charts select by, in their older and newer form.
func (w workload) selector() map[string]string {
	labels := map[string]string{
		"app.kubernetes.io/name": w.kind, "app.kubernetes.io/managed-by": "prometheus-operator", "app.kubernetes.io/instance": w.name,
		w.kind: w.name,
	}
	if w.kind == "prometheus" {
		labels["operator.prometheus.io/name"] = w.name
	}
	return labels
}

// setName is the name of the StatefulSet, and of the Secret with the configuration of a Prometheus.
func (w workload) setName() string { return w.kind + "-" + w.name }

func (w workload) owns(pod *corev1.Pod) bool {
	return pod.Namespace == w.namespace && pod.Labels["app.kubernetes.io/managed-by"] == "prometheus-operator" && pod.Labels[w.kind] == w.name
}

func (w workload) statefulSet() *appsv1.StatefulSet {
	labels := maps.Clone(w.selector())
	return &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{
			Name: w.setName(), Namespace: w.namespace, Labels: labels, OwnerReferences: []metav1.OwnerReference{w.owner},
		},
		Spec: appsv1.StatefulSetSpec{
			Replicas: &w.replicas, ServiceName: w.operated, PodManagementPolicy: appsv1.ParallelPodManagement,
			Selector: &metav1.LabelSelector{MatchLabels: w.selector()},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{
					{Name: w.kind, Image: w.image, Ports: []corev1.ContainerPort{{Name: w.portName, ContainerPort: w.port}}},
					{Name: "config-reloader", Image: w.reloader, Ports: []corev1.ContainerPort{{Name: "reloader-web", ContainerPort: 8080}}},
				}},
			},
		},
	}
}

// service is the headless Service that a kind has in each namespace.
func (w workload) service() *corev1.Service {
	owner := w.owner
	owner.Controller, owner.BlockOwnerDeletion = nil, nil
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Name: w.operated, Namespace: w.namespace, OwnerReferences: []metav1.OwnerReference{owner},
			Labels: map[string]string{"operated-" + w.kind: "true", "app.kubernetes.io/managed-by": "prometheus-operator"},
		},
		Spec: corev1.ServiceSpec{
			ClusterIP: corev1.ClusterIPNone, Selector: map[string]string{"app.kubernetes.io/name": w.kind},
			Ports: []corev1.ServicePort{{Name: w.portName, Port: w.port}},
		},
	}
}
