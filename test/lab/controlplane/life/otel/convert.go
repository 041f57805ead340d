package otel

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Converts implements webhook.Converter.
func (w *Webhook) Converts(of, kindOf string) bool { return of == group && kindOf == kind }

// Convert implements webhook.Converter: the configuration becomes a text or an object. One that cannot be read becomes an empty one, because a
// conversion must not fail (opentelemetry-operator:internal/webhook/collector_conversion.go@v0.158.0).
func (w *Webhook) Convert(object *unstructured.Unstructured, desired string) error {
	spec, found, err := unstructured.NestedMap(object.Object, "spec")
	if err != nil || !found {
		return err
	}
	config, err := configOf(spec)
	if err != nil {
		config = map[string]any{}
	}
	if strings.HasSuffix(desired, "/v1alpha1") {
		text, err := yaml.Marshal(config)
		if err != nil {
			return fmt.Errorf("writing the configuration: %w", err)
		}
		spec["config"] = string(text)
		delete(spec, "configVersions")
		delete(spec, "ipFamilyPolicy")
	} else {
		for _, needed := range [][]string{{"receivers"}, {"exporters"}, {"service", "pipelines"}} {
			if _, has, _ := unstructured.NestedMap(config, needed...); !has {
				_ = unstructured.SetNestedMap(config, map[string]any{}, needed...) // the path is free, or not a map and so lost
			}
		}
		spec["config"] = config
	}
	return unstructured.SetNestedMap(object.Object, spec, "spec")
}
