package samples

import (
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

const ingressAPI = "networking.k8s.io/v1"

// Ingress is how a sample is published.
type Ingress struct {
	// Name is the Ingress' name; empty is the sample's.
	Name string
	// Host is the name in the request. Empty serves every host.
	Host string
	// ClassName is the IngressClass. Empty leaves the choice to the cluster: its default class, or RKE2's
	// ingress-nginx, which serves an Ingress without class.
	ClassName string
	// Annotations of the Ingress.
	Annotations map[string]string
}

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

// named returns the Ingress with its name written out; the caller's is left alone.
func (i *Ingress) named(sample string) *Ingress {
	if i == nil || i.Name != "" {
		return i
	}
	named := *i
	named.Name = sample
	return &named
}

// spec leads all paths to one port of a Service.
func (i *Ingress) spec(service string, port int32) (map[string]any, error) {
	backend := ingressBackend{ingressService{Name: service, Port: portByValue{port}}}
	return object.Encode(ingressSpec{ClassName: i.ClassName, Rules: []ingressRule{{
		Host: i.Host,
		HTTP: ingressHTTP{Paths: []ingressPath{{Path: "/", PathType: "Prefix", Backend: backend}}},
	}}})
}

func (i *Ingress) annotate(o object.Object) {
	if len(i.Annotations) > 0 {
		object.Set(o, anyMap(i.Annotations), "metadata", "annotations")
	}
}

// readIngress is the inverse of spec and annotate.
func readIngress(o object.Object) (*Ingress, error) {
	var spec ingressSpec
	if err := object.Decode(object.Map(o, "spec"), &spec); err != nil {
		return nil, err
	}
	i := &Ingress{Name: object.String(o, "metadata", "name"), ClassName: spec.ClassName}
	if len(spec.Rules) > 0 {
		i.Host = spec.Rules[0].Host
	}
	if annotations := object.Map(o, "metadata", "annotations"); annotations != nil {
		return i, object.Decode(annotations, &i.Annotations)
	}
	return i, nil
}
