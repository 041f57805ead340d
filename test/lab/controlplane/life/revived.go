package life

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/containers"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
)

// reviver makes simulated pods ready again when their node is. The controller of nodes calls the pods of a silent node not ready, and it is
// left to the node's kubelet to take that back (kubernetes:pkg/controller/util/node/controller_utils.go, MarkPodsNotReady); simulated pods
// have none that would.
type reviver struct {
	client kubernetes.Interface
	view   *cluster.View
	rule   *containers.Rule
}

// Sync does what is due.
func (r *reviver) Sync(ctx context.Context) (time.Duration, error) {
	up := map[string]bool{}
	for _, node := range r.view.Nodes() {
		up[node.Name] = ready(node)
	}
	var errs []error
	for _, pod := range r.view.Pods() {
		if !up[pod.Spec.NodeName] || !forsaken(pod) || r.rule.Real(pod) {
			continue
		}
		patch, err := json.Marshal(map[string]any{"status": map[string]any{"conditions": []corev1.PodCondition{
			{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now()},
		}}})
		if err == nil {
			_, err = r.client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
		}
		if err != nil && !apierrors.IsNotFound(err) {
			errs = append(errs, fmt.Errorf("making pod %s/%s ready again: %w", pod.Namespace, pod.Name, err))
		}
	}
	return 0, errors.Join(errs...)
}

// forsaken tells whether a pod is not ready although all of its containers are, which nobody but the controller of nodes writes.
func forsaken(pod *corev1.Pod) bool {
	if pod.DeletionTimestamp != nil || pod.Status.Phase != corev1.PodRunning {
		return false
	}
	status := map[corev1.PodConditionType]corev1.ConditionStatus{}
	for _, condition := range pod.Status.Conditions {
		status[condition.Type] = condition.Status
	}
	return status[corev1.PodReady] == corev1.ConditionFalse && status[corev1.ContainersReady] == corev1.ConditionTrue
}
