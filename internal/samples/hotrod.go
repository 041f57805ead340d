package samples

import (
	"fmt"
	"maps"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

const (
	hotrodName = "example-hotrod"
	// hotrodPort is where the pages are; the other parts are called through it.
	hotrodPort     = 8080
	hotrodPortName = "frontend"
)

// HotROD is Jaeger's example of a taxi service, four small services in one program, with a trace of every request. The
// zero value is the one of the tutorial with today's image and without tracing.
type HotROD struct {
	// Name and Namespace of all objects; empty is example-hotrod and default. Another namespace is made.
	Name, Namespace string
	// Image is the program; empty is the one of the default profile. Its tag says which exporter it has, see [Exporter].
	Image string
	// Replicas is the number of pods; zero is one.
	Replicas int32
	// Labels are added to all objects and to the pods.
	Labels map[string]string
	// TracingEndpoint is where spans go: "otel-collector.otel-system.svc:4318" or a URL. Empty sends none.
	TracingEndpoint string
	// Exporter overrides what the image's tag says; it is needed for a tag that is no version.
	Exporter Exporter
	// Ingress publishes the Service. Nil makes none.
	Ingress *Ingress
}

// DefaultHotRODImage is the image of the default profile.
func DefaultHotRODImage() string { return versions.Default().Images[versions.HotROD] }

// Component builds the sample. An endpoint that the image's exporter cannot speak to is [fault.Invalid].
func (h HotROD) Component() (component.Component, error) {
	h = h.filled()
	tracing, err := h.tracing()
	if err != nil {
		return component.Component{}, fmt.Errorf("sample %s: %w", h.Name, err)
	}
	objects, err := h.objects(tracing)
	if err != nil {
		return component.Component{}, fmt.Errorf("sample %s: %w", h.Name, err)
	}
	return h.program().component(objects), nil
}

// Host is the name by which the cluster's own pods, and routes, reach the sample.
func (h HotROD) Host() string {
	h = h.filled()
	return h.program().host(h.Name)
}

// Refs names the objects of the sample, in the order in which they are applied.
func (h HotROD) Refs() []object.Ref { return h.filled().program().refs() }

func (h HotROD) program() program {
	return program{place: place{h.Namespace}, name: h.Name, ingress: h.Ingress}
}

func (h HotROD) filled() HotROD {
	fill(&h.Name, hotrodName)
	fill(&h.Namespace, defaultNamespace)
	fill(&h.Image, DefaultHotRODImage())
	fill(&h.Replicas, 1)
	h.Ingress = h.Ingress.named(h.Name)
	return h
}

func (h HotROD) objects(t tracing) ([]object.Object, error) {
	labels := anyMap(h.Labels)
	labels[appLabel] = h.Name
	specs := []map[string]any{h.deployment(labels, t), {
		"selector": map[string]any{appLabel: h.Name},
		"ports": []any{map[string]any{
			"name": hotrodPortName, "port": int64(hotrodPort), "targetPort": hotrodPortName, "protocol": "TCP",
		}},
	}}
	if h.Ingress != nil {
		spec, err := h.Ingress.spec(h.Name, hotrodPort)
		if err != nil {
			return nil, err
		}
		specs = append(specs, spec)
	}
	var objects []object.Object
	for i, ref := range h.Refs() {
		o := object.New(ref)
		object.Set(o, maps.Clone(labels), "metadata", "labels")
		if ref.Kind == "Ingress" {
			h.Ingress.annotate(o)
		}
		o["spec"] = specs[i]
		objects = append(objects, o)
	}
	return objects, nil
}

// deployment has the ports and the limits of upstream's example (jaeger:examples/hotrod/kubernetes/base/hotrod).
func (h HotROD) deployment(labels map[string]any, t tracing) map[string]any {
	amounts := func() map[string]any { return map[string]any{"cpu": "100m", "memory": "100M"} }
	container := map[string]any{
		"name": hotrodName, "image": h.Image, "args": t.args(),
		"ports": []any{
			map[string]any{"name": hotrodPortName, "containerPort": int64(hotrodPort), "protocol": "TCP"},
			map[string]any{"name": "customer", "containerPort": int64(8081), "protocol": "TCP"},
			map[string]any{"name": "route", "containerPort": int64(8083), "protocol": "TCP"},
		},
		"resources": map[string]any{"limits": amounts(), "requests": amounts()},
	}
	if t.variable != "" {
		container["env"] = []any{map[string]any{"name": t.variable, "value": t.url}}
	}
	return map[string]any{
		"replicas": int64(h.Replicas),
		"selector": map[string]any{"matchLabels": map[string]any{appLabel: h.Name}},
		"template": map[string]any{
			"metadata": map[string]any{"labels": maps.Clone(labels)},
			"spec":     map[string]any{"containers": []any{container}},
		},
	}
}

// ReadHotROD is the inverse of [HotROD.Component], with objects desired or live and in any order. The Deployment must
// be among them.
func ReadHotROD(objects ...object.Object) (HotROD, error) {
	var h HotROD
	for _, o := range objects {
		var err error
		switch ref := object.RefOf(o); ref.Kind {
		case "Deployment":
			var w workload
			w, err = readWorkload(o, hotrodName, appLabel)
			h.Name, h.Namespace, h.Image, h.Replicas, h.Labels = w.name, w.namespace, w.image, w.replicas, w.labels
			h.TracingEndpoint, h.Exporter = w.tracing()
		case "Ingress":
			h.Ingress, err = readIngress(o)
		}
		if err != nil {
			return HotROD{}, fmt.Errorf("%s: %w", object.RefOf(o), err)
		}
	}
	if h.Name == "" {
		return HotROD{}, fmt.Errorf("reading a sample: no Deployment among the objects")
	}
	return h, nil
}

// tracing reads endpoint and exporter back. The exporter is told only where the image's tag does not say it.
func (w workload) tracing() (string, Exporter) {
	for _, candidate := range []struct {
		variable string
		exporter Exporter
	}{{variableOTLP, ExporterOTLP}, {variableJaeger, ExporterJaeger}, {variableOld, ExporterJaeger}} {
		where := w.env[candidate.variable]
		if where == "" {
			continue
		}
		if t, err := (HotROD{Image: w.image, TracingEndpoint: where}).tracing(); err == nil && t.variable == candidate.variable {
			return where, ""
		}
		return where, candidate.exporter
	}
	return "", ""
}
