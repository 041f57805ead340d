// Package images knows where container images come from: which values of a chart name them, how a mirror stands in for
// the registries of upstream, and which images a set of objects needs.
package images

import (
	"slices"
	"strings"
)

// Mirror is a registry that stands in for others. Its zero value leaves every image where it is.
type Mirror struct {
	// Registry is host[:port][/path]. An image keeps its path below it and loses its registry's host:
	// quay.io/metallb/speaker:v1 becomes <Registry>/metallb/speaker:v1.
	Registry string
	// Exceptions say for the beginning of an image's name, such as "quay.io", "docker.io/grafana" or
	// "docker.io/library/nginx", what replaces it; an empty text leaves these images where they are. The longest one wins.
	Exceptions map[string]string
}

// public are the registries that the charts and samples of this project take images from. An image of any other
// registry was chosen by a user and is left alone.
var public = []string{"docker.io", "gcr.io", "ghcr.io", "quay.io", "registry.istio.io", "registry.k8s.io"}

// Registries lists the registries that a mirror stands in for.
func Registries() []string { return slices.Clone(public) }

// Active reports whether any image may be moved.
func (m Mirror) Active() bool { return m.Registry != "" || len(m.Exceptions) > 0 }

// Image returns where an image, with or without tag and digest, is taken from. One that stays is returned as it is
// written.
func (m Mirror) Image(image string) string {
	name, tag := cut(image)
	moved := m.name(full(name))
	if moved == full(name) {
		return image
	}
	return moved + tag
}

// name returns where the name of an image, or what several begin with, leads. It is written out.
func (m Mirror) name(name string) string {
	best, found := "", false
	for prefix := range m.Exceptions {
		if (name == prefix || strings.HasPrefix(name, prefix+"/")) && (!found || len(prefix) > len(best)) {
			best, found = prefix, true
		}
	}
	host, path, _ := strings.Cut(name, "/")
	switch {
	case found && m.Exceptions[best] == "":
		return name
	case found:
		return m.Exceptions[best] + strings.TrimPrefix(name, best)
	case m.Registry == "" || !slices.Contains(public, host):
		return name
	}
	return m.Registry + "/" + path
}

// Full writes an image out: "nginx" is docker.io/library/nginx:latest to every container runtime
// (distribution/reference: normalize.go).
func Full(image string) string {
	name, tag := cut(image)
	if tag == "" {
		tag = ":latest"
	}
	return full(name) + tag
}

func full(name string) string {
	host, path, found := strings.Cut(name, "/")
	switch {
	case !found:
		return "docker.io/library/" + name
	case host == "docker.io" && !strings.Contains(path, "/"):
		return "docker.io/library/" + path
	case strings.ContainsAny(host, ".:") || host == "localhost":
		return name
	}
	return "docker.io/" + name
}

// cut splits an image into its name and what follows it: ":tag", "@sha256:..." or both.
func cut(image string) (name, rest string) {
	name, digest, hasDigest := strings.Cut(image, "@")
	if hasDigest {
		rest = "@" + digest
	}
	if at := strings.LastIndexByte(name, ':'); at > strings.LastIndexByte(name, '/') {
		name, rest = name[:at], name[at:]+rest
	}
	return name, rest
}

// Tag returns an image's tag, empty when it has none.
func Tag(image string) string {
	_, rest := cut(image)
	tag, _, _ := strings.Cut(strings.TrimPrefix(rest, ":"), "@")
	return tag
}
