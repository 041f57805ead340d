package samples

import (
	"fmt"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// place is the namespace of a sample's objects.
type place struct{ namespace string }

func (p place) ref(apiVersion, kind, name string) object.Ref {
	return object.Ref{APIVersion: apiVersion, Kind: kind, Namespace: p.namespace, Name: name}
}

// namespaces are what has to be made before the objects: default is always there.
func (p place) namespaces() []component.Namespace {
	if p.namespace == defaultNamespace {
		return nil
	}
	return []component.Namespace{{Name: p.namespace}}
}

func (p place) host(service string) string { return service + "." + p.namespace + ".svc.cluster.local" }

func (p place) endpoints(service string) component.Condition {
	return component.Condition{
		Name:  fmt.Sprintf("Service %s/%s has endpoints", p.namespace, service),
		Ref:   p.ref("v1", "Service", service),
		Check: component.Check{Kind: component.EndpointsReady},
	}
}

// exists is all that is asked of an Ingress. Its address is no condition: with Traefik it stays empty, because the
// published Service has none.
func (p place) exists(ingress string) component.Condition {
	ref := p.ref(ingressAPI, "Ingress", ingress)
	return component.Condition{Name: ref.String() + " exists", Ref: ref, Check: component.Check{Kind: component.Exists}}
}
