package kube

import (
	"fmt"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// verdict is what one look at an object says about one condition.
type verdict struct {
	met bool
	// seen says what was seen instead, when it is not met.
	seen string
	// failed is set when the object says itself that it will not get there.
	failed *failure
}

// failure is an object's own word that it failed.
type failure struct {
	text string
	// since marks when it began, as the object says; it is empty for what never changes any more. A failure that
	// was there before a wait began may be left from earlier and be about to be overcome.
	since string
}

func pending(format string, args ...any) verdict { return verdict{seen: fmt.Sprintf(format, args...)} }

// evaluate decides the checks that need nothing but the object.
func evaluate(check Check, o object.Object) (verdict, error) {
	switch check.Kind {
	case Exists:
		return verdict{met: true}, nil
	case Current:
		return current(o)
	case Available:
		return available(o), nil
	case ConditionTrue:
		return conditionTrue(o, check.Type), nil
	case FieldEquals, FieldNonEmpty:
		return field(o, check)
	}
	return verdict{}, fault.Newf(fault.Invalid, "there is no check %q", check.Kind)
}

// current asks kstatus, and is stricter where kstatus is content too early: a Job is to be complete, not merely
// running, and a Pod that failed is no success.
func current(o object.Object) (verdict, error) {
	result, err := status.Compute(&unstructured.Unstructured{Object: o})
	if err != nil {
		return verdict{}, fault.Newf(fault.Invalid, "computing its status: %w", err)
	}
	v := pending("%s", result.Message)
	v.failed = failureOf(o)
	kind, group := object.String(o, "kind"), object.RefOf(o).Group()
	switch {
	case v.failed != nil:
		v.seen = v.failed.text
	case group == "batch" && kind == "Job":
		v.met = conditionTrue(o, "Complete").met
	default:
		v.met = result.Status == status.CurrentStatus
	}
	return v, nil
}

// available reads a Deployment. Replicas of the old revision count against it: while they last, the condition
// Available speaks of them.
func available(o object.Object) verdict {
	v := conditionTrue(o, "Available")
	if v.failed = failureOf(o); v.failed != nil {
		v.seen = v.failed.text
		v.met = false
		return v
	}
	if !v.met {
		if total, ready := number(o, "status", "replicas"), number(o, "status", "availableReplicas"); total > 0 {
			v.seen += fmt.Sprintf("; %d of %d replicas available", ready, total)
		}
		return v
	}
	if total, updated := number(o, "status", "replicas"), number(o, "status", "updatedReplicas"); updated < total {
		return pending("%d of %d replicas are of the new revision", updated, total)
	}
	return v
}

// conditionTrue looks for a condition with status "True" that speaks of the newest generation.
func conditionTrue(o object.Object, kind string) verdict {
	generation := number(o, "metadata", "generation")
	if observed, ok := object.Lookup(o, "status", "observedGeneration"); ok && toInt(observed) < generation {
		return pending("generation %d is not observed yet", generation)
	}
	for _, c := range conditionsOf(o) {
		switch {
		case c.Type != kind:
		case c.ObservedGeneration > 0 && c.ObservedGeneration < generation:
			return pending("condition %s is of an older generation", kind)
		case c.Status == "True":
			return verdict{met: true}
		default:
			return pending("condition %s", c)
		}
	}
	return pending("it has no condition %s yet", kind)
}

func field(o object.Object, check Check) (verdict, error) {
	path, err := parsePath(check.Path)
	if err != nil {
		return verdict{}, fault.New(fault.Invalid, err)
	}
	values := lookup(o, path)
	if len(values) == 0 {
		return pending("%s has no elements", check.Path), nil
	}
	for _, value := range values {
		switch {
		case check.Kind == FieldNonEmpty && empty(value):
			return pending("%s is not set", check.Path), nil
		case check.Kind == FieldNonEmpty:
		case value == nil:
			return pending("%s is not set, want %s", check.Path, check.Value), nil
		case fmt.Sprint(value) != check.Value && object.String(o, "kind") == "Secret":
			return pending("%s has another value", check.Path), nil
		case fmt.Sprint(value) != check.Value:
			return pending("%s is %v, want %s", check.Path, value, check.Value), nil
		}
	}
	return verdict{met: true}, nil
}

// failureRule is a condition by which objects of a kind say that they failed.
type failureRule struct {
	kind, condition, status, reason, says string
	// final marks what never changes any more.
	final bool
}

// failureRules leave out what an object may overcome: a container that crashes or an image that cannot be pulled
// is reported, but waited for. An empty kind or reason means any.
var failureRules = []failureRule{
	{kind: "Job", condition: "Failed", status: "True", says: "the job failed", final: true},
	{kind: "CustomResourceDefinition", condition: "NamesAccepted", status: "False", says: "its names are not accepted", final: true},
	{kind: "Deployment", condition: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", says: "no progress"},
	{condition: "Stalled", status: "True", says: "stalled"},
}

func (r failureRule) matches(kind string, c statusCondition) bool {
	return (r.kind == "" || r.kind == kind) && r.condition == c.Type && r.status == c.Status && (r.reason == "" || r.reason == c.Reason)
}

// failureOf returns an object's own word that it failed, or nil. What it says of an older generation does not count.
func failureOf(o object.Object) *failure {
	if observed, ok := object.Lookup(o, "status", "observedGeneration"); ok && toInt(observed) < number(o, "metadata", "generation") {
		return nil
	}
	kind := object.String(o, "kind")
	if kind == "Pod" && object.String(o, "status", "phase") == "Failed" {
		return &failure{text: "the pod failed: " + firstOf(object.String(o, "status", "message"), object.String(o, "status", "reason"), "no reason given")}
	}
	for _, c := range conditionsOf(o) {
		for _, rule := range failureRules {
			if !rule.matches(kind, c) {
				continue
			}
			f := &failure{text: fmt.Sprintf("%s: %s", rule.says, c)}
			if !rule.final {
				f.since = firstOf(c.LastUpdateTime, c.LastTransitionTime, "?")
			}
			return f
		}
	}
	return nil
}
