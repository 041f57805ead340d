package samples

import (
	"fmt"
	"maps"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

const (
	ingressAPI = "networking.k8s.io/v1"
	appLabel   = "app"
	portName   = "http"
)

type ingressSpec struct {
	ClassName string        `json:"ingressClassName,omitempty"`
	Rules     []ingressRule `json:"rules"`
}

type ingressRule struct {
	Host string      `json:"host,omitempty"`
	HTTP ingressHTTP `json:"http"`
}

type ingressHTTP struct {
	Paths []ingressPath `json:"paths"`
}

type ingressPath struct {
	Path     string         `json:"path"`
	PathType string         `json:"pathType"`
	Backend  ingressBackend `json:"backend"`
}

type ingressBackend struct {
	Service ingressService `json:"service"`
}

type ingressService struct {
	Name string      `json:"name"`
	Port portByValue `json:"port"`
}

type portByValue struct {
	Number int32 `json:"number"`
}

func (n Nginx) objects() ([]object.Object, error) {
	specs := []map[string]any{n.deployment(), n.service()}
	if n.Ingress != nil {
		spec, err := object.Encode(n.ingress())
		if err != nil {
			return nil, err
		}
		specs = append(specs, spec)
	}
	var objects []object.Object
	for i, ref := range n.Refs() {
		o := object.New(ref)
		object.Set(o, n.labels(), "metadata", "labels")
		if ref.Kind == "Ingress" && len(n.Ingress.Annotations) > 0 {
			object.Set(o, anyMap(n.Ingress.Annotations), "metadata", "annotations")
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

func (n Nginx) ingress() ingressSpec {
	backend := ingressBackend{ingressService{Name: n.Name, Port: portByValue{nginxPort}}}
	return ingressSpec{ClassName: n.Ingress.ClassName, Rules: []ingressRule{{
		Host: n.Ingress.Host,
		HTTP: ingressHTTP{Paths: []ingressPath{{Path: "/", PathType: "Prefix", Backend: backend}}},
	}}}
}

// ReadNginx is the inverse of [Nginx.Component]: it reads the sample from its objects, desired or live, in any order.
// What was left to a default reads as the default. The Deployment must be among the objects.
func ReadNginx(objects ...object.Object) (Nginx, error) {
	var n Nginx
	for _, o := range objects {
		switch ref := object.RefOf(o); ref.Kind {
		case "Deployment":
			if err := n.readDeployment(o); err != nil {
				return Nginx{}, fmt.Errorf("%s: %w", ref, err)
			}
		case "Ingress":
			if err := n.readIngress(o); err != nil {
				return Nginx{}, fmt.Errorf("%s: %w", ref, err)
			}
		}
	}
	if n.Name == "" {
		return Nginx{}, fmt.Errorf("reading a sample: no Deployment among the objects")
	}
	return n, nil
}

func (n *Nginx) readDeployment(o object.Object) error {
	var live struct {
		Metadata struct {
			Name      string            `json:"name"`
			Namespace string            `json:"namespace"`
			Labels    map[string]string `json:"labels"`
		} `json:"metadata"`
		Spec struct {
			Replicas int32 `json:"replicas"`
			Template struct {
				Spec struct {
					Containers []struct {
						Name  string `json:"name"`
						Image string `json:"image"`
					} `json:"containers"`
				} `json:"spec"`
			} `json:"template"`
		} `json:"spec"`
	}
	if err := object.Decode(o, &live); err != nil {
		return err
	}
	n.Name, n.Namespace, n.Replicas = live.Metadata.Name, live.Metadata.Namespace, live.Spec.Replicas
	// Injection may have put a proxy beside the server.
	for _, c := range live.Spec.Template.Spec.Containers {
		if c.Name == nginxName {
			n.Image = c.Image
		}
	}
	maps.DeleteFunc(live.Metadata.Labels, func(key, _ string) bool { return key == appLabel })
	if len(live.Metadata.Labels) > 0 {
		n.Labels = live.Metadata.Labels
	}
	return nil
}

func (n *Nginx) readIngress(o object.Object) error {
	var spec ingressSpec
	if err := object.Decode(object.Map(o, "spec"), &spec); err != nil {
		return err
	}
	n.Ingress = &Ingress{Name: object.String(o, "metadata", "name"), ClassName: spec.ClassName}
	if len(spec.Rules) > 0 {
		n.Ingress.Host = spec.Rules[0].Host
	}
	if annotations := object.Map(o, "metadata", "annotations"); annotations != nil {
		return object.Decode(annotations, &n.Ingress.Annotations)
	}
	return nil
}

func anyMap(in map[string]string) map[string]any {
	out := make(map[string]any, len(in)+1)
	for key, value := range in {
		out[key] = value
	}
	return out
}
