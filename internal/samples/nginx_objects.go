package samples

import (
	"fmt"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

const (
	appLabel = "app"
	portName = "http"
)

func (n Nginx) objects() ([]object.Object, error) {
	specs := []map[string]any{n.deployment(), n.service()}
	if n.Ingress != nil {
		spec, err := n.Ingress.spec(n.Name, nginxPort)
		if err != nil {
			return nil, err
		}
		specs = append(specs, spec)
	}
	var objects []object.Object
	for i, ref := range n.Refs() {
		o := object.New(ref)
		object.Set(o, n.labels(), "metadata", "labels")
		if ref.Kind == "Ingress" {
			n.Ingress.annotate(o)
		}
		o["spec"] = specs[i]
		objects = append(objects, o)
	}
	return objects, nil
}

// labels carry app, which the Service selects and which Istio and Kiali call the workload by.
func (n Nginx) labels() map[string]any {
	labels := anyMap(n.Labels)
	labels[appLabel] = n.Name
	return labels
}

func (n Nginx) selector() map[string]any { return map[string]any{appLabel: n.Name} }

func (n Nginx) deployment() map[string]any {
	return map[string]any{
		"replicas": int64(n.Replicas),
		"selector": map[string]any{"matchLabels": n.selector()},
		"template": map[string]any{
			"metadata": map[string]any{"labels": n.labels()},
			"spec": map[string]any{"containers": []any{map[string]any{
				"name":  nginxName,
				"image": n.Image,
				"ports": []any{map[string]any{"name": portName, "containerPort": int64(nginxPort), "protocol": "TCP"}},
				"readinessProbe": map[string]any{
					"httpGet": map[string]any{"path": "/", "port": portName},
				},
				"resources": map[string]any{"requests": map[string]any{"cpu": "10m", "memory": "16Mi"}},
			}}},
		},
	}
}

func (n Nginx) service() map[string]any {
	return map[string]any{
		"type":     "ClusterIP",
		"selector": n.selector(),
		"ports":    []any{map[string]any{"name": portName, "port": int64(nginxPort), "targetPort": portName, "protocol": "TCP"}},
	}
}

// ReadNginx is the inverse of [Nginx.Component]: it reads the sample from its objects, desired or live, in any order.
// What was left to a default reads as the default. The Deployment must be among the objects.
func ReadNginx(objects ...object.Object) (Nginx, error) {
	var n Nginx
	for _, o := range objects {
		var err error
		switch ref := object.RefOf(o); ref.Kind {
		case "Deployment":
			var w workload
			w, err = readWorkload(o, nginxName, appLabel)
			n.Name, n.Namespace, n.Image, n.Replicas, n.Labels = w.name, w.namespace, w.image, w.replicas, w.labels
		case "Ingress":
			n.Ingress, err = readIngress(o)
		}
		if err != nil {
			return Nginx{}, fmt.Errorf("%s: %w", object.RefOf(o), err)
		}
	}
	if n.Name == "" {
		return Nginx{}, fmt.Errorf("reading a sample: no Deployment among the objects")
	}
	return n, nil
}
