package certmanager

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// condition is the condition Ready of an object.
type condition struct {
	holds           bool
	reason, message string
}

// say writes the condition Ready, and more, into an object's status, unless it says so already.
func (c *Controller) say(ctx context.Context, resource schema.GroupVersionResource, object *unstructured.Unstructured, says condition, more map[string]any) error {
	status := map[bool]string{true: "True", false: "False"}[says.holds]
	live, generation := readyCondition(object)
	if live["status"] == status && live["reason"] == says.reason && generation == object.GetGeneration() {
		return nil
	}
	body := map[string]any{"conditions": []any{map[string]any{
		"type": "Ready", "status": status, "reason": says.reason, "message": says.message, "observedGeneration": object.GetGeneration(),
		"lastTransitionTime": time.Now().UTC().Format(time.RFC3339),
	}}}
	maps.Copy(body, more)
	patch, err := json.Marshal(map[string]any{"status": body})
	if err != nil {
		return fmt.Errorf("writing a status: %w", err)
	}
	_, err = c.Dynamic.Resource(resource).Namespace(object.GetNamespace()).
		Patch(ctx, object.GetName(), types.MergePatchType, patch, metav1.PatchOptions{FieldManager: "cert-manager-certificates-readiness"}, "status")
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("writing the status of %s %s/%s: %w", object.GetKind(), object.GetNamespace(), object.GetName(), err)
	}
	return nil
}

func isReady(object *unstructured.Unstructured) bool {
	live, _ := readyCondition(object)
	return live["status"] == "True"
}

// readyCondition returns the condition Ready, and the generation that it was seen for; nil when there is none.
func readyCondition(object *unstructured.Unstructured) (map[string]any, int64) {
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, item := range conditions {
		if one, ok := item.(map[string]any); ok && one["type"] == "Ready" {
			generation, _, _ := unstructured.NestedInt64(one, "observedGeneration")
			return one, generation
		}
	}
	return nil, 0
}
