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

// Component builds the sample.
func (n Nginx) Component() (component.Component, error) {
	n = n.filled()
	objects, err := n.objects()
	if err != nil {
		return component.Component{}, fmt.Errorf("sample %s: %w", n.Name, err)
	}
	return n.program().component(objects), nil
}

// Host is the name by which the cluster's own pods, and routes, reach the sample.
func (n Nginx) Host() string {
	n = n.filled()
	return n.program().host(n.Name)
}

// Refs names the objects of the sample, in the order in which they are applied.
func (n Nginx) Refs() []object.Ref { return n.filled().program().refs() }

func (n Nginx) program() program {
	return program{place: place{n.Namespace}, name: n.Name, ingress: n.Ingress}
}

// filled writes the defaults out.
func (n Nginx) filled() Nginx {
	fill(&n.Name, nginxName)
	fill(&n.Namespace, defaultNamespace)
	fill(&n.Image, NginxImage)
	fill(&n.Replicas, 1)
	n.Ingress = n.Ingress.named(n.Name)
	return n
}
