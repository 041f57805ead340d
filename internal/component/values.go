package component

import "github.com/dxlab/terraform-provider-lab/internal/object"

// Enabled reads a switch of a chart's values; what is not set has the chart's default.
func Enabled(values map[string]any, byDefault bool, path ...string) bool {
	v, ok := object.Lookup(values, path...)
	if !ok {
		return byDefault
	}
	enabled, _ := v.(bool)
	return enabled
}

// Text reads a string of a chart's values; what is not set has the chart's default.
func Text(values map[string]any, byDefault string, path ...string) string {
	v, ok := object.Lookup(values, path...)
	if !ok {
		return byDefault
	}
	s, _ := v.(string)
	return s
}
