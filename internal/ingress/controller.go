// Package ingress knows how requests from outside come into a cluster: which ingress controllers there are, what RKE2
// bundles, the charts of Traefik and ingress-nginx, and the Ingress objects that they serve.
package ingress

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is a program that serves Ingresses.
type Kind string

// The kinds that are known by name. Anything else that has an IngressClass is [Other].
const (
	Nginx   Kind = "nginx"
	Traefik Kind = "traefik"
	Other   Kind = "other"
)

// Exposure is how requests from outside reach a controller.
type Exposure string

// The exposures.
const (
	// HostPort: the controller's pods take ports 80 and 443 of their nodes.
	HostPort Exposure = "host_port"
	// LoadBalancer: a Service of type LoadBalancer leads to the pods.
	LoadBalancer Exposure = "load_balancer"
	// None: neither; there may be a node port.
	None Exposure = "none"
)

// Controller is an ingress controller on a cluster.
type Controller struct {
	Kind Kind
	// Program is spec.controller of its IngressClass, "k8s.io/ingress-nginx".
	Program string
	// ClassName is its IngressClass, empty when it has none.
	ClassName string
	// Default says that Ingresses without a class get its class.
	Default bool
	// WithoutClass says that it also serves Ingresses that have no class at all.
	WithoutClass bool
	Exposure     Exposure
	// Addresses are where requests go: of the nodes for [HostPort], of the Service for [LoadBalancer]. Sorted.
	Addresses []string
	// Namespace and Workload are the controller's own: "DaemonSet kube-system/rke2-traefik". Both are empty for a class
	// that nobody serves.
	Namespace, Workload string
	// Release is the Helm release of the workload as namespace/name, empty when it has none.
	Release string
	// Bundled says that RKE2 or K3s brought it.
	Bundled bool
	// chart is the HelmChart that did.
	chart string
}

// String says in one line what was found: "traefik (class traefik, default) in DaemonSet kube-system/rke2-traefik".
func (c Controller) String() string {
	var notes []string
	switch {
	case c.ClassName != "" && c.Default:
		notes = append(notes, "class "+c.ClassName, "default")
	case c.ClassName != "":
		notes = append(notes, "class "+c.ClassName)
	default:
		notes = append(notes, "no class")
	}
	if c.Bundled {
		notes = append(notes, "bundled")
	}
	name := string(c.Kind)
	if c.Kind == Other {
		name = c.Program
	}
	text := fmt.Sprintf("%s (%s)", name, strings.Join(notes, ", "))
	if c.Workload == "" {
		return text + " without a controller"
	}
	return text + " in " + c.Workload
}

// Serves reports whether the controller serves an Ingress with this class; empty is one that names none.
func (c Controller) Serves(class string) bool {
	if class == "" {
		return c.Default || c.WithoutClass
	}
	return class == c.ClassName
}

// Controllers are all controllers of a cluster, the preferred one first: what has the default class, then what serves
// Ingresses without class, then what runs.
type Controllers []Controller

// Names lists the controllers in words.
func (all Controllers) Names() []string {
	names := make([]string, 0, len(all))
	for _, c := range all {
		names = append(names, c.String())
	}
	return names
}

// For returns the controller that serves an Ingress with this class; empty is one that names none.
func (all Controllers) For(class string) (Controller, bool) {
	i := slices.IndexFunc(all, func(c Controller) bool { return c.Serves(class) && c.Workload != "" })
	if i < 0 {
		i = slices.IndexFunc(all, func(c Controller) bool { return c.Serves(class) })
	}
	if i < 0 {
		return Controller{}, false
	}
	return all[i], true
}
