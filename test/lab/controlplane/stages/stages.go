// Package stages knows how simulated pods live: most go Ready at once, pods of Jobs complete, and those that a real kubelet could not
// run, or that ask for it, fail in the way a real kubelet shows it.
package stages

import (
	"bytes"
	_ "embed"
	"fmt"

	podfast "sigs.k8s.io/kwok/kustomize/stage/pod/fast"
	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/containers"
)

// BehaviourAnnotation on a pod asks for a failure: BehaviourCrash, BehaviourPullError, BehaviourNotReady or BehaviourPending.
const BehaviourAnnotation = containers.BehaviourAnnotation

// The values of BehaviourAnnotation. Crash restarts for ever, pull-error finds no image, not-ready runs but fails its readiness
// probe, pending is never started.
const (
	BehaviourCrash     = "crash"
	BehaviourPullError = "pull-error"
	BehaviourNotReady  = "not-ready"
	BehaviourPending   = "pending"
)

// imageAuto is the image that Istio's gateway chart writes, to be replaced by the injector.
const imageAuto = "auto"

//go:embed node.yaml
var node []byte

// Config is KWOK's configuration: the stages of its own module for pods that live well, kept away from the pods that must not, and
// ours for those. Of pods that really run, which rule knows, no stage takes any: they belong to a kubelet. A nil rule knows none.
func Config(rule *containers.Rule) ([]byte, error) {
	documents := [][]byte{node}
	well := []struct {
		stage   string
		matches []any
	}{{podfast.DefaultPodReady, willing()}, {podfast.DefaultPodComplete, nil}, {podfast.DefaultPodDelete, nil}}
	for _, w := range well {
		stage, err := restrict(w.stage, append(w.matches, simulated(rule)...))
		if err != nil {
			return nil, fmt.Errorf("restricting a stage of KWOK: %w", err)
		}
		documents = append(documents, stage)
	}
	for _, failure := range failures() {
		stage, err := failure.stage(simulated(rule))
		if err != nil {
			return nil, fmt.Errorf("writing the stage %s: %w", failure.name, err)
		}
		documents = append(documents, stage)
	}
	return bytes.Join(documents, []byte("\n---\n")), nil
}

// simulated matches the pods that KWOK plays; without a rule these are all, which needs no expression.
func simulated(rule *containers.Rule) []any {
	if rule == nil {
		return nil
	}
	return []any{expression(rule.Query(), "DoesNotExist")}
}

// willing leaves alone pods with a behaviour of their own and pods whose image nobody has filled in: "auto" is what Istio's gateway
// chart says until the injector has replaced it.
func willing() []any {
	return []any{
		expression(`.metadata.annotations["`+BehaviourAnnotation+`"]`, "DoesNotExist"),
		expression(".spec.containers.[].image", "NotIn", imageAuto),
	}
}

// restrict adds expressions to a stage.
func restrict(stage string, matches []any) ([]byte, error) {
	if len(matches) == 0 {
		return []byte(stage), nil
	}
	var document map[string]any
	if err := yaml.Unmarshal([]byte(stage), &document); err != nil {
		return nil, err
	}
	spec, _ := document["spec"].(map[string]any)
	selector, _ := spec["selector"].(map[string]any)
	expressions, ok := selector["matchExpressions"].([]any)
	if !ok {
		return nil, fmt.Errorf("no matchExpressions in %q", stage)
	}
	selector["matchExpressions"] = append(expressions, matches...)
	return yaml.Marshal(document)
}
