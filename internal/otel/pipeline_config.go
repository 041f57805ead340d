package otel

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// spec builds the collector's spec, and the configuration in it, which v1alpha1 holds as a text.
func (p Pipeline) spec() (spec, config map[string]any, err error) {
	version, err := parsed(p.OperatorVersion)
	if err != nil {
		return nil, nil, err
	}
	if err := p.check(version); err != nil {
		return nil, nil, err
	}
	if config, err = p.config(dialectOf(version, p.Image)); err != nil {
		return nil, nil, err
	}
	spec = map[string]any{"mode": p.Mode, "config": any(config)}
	if p.APIVersion == Alpha {
		text, err := yaml.Marshal(config)
		if err != nil {
			return nil, nil, fmt.Errorf("writing the configuration: %w", err)
		}
		spec["config"] = string(text)
	}
	if p.Replicas != nil {
		spec["replicas"] = int64(*p.Replicas)
	}
	if p.Image != "" {
		spec["image"] = p.Image
	}
	return component.MergeValues(spec, p.Spec), config, nil
}

// config builds the collector's configuration in the words of its version.
func (p Pipeline) config(d dialect) (map[string]any, error) {
	from, err := ordered(p.Receivers, d)
	if err != nil {
		return nil, err
	}
	steps, err := processorSettings(p.Processors, p.Config)
	if err != nil {
		return nil, err
	}
	to, exporters, err := p.exporters(d)
	if err != nil {
		return nil, err
	}
	config := map[string]any{
		"receivers": receivers(from),
		"exporters": exporters,
		"service": map[string]any{"pipelines": map[string]any{"traces": map[string]any{
			"receivers": anys(from), "processors": anys(p.Processors), "exporters": anys(to),
		}}},
	}
	if len(steps) > 0 {
		config["processors"] = steps
	}
	config = withoutNulls(component.MergeValues(config, p.Config))
	return config, checkConfig(config, d)
}

// exporters returns the exporters of the pipeline, in order, and the settings of all.
func (p Pipeline) exporters(d dialect) ([]string, map[string]any, error) {
	settings := map[string]any{}
	var order []string
	if p.TempoEndpoint != "" {
		order = append(order, d.otlpExporter())
		settings[d.otlpExporter()] = map[string]any{"endpoint": p.TempoEndpoint, "tls": map[string]any{"insecure": true}}
	}
	if p.Debug != "" {
		order = append(order, d.debugExporter())
		settings[d.debugExporter()] = map[string]any{"verbosity": p.Debug}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Exporters)) {
		if settings[name] != nil {
			return nil, nil, fault.Newf(fault.Invalid, "exporter %s is given twice; call the further one %s/other", name, name)
		}
		order = append(order, name)
		settings[name] = p.Exporters[name]
	}
	if len(order) == 0 && object.List(p.Config, "service", "pipelines", "traces", "exporters") == nil {
		return nil, nil, fault.Newf(fault.Invalid, "the pipeline leads nowhere; give tempo_endpoint, debug or exporters")
	}
	return order, settings, nil
}

// checkConfig refuses a configuration with which the collector would not start: a pipeline that names what is not there,
// or a component that its version no longer has, even if no pipeline uses it.
func checkConfig(config map[string]any, d dialect) error {
	for name := range object.Map(config, "receivers") {
		if typeOf(name) == openCensus && !d.openCensus {
			return goneOpenCensus(d)
		}
	}
	for name := range object.Map(config, "exporters") {
		if typeOf(name) == "logging" && d.debug {
			return fault.Newf(fault.Invalid, "exporter %s is gone since collector 0.111.0, and this is %s; it is called debug now", name, d.collector)
		}
	}
	pipelines := object.Map(config, "service", "pipelines")
	for _, pipeline := range slices.Sorted(maps.Keys(pipelines)) {
		for _, kind := range []string{"receivers", "processors", "exporters"} {
			for _, name := range texts(object.List(pipelines, pipeline, kind)) {
				if _, there := object.Lookup(config, kind, name); there {
					continue
				}
				if _, there := object.Lookup(config, "connectors", name); there {
					continue
				}
				return fault.Newf(fault.Invalid, "pipeline %s names %s %s, which the configuration does not have; it has %s",
					pipeline, strings.TrimSuffix(kind, "s"), name, namesOf(object.Map(config, kind)))
			}
		}
	}
	return nil
}

func namesOf(m map[string]any) string {
	if len(m) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}

// withoutNulls writes a component without settings as an empty map, as the operator asks for, which otherwise warns and
// puts the defaults in the place of the null (opentelemetry-operator:internal/webhook/collector_webhook.go@v0.158.0).
func withoutNulls(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for key, value := range m {
		switch value := value.(type) {
		case nil:
			out[key] = map[string]any{}
		case map[string]any:
			out[key] = withoutNulls(value)
		default:
			out[key] = value
		}
	}
	return out
}

func anys(texts []string) []any {
	out := make([]any, 0, len(texts))
	for _, t := range texts {
		out = append(out, t)
	}
	return out
}
