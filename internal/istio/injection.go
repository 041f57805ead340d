package istio

import (
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Mode is how the pods of a namespace take part in a mesh.
type Mode string

// The modes.
const (
	// Sidecar puts a proxy into each new pod.
	Sidecar Mode = "sidecar"
	// Ambient sends the traffic of pods, also of those that run, through the node's ztunnel.
	Ambient Mode = "ambient"
	// Disabled keeps the namespace out, also of a mesh that takes in every namespace.
	Disabled Mode = "disabled"
)

// Modes lists the modes.
var Modes = []Mode{Sidecar, Ambient, Disabled}

// The labels that namespaces are chosen by (istio/api:label/labels.yaml).
const (
	injectionLabel = "istio-injection"
	revisionLabel  = "istio.io/rev"
	dataplaneLabel = "istio.io/dataplane-mode"
)

// Injection says how a namespace takes part in a mesh.
type Injection struct {
	// Namespace is the namespace. Create makes it when it does not exist.
	Namespace string
	Create    bool
	Mode      Mode
	// Revision chooses one of several istiods for sidecars, by its revision or a tag; empty is the default one.
	Revision string
	// MeshNamespace is where istiod runs; empty is [DefaultNamespace].
	MeshNamespace string
	// Restart makes the pods anew that run already and are not as the mode wants them. ProxyVersion, when set, counts
	// sidecars of another version among those.
	Restart      bool
	ProxyVersion string
}

// Component builds the labels. It fails for a mode that does not exist and a revision where it has no meaning.
func (i Injection) Component() (component.Component, error) {
	labelling, err := i.labelling()
	if err != nil {
		return component.Component{}, err
	}
	c := component.Component{
		Name:   "istio injection of namespace " + i.Namespace,
		Needs:  i.needs(),
		Labels: []component.Labelling{labelling},
	}
	if i.Create {
		c.Namespaces = []component.Namespace{{Name: i.Namespace}}
	}
	if i.Restart {
		c.Restarts = []component.Restart{{Namespace: i.Namespace, Stale: i.Stale}}
	}
	return c, nil
}

// Ref is the namespace.
func (i Injection) Ref() object.Ref {
	return object.Ref{APIVersion: "v1", Kind: "Namespace", Name: i.Namespace}
}

// labelling knows which labels of a namespace contradict each other: istio-injection wins over a revision
// (templates/mutatingwebhook.yaml of the chart istiod), and a pod with a sidecar stays out of ambient mode
// (istio:cni/pkg/util/podutil.go, PodRedirectionEnabled).
func (i Injection) labelling() (component.Labelling, error) {
	const (
		wins   = "it would decide in place of the revision"
		second = "it chooses another istiod"
		mixed  = "the namespace would be in sidecar and ambient mode at once"
	)
	l := component.Labelling{Ref: i.Ref()}
	if i.Revision != "" && i.Mode != Sidecar {
		return l, fault.Newf(fault.Invalid, "revision %q chooses among sidecars; mode %s has none", i.Revision, i.Mode)
	}
	switch {
	case i.Mode == Sidecar && i.Revision != "":
		l.Labels = map[string]string{revisionLabel: i.Revision}
		l.Absent = map[string]string{injectionLabel: wins, dataplaneLabel: mixed}
	case i.Mode == Sidecar:
		l.Labels = map[string]string{injectionLabel: "enabled"}
		l.Absent = map[string]string{revisionLabel: second, dataplaneLabel: mixed}
	case i.Mode == Ambient:
		l.Labels = map[string]string{dataplaneLabel: "ambient"}
		l.Absent = map[string]string{injectionLabel: mixed, revisionLabel: mixed}
	case i.Mode == Disabled:
		l.Labels = map[string]string{injectionLabel: "disabled"}
		l.Absent = map[string]string{dataplaneLabel: "the namespace would be in ambient mode"}
	default:
		return l, fault.Newf(fault.Invalid, "mode %q is none of %v", i.Mode, Modes)
	}
	return l, nil
}

// needs waits for whoever carries the mode out: a labelled namespace refuses pods while injection does not answer. Of a
// revision nothing can be said, because it may be a tag that stands for another one.
func (i Injection) needs() []component.Condition {
	namespace := i.MeshNamespace
	if namespace == "" {
		namespace = DefaultNamespace
	}
	switch {
	case i.Mode == Sidecar && (i.Revision == "" || i.Revision == defaultRevision):
		return injects("", namespace)
	case i.Mode == Ambient:
		return []component.Condition{
			component.DaemonSetCurrent(namespace, cniDaemonSet), component.DaemonSetCurrent(namespace, ztunnelDaemonSet),
		}
	}
	return nil
}

// ReadInjection is the inverse of [Injection.Component]: it reads the mode from a live namespace. It fails when the
// namespace has none.
func ReadInjection(namespace object.Object) (Injection, error) {
	ref := object.RefOf(namespace)
	i := Injection{Namespace: ref.Name}
	label := func(name string) string { return object.String(namespace, "metadata", "labels", name) }
	switch {
	case label(injectionLabel) == "enabled":
		i.Mode = Sidecar
	case label(injectionLabel) != "":
		i.Mode = Disabled
	case label(revisionLabel) != "":
		i.Mode, i.Revision = Sidecar, label(revisionLabel)
	case label(dataplaneLabel) == "ambient":
		i.Mode = Ambient
	default:
		return Injection{}, fault.Newf(fault.NotFound, "%s has none of the labels %s, %s and %s", ref, injectionLabel, revisionLabel, dataplaneLabel)
	}
	return i, nil
}
