// Package stages knows how simulated pods live: most go Ready at once, pods of Jobs complete, and those that a real kubelet could not
// run, or that ask for it, fail in the way a real kubelet shows it.
package stages

import (
	"bytes"
	_ "embed"
	"fmt"

	podfast "sigs.k8s.io/kwok/kustomize/stage/pod/fast"
	"sigs.k8s.io/yaml"
)

// BehaviourAnnotation on a pod asks for a failure: BehaviourCrash, BehaviourPullError, BehaviourNotReady or BehaviourPending.
const BehaviourAnnotation = "lab.test/behaviour"

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
// ours for those.
func Config() ([]byte, error) {
	ready, err := restrict(podfast.DefaultPodReady)
	if err != nil {
		return nil, fmt.Errorf("restricting the stage pod-ready: %w", err)
	}
	documents := [][]byte{node, ready, []byte(podfast.DefaultPodComplete), []byte(podfast.DefaultPodDelete)}
	for _, failure := range failures() {
		stage, err := failure.stage()
		if err != nil {
			return nil, fmt.Errorf("writing the stage %s: %w", failure.name, err)
		}
		documents = append(documents, stage)
	}
	return bytes.Join(documents, []byte("\n---\n")), nil
}

// restrict adds to a stage that it leaves alone pods with a behaviour of their own and pods whose image nobody has filled in:
// "auto" is what Istio's gateway chart says until the injector has replaced it.
func restrict(stage string) ([]byte, error) {
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
	selector["matchExpressions"] = append(expressions,
		expression(`.metadata.annotations["`+BehaviourAnnotation+`"]`, "DoesNotExist"),
		expression(".spec.containers.[].image", "NotIn", imageAuto),
	)
	return yaml.Marshal(document)
}
