package samples

import (
	"cmp"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// program is a sample of one Deployment with its Service, both of the same name, and perhaps an Ingress.
type program struct {
	place
	name    string
	ingress *Ingress
}

// component says of the program's objects what they need and when they are ready.
func (p program) component(objects []object.Object) component.Component {
	c := component.Component{
		Name: "sample " + p.name, Objects: objects, Namespaces: p.namespaces(),
		Ready: []component.Condition{component.DeploymentAvailable(p.namespace, p.name), p.endpoints(p.name)},
	}
	if p.ingress != nil {
		c.Ready = append(c.Ready, p.exists(p.ingress.Name))
	}
	return c
}

// refs names the program's objects, in the order in which they are applied.
func (p program) refs() []object.Ref {
	refs := []object.Ref{p.ref("apps/v1", "Deployment", p.name), p.ref("v1", "Service", p.name)}
	if p.ingress != nil {
		refs = append(refs, p.ref(ingressAPI, "Ingress", p.ingress.Name))
	}
	return refs
}

// fill writes a default where nothing is said.
func fill[T comparable](value *T, otherwise T) { *value = cmp.Or(*value, otherwise) }
