package otel

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// ReadPipeline reads a pipeline back from a live collector. What [Pipeline] has no field for ends up in Config; what the
// operator filled in is left out. OperatorVersion stays empty.
func ReadPipeline(o object.Object) (Pipeline, error) {
	ref := object.RefOf(o)
	if ref.Kind != kindCollector {
		return Pipeline{}, fmt.Errorf("reading a pipeline: %s is no %s", ref, kindCollector)
	}
	_, api, _ := strings.Cut(ref.APIVersion, "/")
	p := Pipeline{
		Name: ref.Name, Namespace: ref.Namespace, APIVersion: api,
		Mode: object.String(o, "spec", "mode"), Image: object.String(o, "spec", "image"),
		Receivers: []string{}, Processors: []string{},
	}
	config, err := configOf(o)
	if err != nil {
		return Pipeline{}, fmt.Errorf("reading %s: %w", ref, err)
	}
	more := map[string]any{}
	traces := object.Map(config, "service", "pipelines", "traces")
	for _, name := range texts(object.List(traces, "receivers")) {
		p.readReceiver(name, object.Map(config, "receivers", name), more)
	}
	for _, name := range texts(object.List(traces, "processors")) {
		p.Processors = append(p.Processors, name)
		live := object.Map(config, "processors", name)
		if own, ok := builtIn(name); !ok || len(live) > 0 && !same(own, live) {
			object.Set(more, live, "processors", name)
		}
	}
	for _, name := range texts(object.List(traces, "exporters")) {
		p.readExporter(name, object.Map(config, "exporters", name))
	}
	if len(more) > 0 {
		p.Config = more
	}
	return p, nil
}

func configOf(o object.Object) (map[string]any, error) {
	if config := object.Map(o, "spec", "config"); config != nil {
		return config, nil
	}
	config := map[string]any{}
	if err := yaml.Unmarshal([]byte(object.String(o, "spec", "config")), &config); err != nil {
		return nil, fmt.Errorf("its configuration: %w", err)
	}
	return config, nil
}

// readReceiver takes over a receiver that has its usual endpoints by its name, and others with their settings.
func (p *Pipeline) readReceiver(name string, live map[string]any, more map[string]any) {
	usual, known := receivers([]string{name})[name].(map[string]any)
	if known {
		p.Receivers = append(p.Receivers, name)
	}
	if !known || !same(usual, live) {
		object.Set(more, live, "receivers", name)
	}
}

// readExporter takes over the exporters that have a field of their own; others are further ones.
func (p *Pipeline) readExporter(name string, live map[string]any) {
	insecure, _ := object.Lookup(live, "tls", "insecure")
	switch {
	case (name == "otlp" || name == "otlp_grpc") && insecure == true && len(live) == 2:
		p.TempoEndpoint = object.String(live, "endpoint")
	case (name == "debug" || name == "logging") && slices.Equal(slices.Collect(maps.Keys(live)), []string{"verbosity"}):
		p.Debug = object.String(live, "verbosity")
	default:
		if p.Exporters == nil {
			p.Exporters = map[string]any{}
		}
		p.Exporters[name] = live
	}
}

// same compares as JSON does, in which a number is a number.
func same(a, b map[string]any) bool {
	var left, right map[string]any
	if object.Decode(a, &left) != nil || object.Decode(b, &right) != nil {
		return false
	}
	return reflect.DeepEqual(left, right)
}
