package kiali

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The words of ansible-operator (operator-framework/ansible-operator-plugins:internal/ansible/controller/status/types.go).
const (
	runningMessage    = "Running reconciliation"
	awaitingMessage   = "Awaiting next reconciliation"
	successfulMessage = "Last reconciliation succeeded"
)

func condition(kind, status, reason, message string) map[string]any {
	return map[string]any{
		"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": time.Now().UTC().Format(time.RFC3339),
	}
}

// running is the status while a playbook runs. What was said of the last run stays.
func running(object *unstructured.Unstructured) map[string]any {
	conditions := []any{condition("Running", "True", "Running", runningMessage)}
	before, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, entry := range before {
		if c, ok := entry.(map[string]any); ok && c["type"] != "Running" {
			conditions = append(conditions, c)
		}
	}
	return map[string]any{
		"conditions": conditions, "specVersion": "default",
		"progress": map[string]any{"message": "1. Initializing", "duration": "0:00:00"},
	}
}

// finished is the status after a playbook that went well (kiali-operator:roles/default/kiali-deploy/tasks/main.yml).
func finished(s server) map[string]any {
	return map[string]any{
		"conditions": []any{
			condition("Running", "True", "Successful", awaitingMessage),
			condition("Successful", "True", "Successful", successfulMessage),
			condition("Failure", "False", "", ""),
		},
		"specVersion": "default",
		"deployment":  map[string]any{"instanceName": s.name, "namespace": s.namespace},
		"environment": map[string]any{"isKubernetes": true, "operatorVersion": s.version},
		"progress":    map[string]any{"message": "7. Finished all resource creation", "duration": "0:00:01"},
	}
}
