package otel

import (
	"fmt"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// ready says when traces can be sent: the collectors are those that were asked for, they run, and their Service leads to
// them.
func (p Pipeline) ready(ref object.Ref, spec map[string]any, served bool) []component.Condition {
	run := component.DeploymentAvailable(p.Namespace, p.collector())
	switch p.Mode {
	case ModeDaemonSet:
		run = component.DaemonSetCurrent(p.Namespace, p.collector())
	case ModeStatefulSet:
		run = component.StatefulSetCurrent(p.Namespace, p.collector())
	}
	conditions := append(p.followed(ref, run.Ref, spec), run)
	if !served {
		return conditions
	}
	return append(conditions, component.Condition{
		Name:  fmt.Sprintf("Service %s/%s has endpoints", p.Namespace, p.collector()),
		Ref:   object.Ref{APIVersion: "v1", Kind: "Service", Namespace: p.Namespace, Name: p.collector()},
		Check: component.Check{Kind: component.EndpointsReady},
	})
}

// configSum is the annotation of the collectors' pods with the SHA-256 of their configuration.
const configSum = "opentelemetry-operator-config/sha256"

// followed says when the operator has carried a change out, which a collector's status does not tell: the workload that is
// there until then is a healthy one.
//
// The configuration is collector.yaml of the ConfigMap that the pods mount, word for word that of the collector as the
// webhook has completed it (opentelemetry-operator:internal/manifests/collector/configmap.go and config_replace.go@v0.158.0
// and v0.99.0, pkg/collector/reconcile/configmap.go@v0.70.0). The ConfigMap is named by its content
// (internal/naming/main.go@v0.102.0), before that it was changed in place, and up to 0.93.0 the annotation has the sum of
// the text (getConfigMapSHA in pkg/collector/annotations.go@v0.70.0, and @v0.95.0, where it is another's).
// With tls-configure-operands the operator writes its own TLS settings in (internal/components/tls_profile.go@v0.158.0).
func (p Pipeline) followed(ref, workload object.Ref, spec map[string]any) []component.Condition {
	if object.String(spec, "managementState") == "unmanaged" {
		return nil
	}
	var conditions []component.Condition
	// A target allocator has the operator rewrite the receiver prometheus.
	if allocated, _ := object.Lookup(spec, "targetAllocator", "enabled"); allocated != true {
		rendered := component.Rendered{Source: ref, Path: "spec.config", Entry: "collector.yaml", Added: []string{"min_version", "cipher_suites"}}
		if p.sumsText() {
			rendered.Sum = configSum
		}
		conditions = append(conditions, component.Condition{
			Name: workload.String() + " has the configuration of " + ref.String(), Ref: workload, Gate: true,
			Check: component.Check{Kind: component.RunsConfig, Rendered: &rendered},
		})
	}
	if image := object.String(spec, "image"); image != "" {
		conditions = append(conditions, fieldIs(workload, "spec.template.spec.containers.0.image", image))
	}
	if replicas, ok := spec["replicas"].(int64); ok && p.Mode != ModeDaemonSet && !scaled(spec) {
		conditions = append(conditions, fieldIs(workload, "spec.replicas", fmt.Sprint(replicas)))
	}
	return conditions
}

// sumsText reports whether the operator writes the sum of the configuration's text: chart 0.50.0 has operator 0.95.0, the
// first that does not (opentelemetry-helm-charts:charts/opentelemetry-operator/Chart.yaml).
func (p Pipeline) sumsText() bool {
	version, err := parsed(p.OperatorVersion)
	return err == nil && p.APIVersion == Alpha && !version.AtLeast(0, 50, 0)
}

// scaled reports whether something else than the spec decides how many collectors there are.
func scaled(spec map[string]any) bool {
	for _, key := range []string{"autoscaler", "maxReplicas"} {
		if spec[key] != nil {
			return true
		}
	}
	return false
}

func fieldIs(ref object.Ref, path, value string) component.Condition {
	return component.Condition{
		Name: fmt.Sprintf("%s has %s %s", ref, path, value), Ref: ref, Gate: true,
		Check: component.Check{Kind: component.FieldEquals, Path: path, Value: value},
	}
}
