package otel

import (
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// processors are what a pipeline of traces can do with them on the way, in the distribution for Kubernetes and in contrib
// (opentelemetry-collector-releases:distributions/otelcol-{k8s,contrib}/manifest.yaml@v0.158.0).
var processors = []string{
	"attributes", "batch", "filter", "groupbyattrs", "groupbytrace", "k8s_attributes", "k8sattributes", "memory_limiter",
	"probabilistic_sampler", "redaction", "remotetap", "resource", "resourcedetection", "span", "tail_sampling", "transform",
}

// Processors lists the types of processors that a [Pipeline] can be given by name.
func Processors() []string { return slices.Clone(processors) }

// builtIn are settings of processors that work as they are. A limit in percent follows the container's own limit.
func builtIn(name string) (map[string]any, bool) {
	switch typeOf(name) {
	case "batch":
		return map[string]any{}, true
	case "memory_limiter":
		return map[string]any{"check_interval": "1s", "limit_percentage": int64(80), "spike_limit_percentage": int64(25)}, true
	}
	return nil, false
}

// processorSettings are the settings of the processors of a pipeline that work as they are. A name that is none is
// refused, and so is a processor that does nothing sensible without settings when config has none for it.
func processorSettings(names []string, config map[string]any) (map[string]any, error) {
	out := map[string]any{}
	for _, name := range names {
		if !slices.Contains(processors, typeOf(name)) {
			return nil, fault.Newf(fault.Invalid, "there is no processor %q for traces; there are %s", name, strings.Join(processors, ", "))
		}
		if settings, ok := builtIn(name); ok {
			out[name] = settings
			continue
		}
		if _, given := object.Lookup(config, "processors", name); !given {
			return nil, fault.Newf(fault.Invalid, "processor %s has no settings; give them in config as processors: {%s: {...}}", name, name)
		}
	}
	return out, nil
}
