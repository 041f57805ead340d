package otel

import (
	"context"
	"fmt"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/webhook"
)

// Webhook answers for the operator's webhooks.
type Webhook struct{}

// Answers implements webhook.Answerer.
func (w *Webhook) Answers(q webhook.Question) bool {
	return q.Request.Kind.Group == group && q.Request.Kind.Kind == kind
}

// operation is one operation of a JSON patch.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// Answer implements webhook.Answerer.
func (w *Webhook) Answer(_ context.Context, q webhook.Question) (*admissionv1.AdmissionResponse, error) {
	if q.Request.Operation == admissionv1.Delete {
		return webhook.Allow(), nil
	}
	object, err := read(q.Request.Object.Raw)
	if err != nil {
		return nil, err
	}
	spec, _, _ := unstructured.NestedMap(object.Object, "spec")
	if spec == nil {
		spec = map[string]any{}
	}
	if strings.HasPrefix(q.Path, "/mutate-") {
		return complete(object, spec, q.Request.Kind.Version)
	}
	if len(q.Request.OldObject.Raw) > 0 {
		old, err := read(q.Request.OldObject.Raw)
		if err != nil {
			return nil, err
		}
		was, _, _ := unstructured.NestedString(old.Object, "spec", "mode")
		if was != spec["mode"] && q.Request.Kind.Version == "v1beta1" {
			return webhook.Deny(fmt.Sprintf("the OpenTelemetry Collector mode is set to %s, which does not support modification", was)), nil
		}
	}
	if problem := refusal(spec, q.Request.Kind.Version); problem != "" {
		return webhook.Deny(problem), nil
	}
	return webhook.Allow(), nil
}

func read(raw []byte) (*unstructured.Unstructured, error) {
	var object unstructured.Unstructured
	if err := object.UnmarshalJSON(raw); err != nil {
		return nil, fmt.Errorf("reading the collector: %w", err)
	}
	return &object, nil
}

// complete fills in what was left out (opentelemetry-operator:internal/webhook/collector_webhook.go@v0.158.0 and
// apis/v1alpha1/opentelemetrycollector_webhook.go@v0.70.0).
func complete(object *unstructured.Unstructured, spec map[string]any, version string) (*admissionv1.AdmissionResponse, error) {
	for field, value := range map[string]any{"mode": "deployment", "upgradeStrategy": "automatic", "replicas": int64(1)} {
		if spec[field] == nil {
			spec[field] = value
		}
	}
	patch := []operation{}
	if version == "v1beta1" {
		if spec["managementState"] == nil {
			spec["managementState"] = "managed"
		}
		if config, ok := spec["config"].(map[string]any); ok {
			completeConfig(config)
		}
	} else {
		labels := object.GetLabels()
		if labels == nil {
			labels = map[string]string{}
		}
		if labels["app.kubernetes.io/managed-by"] == "" {
			labels["app.kubernetes.io/managed-by"] = "opentelemetry-operator"
		}
		patch = append(patch, operation{Op: "add", Path: "/metadata/labels", Value: labels})
	}
	return webhook.Patch(append(patch, operation{Op: "add", Path: "/spec", Value: spec}))
}

// completeConfig gives the receivers that pipelines use their endpoints, and the collector's own metrics a reader
// (opentelemetry-operator:internal/otelconfig/config.go@v0.158.0).
func completeConfig(config map[string]any) {
	for _, name := range enabled(config, "receivers") {
		settings, _, _ := unstructured.NestedMap(config, "receivers", name)
		if settings == nil {
			settings = map[string]any{}
		}
		for _, w := range known[typeOf(name)] {
			path := []string{"endpoint"}
			if w.variant != "" {
				if _, asked, _ := unstructured.NestedFieldNoCopy(settings, "protocols", w.variant); !asked {
					continue
				}
				path = []string{"protocols", w.variant, "endpoint"}
			}
			if _, has, _ := unstructured.NestedString(settings, path...); has {
				continue
			}
			if w.variant != "" {
				_ = unstructured.SetNestedMap(settings, map[string]any{}, "protocols", w.variant) // it was null or an empty map
			}
			_ = unstructured.SetNestedField(settings, fmt.Sprintf("0.0.0.0:%d", w.port), path...) // the maps on the way are there
		}
		_ = unstructured.SetNestedMap(config, settings, "receivers", name) // receivers is a map by the schema
	}
	completeHealth(config)
	showMetrics(config)
}

// refusal says what the operator would, empty when it has nothing against a spec.
func refusal(spec map[string]any, version string) string {
	mode, _ := spec["mode"].(string)
	if claims, _ := spec["volumeClaimTemplates"].([]any); mode != "statefulset" && len(claims) > 0 {
		return fmt.Sprintf("the OpenTelemetry Collector mode is set to %s, which does not support the attribute 'volumeClaimTemplates'", mode)
	}
	if version != "v1beta1" {
		return "" // the operator of that time found out later, when it made the Service
	}
	config, err := configOf(spec)
	if err == nil {
		_, err = ports(config)
	}
	if err != nil {
		return "the OpenTelemetry config is incorrect. The port numbers are invalid: " + err.Error()
	}
	return ""
}
