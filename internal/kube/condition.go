package kube

import (
	"fmt"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Condition is one named thing that must be so on the cluster.
type Condition struct {
	// Name is how messages call it, for example "controller is available"; empty means the check in words.
	Name string
	Ref  object.Ref
	Check
}

// String returns the condition as a message calls it.
func (c Condition) String() string {
	if c.Name != "" {
		return c.Name
	}
	return c.Ref.String() + " " + c.Check.String()
}

// Check is what is looked at. Which fields count depends on Kind.
type Check struct {
	Kind CheckKind
	// Path and Value serve the field checks. Path is dotted, see [ParsePath]; Value is compared as text.
	Path, Value string
	// Type is the condition type of [ConditionTrue].
	Type string
	// Probe is an object that [WebhookUsable] applies in a dry run, so that the webhook is really called; nil
	// looks at the CA bundle and the endpoints only.
	Probe object.Object
	// Rendered is the configuration of [RunsConfig].
	Rendered *Rendered
}

// String says in words what must be so.
func (c Check) String() string {
	switch c.Kind {
	case FieldEquals:
		return fmt.Sprintf("has %s = %s", c.Path, c.Value)
	case FieldNonEmpty:
		return fmt.Sprintf("has %s", c.Path)
	case ConditionTrue:
		return fmt.Sprintf("has condition %s", c.Type)
	case Exists, EndpointsReady, RunsConfig:
		return string(c.Kind)
	default:
		return "is " + string(c.Kind)
	}
}

// CheckKind names a way of looking at an object.
type CheckKind string

// The checks.
const (
	// Exists: the object is there.
	Exists CheckKind = "exists"
	// Current: kstatus calls the object current, which covers Deployments, StatefulSets, DaemonSets, Jobs and more.
	Current CheckKind = "current"
	// Available: a Deployment's condition Available is true for its newest generation and no old replica is left.
	Available CheckKind = "available"
	// ConditionTrue: status.conditions has Type with status "True", for the newest generation where it says so.
	ConditionTrue CheckKind = "condition true"
	// FieldEquals: the field at Path reads as Value.
	FieldEquals CheckKind = "field equals"
	// FieldNonEmpty: the field at Path is there and not empty.
	FieldNonEmpty CheckKind = "field is set"
	// EndpointsReady: a Service has at least one ready endpoint.
	EndpointsReady CheckKind = "has endpoints"
	// Established: a CustomResourceDefinition is established, its names are accepted, and its kinds are served.
	Established CheckKind = "established"
	// WebhookUsable: every webhook of a configuration has a CA bundle and a service with ready endpoints.
	WebhookUsable CheckKind = "webhook usable"
	// RunsConfig: the pods of a workload are made with the configuration that an object asks for.
	RunsConfig CheckKind = "runs its configuration"
)
