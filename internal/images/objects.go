package images

import (
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Objects moves the images of objects: those of pods, of OpenTelemetry collectors and of Kiali servers. It changes the
// objects.
func (m Mirror) Objects(objects []object.Object) {
	if !m.Active() {
		return
	}
	for _, o := range objects {
		for _, spec := range podSpecs(o) {
			for _, c := range containers(spec) {
				m.move(c, "image")
			}
		}
		switch object.RefOf(o).Kind {
		case "OpenTelemetryCollector":
			m.move(object.Map(o, "spec"), "image")
		case "Kiali":
			m.kiali(o)
		}
	}
}

func (m Mirror) move(at map[string]any, field string) {
	if image, ok := at[field].(string); ok && image != "" {
		at[field] = m.Image(image)
	}
}

// kiali writes down the server's image, which its operator otherwise knows by itself (kiali-operator:
// roles/default/kiali-deploy/defaults/main.yml, deployment.image_name). The version stays the operator's.
func (m Mirror) kiali(o object.Object) {
	if object.String(o, "spec", "deployment", "image_name") != "" {
		m.move(object.Map(o, "spec", "deployment"), "image_name")
		return
	}
	if moved := m.name(kialiServer); moved != kialiServer {
		object.Set(o, moved, "spec", "deployment", "image_name")
	}
}

// podSpecs finds the pod specs in an object: of a Pod, of a workload's template, of a CronJob's job.
func podSpecs(o object.Object) []map[string]any {
	var found []map[string]any
	for _, path := range []string{"spec", "spec.template.spec", "spec.jobTemplate.spec.template.spec"} {
		spec := object.Map(o, strings.Split(path, ".")...)
		if len(object.List(spec, "containers")) > 0 && (path != "spec" || object.String(o, "kind") == "Pod") {
			found = append(found, spec)
		}
	}
	return found
}

func containers(spec map[string]any) []map[string]any {
	var found []map[string]any
	for _, field := range []string{"initContainers", "containers", "ephemeralContainers"} {
		for _, c := range object.List(spec, field) {
			if c, ok := c.(map[string]any); ok {
				found = append(found, c)
			}
		}
	}
	return found
}
