package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/samples"
)

// liveRefs names everything that an application of this name may have. The Ingress may have the application's name, or
// one of the two forms that the tutorial uses.
func (m *sampleAppModel) liveRefs() []object.Ref {
	namespace, name := m.id()
	var refs []object.Ref
	if name == samples.BookinfoName {
		refs = samples.Bookinfo{Namespace: namespace}.Refs()
	} else {
		refs = samples.Nginx{Name: name, Namespace: namespace}.Refs()
	}
	for _, ingress := range []string{name, "ingress-" + name, "ingress-" + name + "-svc"} {
		refs = append(refs, object.Ref{APIVersion: "networking.k8s.io/v1", Kind: "Ingress", Namespace: namespace, Name: ingress})
	}
	return refs
}

// readLive recognises the application and takes over what differs from its defaults.
func (m *sampleAppModel) readLive(_ context.Context, objects []object.Object, diags *diag.Diagnostics) {
	var err error
	switch {
	case m.Name.ValueString() == samples.BookinfoName:
		m.App = types.StringValue(appBookinfo)
		err = m.readBookinfo(objects)
	case hasHotROD(objects):
		m.App = types.StringValue(appHotROD)
		err = m.readHotROD(objects)
	default:
		m.App = types.StringValue(appNginx)
		err = m.readNginx(objects)
	}
	if err != nil {
		diags.AddError("Importing "+sampleAppType+" failed", sentence(err.Error()))
	}
}

// hasHotROD looks for HotROD's own variable names and image name in the Deployment.
func hasHotROD(objects []object.Object) bool {
	for _, o := range objects {
		for _, c := range object.List(o, "spec", "template", "spec", "containers") {
			if container, ok := c.(map[string]any); ok && strings.Contains(object.String(container, "name"), "hotrod") {
				return true
			}
		}
	}
	return false
}

func (m *sampleAppModel) readNginx(objects []object.Object) error {
	n, err := samples.ReadNginx(objects...)
	m.take(n.Image, samples.NginxImage, n.Replicas, n.Labels, n.Ingress)
	return err
}

func (m *sampleAppModel) readHotROD(objects []object.Object) error {
	h, err := samples.ReadHotROD(objects...)
	m.take(h.Image, samples.DefaultHotRODImage(), h.Replicas, h.Labels, h.Ingress)
	m.TracingEndpoint, m.TracingExporter = nullIfEmpty(h.TracingEndpoint), nullIfEmpty(string(h.Exporter))
	return err
}

func (m *sampleAppModel) readBookinfo(objects []object.Object) error {
	b, err := samples.ReadBookinfo(objects...)
	image, tag := samples.DefaultBookinfoImage()
	m.take(b.Image, image, b.Replicas, b.Labels, b.Ingress)
	if b.Tag != tag {
		m.ImageTag = nullIfEmpty(b.Tag)
	}
	return err
}

// take reads a default as nothing, because a configuration leaves it out.
func (m *sampleAppModel) take(image, byDefault string, replicas int32, labels map[string]string, ingress *samples.Ingress) {
	if image != byDefault {
		m.Image = nullIfEmpty(image)
	}
	if replicas > 1 {
		m.Replicas = types.Int32Value(replicas)
	}
	m.Labels = mapOf(labels)
	if ingress == nil {
		return
	}
	m.Ingress = &sampleIngressModel{Host: nullIfEmpty(ingress.Host), ClassName: nullIfEmpty(ingress.ClassName), Annotations: mapOf(ingress.Annotations)}
	if ingress.Name != m.Name.ValueString() {
		m.Ingress.Name = types.StringValue(ingress.Name)
	}
}
