// Package samples knows the small applications that show a lab to be alive.
package samples

import (
	"fmt"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// NginxImage is pinned to a full version, so that two labs made a year apart run the same web server. 1.27 is a mainline
// release without known breaking changes for a page on port 80; any other image that serves HTTP on port 80 will do.
const NginxImage = "docker.io/library/nginx:1.27.5"

const (
	nginxName        = "nginx"
	defaultNamespace = "default"
	nginxPort        = 80
)

// Nginx is a web server with its welcome page: a Deployment, a Service on port 80 and, where asked for, an Ingress. The
// zero value is one pod, nginx in namespace default.
type Nginx struct {
	// Name and Namespace of all objects; empty is nginx and default. Another namespace is made.
	Name, Namespace string
	// Image is the server's image; empty is [NginxImage].
	Image string
	// Replicas is the number of pods; zero is one.
	Replicas int32
	// Labels are added to all objects and to the pods.
	Labels map[string]string
	// Ingress publishes the Service by the cluster's ingress controller. Nil makes none.
	Ingress *Ingress
}

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

// Component builds the sample.
func (n Nginx) Component() (component.Component, error) {
	n = n.filled()
	objects, err := n.objects()
	if err != nil {
		return component.Component{}, fmt.Errorf("sample %s: %w", n.Name, err)
	}
	c := component.Component{
		Name:    "sample " + n.Name,
		Objects: objects,
		Ready: []component.Condition{
			component.DeploymentAvailable(n.Namespace, n.Name),
			{
				Name:  fmt.Sprintf("Service %s/%s has endpoints", n.Namespace, n.Name),
				Ref:   n.ref("v1", "Service", n.Name),
				Check: component.Check{Kind: component.EndpointsReady},
			},
		},
	}
	if n.Namespace != defaultNamespace {
		c.Namespaces = []component.Namespace{{Name: n.Namespace}}
	}
	if n.Ingress != nil {
		// Its address is no condition: with Traefik it stays empty, because the published Service has none.
		ref := n.ref(ingressAPI, "Ingress", n.Ingress.Name)
		c.Ready = append(c.Ready, component.Condition{Name: ref.String() + " exists", Ref: ref, Check: component.Check{Kind: component.Exists}})
	}
	return c, nil
}

// Host is the name by which the cluster's own pods, and routes, reach the sample.
func (n Nginx) Host() string {
	n = n.filled()
	return n.Name + "." + n.Namespace + ".svc.cluster.local"
}

// Refs names the objects of the sample, in the order in which they are applied.
func (n Nginx) Refs() []object.Ref {
	n = n.filled()
	refs := []object.Ref{n.ref("apps/v1", "Deployment", n.Name), n.ref("v1", "Service", n.Name)}
	if n.Ingress != nil {
		refs = append(refs, n.ref(ingressAPI, "Ingress", n.Ingress.Name))
	}
	return refs
}

func (n Nginx) ref(apiVersion, kind, name string) object.Ref {
	return object.Ref{APIVersion: apiVersion, Kind: kind, Namespace: n.Namespace, Name: name}
}

// filled writes the defaults out.
func (n Nginx) filled() Nginx {
	if n.Name == "" {
		n.Name = nginxName
	}
	if n.Namespace == "" {
		n.Namespace = defaultNamespace
	}
	if n.Image == "" {
		n.Image = NginxImage
	}
	if n.Replicas == 0 {
		n.Replicas = 1
	}
	if n.Ingress != nil && n.Ingress.Name == "" {
		named := *n.Ingress
		named.Name = n.Name
		n.Ingress = &named
	}
	return n
}
