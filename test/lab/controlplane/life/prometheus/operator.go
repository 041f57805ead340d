// Package prometheus knows what the Prometheus operator does to a cluster from outside: it makes a StatefulSet and a Service of each
// Prometheus and Alertmanager, says in their conditions how far it is, and keeps a Service for the kubelets.
package prometheus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
)

// Group is the API group of the operator's custom resources.
const Group = "monitoring.coreos.com"

// Resources are the custom resources that are made to run.
func Resources() []schema.GroupVersionResource {
	return []schema.GroupVersionResource{
		{Group: Group, Version: "v1", Resource: "prometheuses"},
		{Group: Group, Version: "v1", Resource: "alertmanagers"},
	}
}

// fieldManager is the name under which the operator changes things.
const fieldManager = "PrometheusOperator"

// Operator does its work while a pod of the operator is ready.
type Operator struct {
	Client  kubernetes.Interface
	Dynamic dynamic.Interface
	View    *cluster.View
	// List returns the objects of a custom resource, none when its kind is not there; false while they are not known yet.
	List func(schema.GroupVersionResource) ([]*unstructured.Unstructured, bool)
	// Delay is the time from the operator's readiness to its first deed.
	Delay  time.Duration
	Logger *slog.Logger
	// Real tells whether pods of Prometheus can really run: they get all that they need for it, and their configuration.
	Real bool

	// kubelets is the operator pod whose Service for the kubelets is made.
	kubelets types.UID
	// made remembers the generation at which an object's StatefulSet was last written.
	made map[types.UID]int64
	// configured remembers the configuration that was last written for a Prometheus.
	configured map[types.UID][]byte
}

// Sync does what is due and returns when it is to be called again at the latest; zero when nothing is waited for.
func (o *Operator) Sync(ctx context.Context) (time.Duration, error) {
	pod, since := o.running()
	if pod == nil {
		o.made, o.configured = nil, nil
		return 0, nil
	}
	if wait := time.Until(since.Add(o.Delay)); wait > 0 {
		return wait, nil
	}
	if o.made == nil {
		o.made, o.configured = map[types.UID]int64{}, map[types.UID][]byte{}
	}
	errs := []error{o.keepKubelets(ctx, pod)}
	for _, resource := range Resources() {
		objects, known := o.List(resource)
		if !known {
			continue
		}
		for _, object := range objects {
			if object.GetDeletionTimestamp() == nil {
				errs = append(errs, o.run(ctx, pod, resource, object))
			}
		}
	}
	return 0, errors.Join(errs...)
}

// running returns the ready pod of the operator; nil when there is none.
func (o *Operator) running() (*corev1.Pod, time.Time) {
	for _, pod := range o.View.Pods() {
		if kubeletService(pod) == "" {
			continue
		}
		if since, ready := o.View.ReadySince(pod); ready {
			return pod, since
		}
	}
	return nil, time.Time{}
}

// kubeletService is the argument by which an operator's pod is known.
func kubeletService(pod *corev1.Pod) string { return argument(pod, "--kubelet-service=") }

// argument is the value of an argument of the operator, empty where it has none.
func argument(pod *corev1.Pod, name string) string {
	for _, container := range pod.Spec.Containers {
		if !strings.Contains(container.Image, "prometheus-operator") {
			continue
		}
		for _, text := range container.Args {
			if value, ok := strings.CutPrefix(text, name); ok {
				return value
			}
		}
	}
	return ""
}

// keepKubelets makes the Service whose endpoints are the kubelets. It belongs to nobody and stays when the operator goes
// (prometheus-operator:pkg/kubelet/controller.go).
func (o *Operator) keepKubelets(ctx context.Context, pod *corev1.Pod) error {
	if o.kubelets == pod.UID {
		return nil
	}
	namespace, name, _ := strings.Cut(kubeletService(pod), "/")
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, Labels: map[string]string{
			"k8s-app": "kubelet", "app.kubernetes.io/name": "kubelet", "app.kubernetes.io/managed-by": "prometheus-operator",
		}},
		Spec: corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone, Ports: []corev1.ServicePort{
			{Name: "https-metrics", Port: 10250}, {Name: "http-metrics", Port: 10255}, {Name: "cadvisor", Port: 4194},
		}},
	}
	_, err := o.Client.CoreV1().Services(namespace).Create(ctx, service, metav1.CreateOptions{FieldManager: fieldManager})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("making Service %s/%s: %w", namespace, name, err)
	}
	o.kubelets = pod.UID
	return nil
}

// run makes one custom resource run, as the operator's pod is told to, and says how far it is.
func (o *Operator) run(ctx context.Context, pod *corev1.Pod, resource schema.GroupVersionResource, object *unstructured.Unstructured) error {
	w := workloadOf(object)
	if image := argument(pod, "--prometheus-config-reloader="); image != "" {
		w.reloader = image
	}
	runs := o.Real && w.kind == "prometheus"
	if runs {
		if err := o.configure(ctx, w, object); err != nil {
			return err
		}
	}
	if o.made[object.GetUID()] != object.GetGeneration() || !o.alive(w) {
		set := w.statefulSet()
		if runs {
			if err := w.makeReal(set, object); err != nil {
				return err
			}
		}
		if err := o.write(ctx, w, set); err != nil {
			return err
		}
		o.made[object.GetUID()] = object.GetGeneration()
	}
	if !o.View.Established(resource.GroupResource().String()) {
		return nil
	}
	return o.tell(ctx, resource, object, o.ready(w))
}

// alive tells whether there are pods, so that a StatefulSet that was deleted is made again.
func (o *Operator) alive(w workload) bool {
	for _, pod := range o.View.Pods() {
		if w.owns(pod) {
			return true
		}
	}
	return w.replicas == 0
}

func (o *Operator) ready(w workload) int32 {
	var ready int32
	for _, pod := range o.View.Pods() {
		if _, is := o.View.ReadySince(pod); is && w.owns(pod) {
			ready++
		}
	}
	return ready
}

func (o *Operator) write(ctx context.Context, w workload, set *appsv1.StatefulSet) error {
	sets := o.Client.AppsV1().StatefulSets(w.namespace)
	_, err := sets.Create(ctx, set, metav1.CreateOptions{FieldManager: fieldManager})
	if apierrors.IsAlreadyExists(err) {
		live, getErr := sets.Get(ctx, set.Name, metav1.GetOptions{})
		if getErr != nil {
			return fmt.Errorf("reading StatefulSet %s/%s: %w", w.namespace, set.Name, getErr)
		}
		live.Spec.Replicas, live.Spec.Template = set.Spec.Replicas, set.Spec.Template
		_, err = sets.Update(ctx, live, metav1.UpdateOptions{FieldManager: fieldManager})
	}
	if err != nil && !apierrors.IsConflict(err) {
		return fmt.Errorf("writing StatefulSet %s/%s: %w", w.namespace, set.Name, err)
	}
	_, err = o.Client.CoreV1().Services(w.namespace).Create(ctx, w.service(), metav1.CreateOptions{FieldManager: fieldManager})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("making Service %s/%s: %w", w.namespace, w.operated, err)
	}
	return nil
}

// tell writes the status. An operator that knows no conditions has a kind without that subresource, and nothing is told.
func (o *Operator) tell(ctx context.Context, resource schema.GroupVersionResource, have *unstructured.Unstructured, ready int32) error {
	w := workloadOf(have)
	available := metav1.ConditionFalse
	if ready >= w.replicas {
		available = metav1.ConditionTrue
	}
	now, generation := time.Now().UTC().Format(time.RFC3339), have.GetGeneration()
	if told(have, string(available)) {
		return nil
	}
	condition := func(kind string, status metav1.ConditionStatus) any {
		return map[string]any{"type": kind, "status": string(status), "lastTransitionTime": now, "observedGeneration": generation}
	}
	want := have.DeepCopy()
	want.Object["status"] = map[string]any{
		"replicas": int64(w.replicas), "availableReplicas": int64(ready), "updatedReplicas": int64(w.replicas),
		"unavailableReplicas": int64(max(w.replicas-ready, 0)), "paused": false,
		"conditions": []any{condition("Available", available), condition("Reconciled", metav1.ConditionTrue)},
	}
	_, err := o.Dynamic.Resource(resource).Namespace(have.GetNamespace()).UpdateStatus(ctx, want, metav1.UpdateOptions{FieldManager: fieldManager})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("telling of %s %s/%s: %w", resource.Resource, have.GetNamespace(), have.GetName(), err)
	}
	return nil
}

// told reports whether the status says so already, of the newest generation.
func told(have *unstructured.Unstructured, available string) bool {
	conditions, _, _ := unstructured.NestedSlice(have.Object, "status", "conditions")
	for _, c := range conditions {
		condition, ok := c.(map[string]any)
		if ok && condition["type"] == "Available" {
			return condition["status"] == available && condition["observedGeneration"] == have.GetGeneration()
		}
	}
	return false
}
