package component

import (
	"fmt"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Condition is one named thing that must be so.
type Condition struct {
	// Name is how messages call it, for example "controller is available".
	Name string
	Ref  object.Ref
	Check
	// Gate says that what follows in the list is looked at only once this holds: before, it would speak of what ran until
	// then.
	// A gate that does not come to hold is a doubt that is told, and no failure.
	Gate bool
}

// Check is what is looked at. Which fields count depends on Kind.
type Check struct {
	Kind CheckKind
	// Path and Value serve the field checks. Path is dotted; a number selects an element of a list.
	Path, Value string
	// Type is the condition type of [ConditionTrue].
	Type string
	// Rendered is the configuration of [RunsConfig].
	Rendered *Rendered
}

// Rendered is a configuration that a controller takes from an object and puts into a ConfigMap for the pods of a workload.
type Rendered struct {
	// Source is the object that asks for the configuration, and Path the dotted field, an object or a text in YAML.
	Source object.Ref
	Path   string
	// Entry is the key of the ConfigMap: "config.yaml".
	Entry string
	// Fields are the dotted fields that are compared, where Source has them; none compares everything.
	Fields []string
	// Added are names of fields that the controller may write beside those of Source.
	Added []string
	// Sum is the annotation of the pod template in which the controller writes the SHA-256 of a text, for a ConfigMap that
	// keeps its name when its content changes. A workload without the annotation then shows nothing but its rollout.
	Sum string
}

// CheckKind names a way of looking at an object.
type CheckKind string

// The checks.
const (
	// Exists: the object is there.
	Exists CheckKind = "exists"
	// Current: kstatus calls the object current, which covers Deployments, StatefulSets, DaemonSets, Jobs and more.
	Current CheckKind = "current"
	// Available: a Deployment's condition Available is true for its newest generation.
	Available CheckKind = "available"
	// ConditionTrue: status.conditions has the Type with status "True".
	ConditionTrue CheckKind = "condition true"
	// FieldEquals: the field at Path reads as Value.
	FieldEquals CheckKind = "field equals"
	// FieldNonEmpty: the field at Path is there and not empty.
	FieldNonEmpty CheckKind = "field is set"
	// EndpointsReady: a Service has at least one ready endpoint.
	EndpointsReady CheckKind = "has endpoints"
	// Established: a CustomResourceDefinition is established and its names are accepted.
	Established CheckKind = "established"
	// WebhookUsable: every webhook of a configuration has a CA bundle and a service with ready endpoints.
	WebhookUsable CheckKind = "webhook usable"
	// RunsConfig: the pods of a workload are made with the configuration that an object asks for.
	RunsConfig CheckKind = "runs its configuration"
)

// DeploymentAvailable is the usual condition of a controller.
func DeploymentAvailable(namespace, name string) Condition {
	return Condition{
		Name:  fmt.Sprintf("Deployment %s/%s is available", namespace, name),
		Ref:   object.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: namespace, Name: name},
		Check: Check{Kind: Available},
	}
}

// DaemonSetCurrent holds when a DaemonSet runs on every node that it should.
func DaemonSetCurrent(namespace, name string) Condition {
	return Condition{
		Name:  fmt.Sprintf("DaemonSet %s/%s runs on its nodes", namespace, name),
		Ref:   object.Ref{APIVersion: "apps/v1", Kind: "DaemonSet", Namespace: namespace, Name: name},
		Check: Check{Kind: Current},
	}
}

// StatefulSetCurrent holds when all replicas of a StatefulSet are ready.
func StatefulSetCurrent(namespace, name string) Condition {
	return Condition{
		Name:  fmt.Sprintf("StatefulSet %s/%s is ready", namespace, name),
		Ref:   object.Ref{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: namespace, Name: name},
		Check: Check{Kind: Current},
	}
}

// ValidatingWebhookUsable holds when the API server can call a validating webhook configuration.
func ValidatingWebhookUsable(name string) Condition {
	return webhookUsable("ValidatingWebhookConfiguration", name)
}

// MutatingWebhookUsable holds when the API server can call a mutating webhook configuration.
func MutatingWebhookUsable(name string) Condition {
	return webhookUsable("MutatingWebhookConfiguration", name)
}

func webhookUsable(kind, name string) Condition {
	return Condition{
		Name:  fmt.Sprintf("%s %s is usable", kind, name),
		Ref:   object.Ref{APIVersion: "admissionregistration.k8s.io/v1", Kind: kind, Name: name},
		Check: Check{Kind: WebhookUsable},
	}
}

// LoadBalancerAddress holds when a Service has got an address from a load balancer.
func LoadBalancerAddress(namespace, name string) Condition {
	return Condition{
		Name:  fmt.Sprintf("Service %s/%s has a load balancer address", namespace, name),
		Ref:   object.Ref{APIVersion: "v1", Kind: "Service", Namespace: namespace, Name: name},
		Check: Check{Kind: FieldNonEmpty, Path: "status.loadBalancer.ingress"},
	}
}
