package otel

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// removed are components that collectors of 2023 had and later ones refuse to start with, and what does the same today, if anything does
// (opentelemetry-collector:CHANGELOG.md, 0.111.0; opentelemetry-collector-contrib:CHANGELOG.md, 0.123.0).
var removed = map[string]map[string]string{
	"receivers": {"opencensus": ""},
	"exporters": {"logging": "debug"},
}

// translated is a configuration of an operator of 2023 in the words of the collector that really runs in the lab, which is of today whatever tag
// its image has. Collectors of that time showed their metrics on all addresses without being told.
func translated(config map[string]any) map[string]any {
	out := (&unstructured.Unstructured{Object: config}).DeepCopy().Object
	for kindOf, names := range removed {
		components, _, _ := unstructured.NestedMap(out, kindOf)
		for name := range components {
			instead, gone := names[typeOf(name)]
			if !gone {
				continue
			}
			delete(components, name)
			renamed := ""
			if instead != "" {
				renamed = instead + name[len(typeOf(name)):]
				components[renamed] = map[string]any{"verbosity": "detailed"}
			}
			renameInPipelines(out, kindOf, name, renamed)
		}
		if components != nil {
			out[kindOf] = components
		}
	}
	showMetrics(out)
	return out
}

// renameInPipelines gives a component another name wherever a pipeline uses it, or takes it out when that is empty.
func renameInPipelines(config map[string]any, kindOf, from, to string) {
	pipelines, _, _ := unstructured.NestedMap(config, "service", "pipelines")
	for _, below := range pipelines {
		pipeline, _ := below.(map[string]any)
		used, _ := pipeline[kindOf].([]any)
		i := slices.Index(used, any(from))
		switch {
		case i < 0:
		case to == "":
			pipeline[kindOf] = slices.Delete(used, i, i+1)
		default:
			used[i] = to
		}
	}
	if pipelines != nil {
		_ = unstructured.SetNestedMap(config, pipelines, "service", "pipelines") // service is a map, the pipelines were read from it
	}
}

// showMetrics gives a collector's own metrics a reader for everybody where it has none.
func showMetrics(config map[string]any) {
	path := []string{"service", "telemetry", "metrics", "readers"}
	if _, has, _ := unstructured.NestedSlice(config, path...); has {
		return
	}
	reader := map[string]any{"pull": map[string]any{"exporter": map[string]any{"prometheus": map[string]any{"host": "0.0.0.0", "port": metricsPort}}}}
	_ = unstructured.SetNestedSlice(config, []any{reader}, path...) // service is a map by the schema
}
