package ingress

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

const ingressAPI = "networking.k8s.io/v1"

// Ingress leads HTTP requests for some hosts to Services.
type Ingress struct {
	// Name and Namespace of the object; an empty namespace is default.
	Name, Namespace string
	// ClassName is the IngressClass. Empty leaves it to the cluster's default class, or to a controller that serves
	// Ingresses without class.
	ClassName string
	// Hosts are the names in the request; none serves every name. Each of them gets all paths.
	Hosts []string
	// Paths lead to Services. The longest that matches wins.
	Paths []Path
	// TLS are the certificates.
	TLS []TLS
	// Labels and Annotations of the object.
	Labels, Annotations map[string]string
}

// Path leads requests to a port of a Service in the Ingress' namespace.
type Path struct {
	// Path is what the request's path is compared with; empty is "/".
	Path string
	// Type is Prefix, Exact or ImplementationSpecific; empty is Prefix.
	Type string
	// Service and one of Port and PortName.
	Service, PortName string
	Port              int32
}

// TLS is a certificate for some hosts.
type TLS struct {
	// Secret of type kubernetes.io/tls in the Ingress' namespace. Empty leaves the certificate to the controller.
	Secret string `json:"secretName,omitempty"`
	// Hosts of the certificate; none are all hosts of the Ingress.
	Hosts []string `json:"hosts,omitempty"`
}

const (
	defaultNamespace = "default"
	defaultPath      = "/"
	defaultPathType  = "Prefix"
)

// Component builds the Ingress. One without a Service or with a malformed path is [fault.Invalid].
//
// Its address is no condition: Traefik copies that of its Service, and RKE2's has none.
func (i Ingress) Component() (component.Component, error) {
	i = i.filled()
	ref := i.Ref()
	if err := i.validate(); err != nil {
		return component.Component{}, fmt.Errorf("%s: %w", ref, err)
	}
	spec, err := object.Encode(i.spec())
	if err != nil {
		return component.Component{}, fmt.Errorf("%s: %w", ref, err)
	}
	o := object.New(ref)
	for part, texts := range map[string]map[string]string{"labels": i.Labels, "annotations": i.Annotations} {
		if len(texts) > 0 {
			object.Set(o, anyMap(texts), "metadata", part)
		}
	}
	o["spec"] = spec
	return component.Component{
		Name: "ingress " + i.Name, Objects: []object.Object{o},
		Ready: []component.Condition{{Name: ref.String() + " exists", Ref: ref, Check: component.Check{Kind: component.Exists}}},
	}, nil
}

// Ref names the object.
func (i Ingress) Ref() object.Ref {
	i = i.filled()
	return object.Ref{APIVersion: ingressAPI, Kind: "Ingress", Namespace: i.Namespace, Name: i.Name}
}

// URLs are where a browser finds the Ingress: one for each host, or for each address when it serves every host.
func (i Ingress) URLs(addresses []string) []string {
	names := i.Hosts
	if len(names) == 0 {
		names = addresses
	}
	var urls []string
	for _, name := range names {
		if strings.HasPrefix(name, "*") {
			continue
		}
		scheme := "http"
		if i.encrypted(name) {
			scheme = "https"
		}
		urls = append(urls, scheme+"://"+name+i.firstPath())
	}
	return urls
}

func (i Ingress) encrypted(host string) bool {
	return slices.ContainsFunc(i.TLS, func(t TLS) bool { return len(t.Hosts) == 0 || slices.Contains(t.Hosts, host) })
}

func (i Ingress) firstPath() string {
	if len(i.Paths) == 0 || i.Paths[0].Path == "" {
		return defaultPath
	}
	return i.Paths[0].Path
}

func (i Ingress) filled() Ingress {
	if i.Namespace == "" {
		i.Namespace = defaultNamespace
	}
	paths := make([]Path, 0, len(i.Paths))
	for _, p := range i.Paths {
		if p.Path == "" {
			p.Path = defaultPath
		}
		if p.Type == "" {
			p.Type = defaultPathType
		}
		paths = append(paths, p)
	}
	i.Paths = paths
	return i
}

func (i Ingress) validate() error {
	if len(i.Paths) == 0 {
		return fault.Newf(fault.Invalid, "it leads to no Service")
	}
	seen := map[string]bool{}
	for _, p := range i.Paths {
		switch {
		case p.Service == "":
			return fault.Newf(fault.Invalid, "path %s leads to no Service", p.Path)
		case (p.Port == 0) == (p.PortName == ""):
			return fault.Newf(fault.Invalid, "path %s: Service %s needs the number or the name of one port", p.Path, p.Service)
		case !strings.HasPrefix(p.Path, "/"):
			return fault.Newf(fault.Invalid, "path %q does not begin with /", p.Path)
		case seen[p.Type+p.Path]:
			return fault.Newf(fault.Invalid, "path %s is there twice", p.Path)
		}
		seen[p.Type+p.Path] = true
	}
	for _, t := range i.TLS {
		for _, host := range t.Hosts {
			if len(i.Hosts) > 0 && !slices.Contains(i.Hosts, host) {
				return fault.Newf(fault.Invalid, "the certificate is for host %s, which is none of its hosts", host)
			}
		}
	}
	return nil
}
