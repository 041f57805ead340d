package ingress

import (
	"fmt"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

type ingressSpec struct {
	ClassName string     `json:"ingressClassName,omitempty"`
	TLS       []TLS      `json:"tls,omitempty"`
	Rules     []ruleSpec `json:"rules"`
}

type ruleSpec struct {
	Host string   `json:"host,omitempty"`
	HTTP httpSpec `json:"http"`
}

type httpSpec struct {
	Paths []pathSpec `json:"paths"`
}

type pathSpec struct {
	Path    string      `json:"path"`
	Type    string      `json:"pathType"`
	Backend backendSpec `json:"backend"`
}

type backendSpec struct {
	Service serviceSpec `json:"service"`
}

type serviceSpec struct {
	Name string   `json:"name"`
	Port portSpec `json:"port"`
}

type portSpec struct {
	Number int32  `json:"number,omitempty"`
	Name   string `json:"name,omitempty"`
}

func (i Ingress) spec() ingressSpec {
	var paths []pathSpec
	for _, p := range i.Paths {
		paths = append(paths, pathSpec{p.Path, p.Type, backendSpec{serviceSpec{p.Service, portSpec{p.Port, p.PortName}}}})
	}
	hosts := i.Hosts
	if len(hosts) == 0 {
		hosts = []string{""}
	}
	spec := ingressSpec{ClassName: i.ClassName}
	for _, host := range hosts {
		spec.Rules = append(spec.Rules, ruleSpec{Host: host, HTTP: httpSpec{paths}})
	}
	for _, t := range i.TLS {
		if len(t.Hosts) == 0 {
			t.Hosts = i.Hosts
		}
		spec.TLS = append(spec.TLS, t)
	}
	return spec
}

// ReadIngress is the inverse of [Ingress.Component], with an object desired or live. An Ingress whose hosts have
// different paths cannot be written as an [Ingress]; that is an error.
func ReadIngress(o object.Object) (Ingress, error) {
	ref := object.RefOf(o)
	var spec ingressSpec
	if err := object.Decode(object.Map(o, "spec"), &spec); err != nil {
		return Ingress{}, fmt.Errorf("%s: %w", ref, err)
	}
	i := Ingress{Name: ref.Name, Namespace: ref.Namespace, ClassName: spec.ClassName, TLS: spec.TLS}
	for n, rule := range spec.Rules {
		if rule.Host != "" {
			i.Hosts = append(i.Hosts, rule.Host)
		}
		paths := rule.HTTP.read()
		if n > 0 && fmt.Sprint(paths) != fmt.Sprint(i.Paths) {
			return Ingress{}, fmt.Errorf("%s: its hosts lead to different Services; make one Ingress of each", ref)
		}
		i.Paths = paths
	}
	for n, t := range i.TLS {
		if fmt.Sprint(t.Hosts) == fmt.Sprint(i.Hosts) {
			i.TLS[n].Hosts = nil
		}
	}
	for part, texts := range map[string]*map[string]string{"labels": &i.Labels, "annotations": &i.Annotations} {
		if found := object.Map(o, "metadata", part); found != nil {
			if err := object.Decode(found, texts); err != nil {
				return Ingress{}, fmt.Errorf("%s: %w", ref, err)
			}
		}
	}
	return i, nil
}

func (h httpSpec) read() []Path {
	var paths []Path
	for _, p := range h.Paths {
		s := p.Backend.Service
		paths = append(paths, Path{Path: p.Path, Type: p.Type, Service: s.Name, Port: s.Port.Number, PortName: s.Port.Name})
	}
	return paths
}

// AddressesOf reads where a live Ingress says that it is served; nothing when its controller does not say.
func AddressesOf(live object.Object) []string { return statusAddresses(live) }

func anyMap(in map[string]string) map[string]any {
	out := make(map[string]any, len(in))
	for k, v := range in {
		out[k] = v
	}
	return out
}
