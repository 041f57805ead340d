package otel

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// status says how many collectors run, and of what (opentelemetry-operator:internal/status/collector/collector.go@v0.158.0).
func (c *Controller) status(ctx context.Context, object *unstructured.Unstructured, made *collector, version string) error {
	workload := made.workload()
	live, err := c.Dynamic.Resource(resources[workload.GetKind()]).Namespace(made.namespace).Get(ctx, made.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading %s %s/%s: %w", workload.GetKind(), made.namespace, made.name, err)
	}
	all, ready := "replicas", "readyReplicas"
	if workload.GetKind() == "DaemonSet" {
		all, ready = "desiredNumberScheduled", "numberReady"
	}
	replicas, _, _ := unstructured.NestedInt64(live.Object, "status", all)
	up, _, _ := unstructured.NestedInt64(live.Object, "status", ready)
	scale := map[string]any{"replicas": replicas, "selector": "app.kubernetes.io/instance=" + made.namespace + "." + object.GetName()}
	says := map[string]any{"version": made.version, "scale": scale}
	if version == "v1beta1" {
		says["image"] = made.image
		scale["statusReplicas"] = fmt.Sprintf("%d/%d", up, replicas)
	}
	has, _, _ := unstructured.NestedMap(object.Object, "status")
	if reflect.DeepEqual(has, says) {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"status": says})
	if err != nil {
		return fmt.Errorf("writing a status: %w", err)
	}
	_, err = c.Dynamic.Resource(Resource(version)).Namespace(object.GetNamespace()).
		Patch(ctx, object.GetName(), types.MergePatchType, patch, metav1.PatchOptions{FieldManager: "manager"}, "status")
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("writing the status of %s/%s: %w", object.GetNamespace(), object.GetName(), err)
	}
	return nil
}
