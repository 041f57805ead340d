package images

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Of lists the images that objects need, written out, sorted and without repetition: those of pods, those that
// controllers are told of by argument or environment, those in custom resources, and the proxies that Istio injects.
func Of(objects []object.Object) []string {
	found := set{}
	for _, o := range objects {
		for _, spec := range podSpecs(o) {
			for _, c := range containers(spec) {
				found.container(c)
			}
		}
		found.custom(o)
		found.injected(o)
	}
	return found.sorted()
}

// Sorted writes images out, sorts them and drops repetitions.
func Sorted(images []string) []string {
	found := set{}
	for _, image := range images {
		found.add(image)
	}
	return found.sorted()
}

type set map[string]bool

// add takes an image unless it is a placeholder: Istio's gateways have "auto", which the injection replaces.
func (s set) add(image string) {
	if image != "" && image != "auto" {
		s[Full(image)] = true
	}
}

func (s set) sorted() []string {
	out := make([]string, 0, len(s))
	for image := range s {
		out = append(out, image)
	}
	slices.Sort(out)
	return out
}

// argument is how controllers are told of the images that they will run: --collector-image=, --acme-http01-solver-image=,
// --prometheus-config-reloader=. A default base image without tag (--alertmanager-default-base-image=) is none.
var argument = regexp.MustCompile(`^--?(?:[a-z0-9-]*image|prometheus-config-reloader)=(.+[:@].+)$`)

// related is how operators are told by their environment.
var related = regexp.MustCompile(`(?i)^(related_image_\w+|\w+_image)$`)

func (s set) container(c map[string]any) {
	s.add(object.String(c, "image"))
	for _, field := range []string{"args", "command"} {
		for _, a := range object.List(c, field) {
			text, _ := a.(string)
			if m := argument.FindStringSubmatch(text); m != nil {
				s.add(m[1])
			}
		}
	}
	for _, e := range object.List(c, "env") {
		e, _ := e.(map[string]any)
		value := object.String(e, "value")
		if _, tag := cut(value); related.MatchString(object.String(e, "name")) && tag != "" && strings.Contains(value, "/") {
			s.add(value)
		}
	}
}

// custom takes the image of a custom resource whose controller makes the pods: Prometheus, Alertmanager, ThanosRuler,
// OpenTelemetryCollector.
func (s set) custom(o object.Object) {
	group := object.RefOf(o).Group()
	if !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io") {
		return
	}
	s.add(object.String(o, "spec", "image"))
}

// injected takes the proxy of Istio's injector, which is in the JSON that its ConfigMap has for the templates
// (istiod chart: templates/istiod-injector-configmap.yaml).
func (s set) injected(o object.Object) {
	if o["kind"] != "ConfigMap" || !strings.HasPrefix(object.RefOf(o).Name, "istio-sidecar-injector") {
		return
	}
	var values map[string]any
	if json.Unmarshal([]byte(object.String(o, "data", "values")), &values) != nil {
		return
	}
	hub, image := object.String(values, "global", "hub"), object.String(values, "global", "proxy", "image")
	tag := object.String(values, "global", "tag")
	if variant := object.String(values, "global", "variant"); variant != "" && variant != "default" {
		tag += "-" + variant // istio:pkg/kube/inject, ProxyImage
	}
	switch {
	case strings.Contains(image, "/"):
		s.add(image)
	case hub != "" && image != "" && tag != "":
		s.add(hub + "/" + image + ":" + tag)
	}
}

// Operands lists the images that an operator's chart makes run and that nothing in the chart names. appVersion is the
// chart's; a chart that is no such operator has none.
func Operands(chart, appVersion string) []string {
	if chart != "kiali-operator" || appVersion == "" {
		return nil
	}
	return []string{kialiServer + ":v" + strings.TrimPrefix(appVersion, "v")}
}
