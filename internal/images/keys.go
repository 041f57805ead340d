package images

import (
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// key is a place in a chart's values that names an image, or a part of the name.
type key struct {
	// path is dotted.
	path string
	// image is what upstream's default means, written out and without tag.
	image string
	// registry is the path of the value that holds the registry where it is apart; path then holds the rest, whose
	// default is rest.
	registry, rest string
	// flag is set to true when the image is moved.
	flag bool
}

// whole is a value with registry and path of an image.
func whole(path, image string) key { return key{path: path, image: image} }

// split is a pair of values, <block>.registry and <block>.<name>: the image is the registry, a slash and rest.
func split(block, name, image, rest string) key {
	return key{path: block + "." + name, registry: block + ".registry", image: image, rest: rest}
}

// repository is the usual pair, whose path follows the registry's host.
func repository(block, image string) key {
	_, rest, _ := strings.Cut(image, "/")
	return split(block, "repository", image, rest)
}

// Values returns the values that make a chart take its images from the mirror, by dotted path; nothing for a chart that
// is not known, and for images that stay where they are. given are the values that it gets otherwise: an image that they
// choose is moved instead of the chart's default. An unreadable version counts as the newest.
func (m Mirror) Values(chart, version string, given map[string]any) map[string]string {
	out := map[string]string{}
	for _, k := range keysOf(chart, version) {
		k.choose(given)
		moved := m.name(k.image)
		if moved == k.image {
			continue
		}
		switch {
		case k.flag:
			out[k.path] = "true"
		case k.registry == "":
			out[k.path] = moved
		default:
			k.split(moved, out)
		}
	}
	return out
}

// choose takes over an image that values name instead of the chart's default.
func (k *key) choose(given map[string]any) {
	chosen := object.String(given, strings.Split(k.path, ".")...)
	switch {
	case chosen == "" || k.flag || chosen == k.rest:
	case k.registry == "":
		k.image = full(chosen)
	default:
		host, _, _ := strings.Cut(k.image, "/")
		if registry := object.String(given, strings.Split(k.registry, ".")...); registry != "" {
			host = registry
		}
		k.image, k.rest = host+"/"+chosen, chosen
	}
}

// split writes a moved image into the two values of its key.
func (k key) split(moved string, out map[string]string) {
	registry, kept := strings.CutSuffix(moved, "/"+k.rest)
	switch {
	case kept:
	case k.path == "": // the chart has one registry for images of many paths
		return
	default: // an exception changed the path as well
		registry, out[k.path], _ = strings.Cut(moved, "/")
	}
	out[k.registry] = registry
}

// Nested turns dotted paths into values as a chart takes them. "true" becomes a boolean.
func Nested(dotted map[string]string) map[string]any {
	out := map[string]any{}
	for path, text := range dotted {
		var value any = text
		if text == "true" {
			value = true
		}
		object.Set(out, value, strings.Split(path, ".")...)
	}
	return out
}

// layout are a chart's keys from a version on, up to the next one.
type layout struct {
	major, minor, patch uint64
	keys                []key
}

// keysOf returns the keys of a version of a chart.
func keysOf(chart, version string) []key {
	all := layouts[chart]
	if len(all) == 0 {
		return nil
	}
	v, err := versions.Parse(version)
	if err != nil {
		return all[len(all)-1].keys
	}
	for _, l := range slices.Backward(all) {
		if v.AtLeast(l.major, l.minor, l.patch) {
			return l.keys
		}
	}
	return all[0].keys
}
