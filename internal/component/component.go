// Package component knows the shape of a thing that can be put on a cluster: which charts, which objects, what
// "ready" means. It holds values only; package cluster acts on them.
package component

import (
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Component is everything one resource puts on a cluster. The engine installs it in the order of the fields and
// removes it in the reverse order.
type Component struct {
	// Name is the component's own name for messages, for example "metallb".
	Name string
	// Requires lists kinds that must be served before anything is installed.
	Requires []Requirement
	// Needs are conditions that somebody else brings about and that must hold before anything is installed: a gateway's
	// pods are made from a template that istiod fills in, so istiod's webhook has to answer first.
	Needs []Condition
	// Namespaces are made, and labelled, before anything is put into them.
	Namespaces []Namespace
	// Charts are installed one after another; each one is ready before the next begins.
	Charts []Chart
	// Objects are applied server-side, in order, once the charts are ready.
	Objects []object.Object
	// Labels are put on objects that belong to others, once the component's own objects are there.
	Labels []Labelling
	// Restarts make pods anew that still are as they were before the component came or changed.
	Restarts []Restart
	// Ready says when the whole component is usable.
	Ready []Condition
	// WaitForWorkloads adds to Ready that every Deployment, StatefulSet, DaemonSet and Job of the charts is current:
	// the best guess for a chart of which nothing is known.
	WaitForWorkloads bool
	// Outputs are values that only the cluster knows and that users ask for, such as an address.
	Outputs []Output
	// Ignore lists fields of this component's objects that others own and that are no drift.
	Ignore []IgnoreRule
	// UsedBy lists kinds whose objects stop working, or vanish, when the component goes. Its removal is refused while
	// there are objects of them that are not its own.
	UsedBy []Use
	// Leaves lists objects that the component's controllers make and do not take away when they go. A removal deletes them
	// once the releases are gone.
	Leaves []object.Ref
	// GuardCRDs counts every kind whose CustomResourceDefinition a release holds, and would take with it, to UsedBy:
	// what can be said of a chart of which nothing is known.
	GuardCRDs bool
}

// Use is a kind that lives off a component.
type Use struct {
	APIVersion, Kind string
	// Loss says what its objects lose with the component, for the message: "vanish with the CRDs of the chart".
	Loss string
	// LabelSelector narrows the objects, in the form that kubectl takes; empty means all of the kind.
	LabelSelector string
	// Tolerated says that its objects stay, and work again when the component comes back: the plan of a removal tells of
	// them, and nothing is refused.
	Tolerated bool
}

// Labelling puts labels on an object that is not the component's own. When the component goes, the labels go and the
// object stays.
type Labelling struct {
	Ref    object.Ref
	Labels map[string]string
	// Absent are labels that contradict Labels, with the reason for messages.
	Absent map[string]string
}

// Restart makes pods of a namespace anew, by their workloads, as kubectl rollout restart does.
type Restart struct {
	Namespace string
	// Stale says why a pod has to be made anew, and nothing of a pod that may stay.
	Stale func(pod object.Object) string
}

// Output is a value read from a live object.
type Output struct {
	// Name is how the provider asks for it.
	Name string
	Ref  object.Ref
	// Path is dotted; a number selects an element of a list: "status.loadBalancer.ingress.0.ip".
	Path string
}

// Requirement is a kind that the cluster must serve, and who brings it.
type Requirement struct {
	APIVersion, Kind string
	// BroughtBy names the resource type that installs the kind, for example "lab_metallb".
	BroughtBy string
}

// Namespace is a namespace that a component needs.
type Namespace struct {
	Name string
	// Labels are merged over what the namespace has; other labels stay.
	Labels map[string]string
}

// Chart is one Helm release.
type Chart struct {
	// Release and Namespace name the release.
	Release, Namespace string
	// Repository is an https:// or oci:// address; with none, Name is a local path.
	Repository string
	// Direct says that the repository is the user's own choice for this chart, which a mirror does not replace.
	Direct bool
	// Name and Version select the chart. Digest, when known, is the sha256 of its archive and locks it.
	Name, Version, Digest string
	// Values are the release's values, already merged.
	Values map[string]any
	// UserValues are the part of Values that the user gave.
	UserValues map[string]any
	// Images are the values that name the chart's images and that a mirror has a say in, by dotted path.
	Images map[string]string
	// SecretValues are merged over Values at the last moment and never shown.
	SecretValues map[string]any
	// Ready says when the release is usable, webhooks included. The next chart waits for it.
	Ready []Condition
	// Adopt takes over a release or objects that somebody else installed.
	Adopt bool
}

// IgnoreRule says that differences at Path of matching objects are no drift.
type IgnoreRule struct {
	// Group and Kind select objects; Namespace and Name may be "*" or use * as in path.Match.
	Group, Kind, Namespace, Name string
	// Path is a dotted path with [*] for every element of a list: "webhooks[*].clientConfig.caBundle".
	Path string
	// Reason says who changes the field, for the documentation and for reviewers.
	Reason string
}
