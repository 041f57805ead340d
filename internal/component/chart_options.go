package component

import "github.com/dxlab/terraform-provider-lab/internal/object"

// ChartOptions is what the user of a component may decide about one of its charts. What is left empty is decided by
// the component.
type ChartOptions struct {
	// Release, Namespace, Repository, Version and Digest replace the component's own choice, see [Chart].
	Release, Namespace, Repository, Version, Digest string
	// Values are merged over the component's values and win.
	Values map[string]any
	// SecretValues are kept apart from Values and never shown.
	SecretValues map[string]any
	// Adopt takes over a release or objects that somebody else installed.
	Adopt bool
}

// Over returns c with the options laid over it.
func (o ChartOptions) Over(c Chart) Chart {
	c.Release = either(o.Release, c.Release)
	c.Namespace = either(o.Namespace, c.Namespace)
	c.Repository = either(o.Repository, c.Repository)
	c.Direct = c.Direct || o.Repository != ""
	c.Version = either(o.Version, c.Version)
	c.Digest = either(o.Digest, c.Digest)
	c.Values = MergeValues(c.Values, o.Values)
	c.UserValues = MergeValues(c.UserValues, o.Values)
	c.SecretValues = MergeValues(c.SecretValues, o.SecretValues)
	c.Adopt = c.Adopt || o.Adopt
	return c
}

func either(wanted, otherwise string) string {
	if wanted != "" {
		return wanted
	}
	return otherwise
}

// MergeValues lays over on base and returns a new map: maps are merged key by key, everything else is replaced. A key
// that is null in over is null in the result, which is how Helm is told to forget a chart's default.
func MergeValues(base, over map[string]any) map[string]any {
	if base == nil && over == nil {
		return nil
	}
	out := object.Copy(base)
	for key, value := range over {
		below, isMap := out[key].(map[string]any)
		above, alsoMap := value.(map[string]any)
		switch {
		case isMap && alsoMap:
			out[key] = MergeValues(below, above)
		case alsoMap:
			out[key] = object.Copy(above)
		default:
			out[key] = value
		}
	}
	return out
}
