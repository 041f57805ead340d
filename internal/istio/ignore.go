package istio

import (
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

const (
	webhooks   = "admissionregistration.k8s.io"
	validating = "ValidatingWebhookConfiguration"
	mutating   = "MutatingWebhookConfiguration"
)

// ignoreMesh lists what istiod writes into the objects of its own releases.
func ignoreMesh(istiod component.Chart) []component.IgnoreRule {
	revision := object.String(istiod.Values, "revision")
	const (
		validation = "istiod sets it once its webhook answers (istio:pkg/webhooks/validation/controller/controller.go@1.30.3); the charts say Ignore and no bundle"
		injection  = "istiod writes its own certificate authority there (istio:pkg/webhooks/webhookpatch.go@1.30.3)"
	)
	var rules []component.IgnoreRule
	for _, name := range []string{"istiod-default-validator", withRevision("istio-validator", revision) + "-" + istiod.Namespace} {
		rules = append(rules,
			component.IgnoreRule{Group: webhooks, Kind: validating, Name: name, Path: "webhooks[*].clientConfig.caBundle", Reason: validation},
			component.IgnoreRule{Group: webhooks, Kind: validating, Name: name, Path: "webhooks[*].failurePolicy", Reason: validation})
	}
	rules = append(rules, component.IgnoreRule{
		Group: webhooks, Kind: mutating, Name: injector(revision, istiod.Namespace),
		Path: "webhooks[*].clientConfig.caBundle", Reason: injection,
	})
	autoscaled := component.Enabled(istiod.Values, true, "autoscaleEnabled") && component.Enabled(istiod.Values, true, "pilot", "autoscaleEnabled")
	if autoscaled {
		rules = append(rules, replicas(istiod.Namespace, withRevision("istiod", revision)))
	}
	return rules
}

// ignoreGateway lists what controllers write into the objects of a gateway's release.
func ignoreGateway(chart component.Chart, name string) []component.IgnoreRule {
	var rules []component.IgnoreRule
	if component.Enabled(chart.Values, true, "autoscaling", "enabled") {
		rules = append(rules, replicas(chart.Namespace, name))
	}
	allocated := func(path string) {
		rules = append(rules, component.IgnoreRule{
			Kind: "Service", Namespace: chart.Namespace, Name: name, Path: path,
			Reason: "the API server allocates it (kubernetes:pkg/registry/core/service/storage/alloc.go)",
		})
	}
	allocated("spec.healthCheckNodePort")
	allocated("spec.clusterIPs")
	if object.String(chart.Values, "service", "clusterIP") == "" {
		allocated("spec.clusterIP")
	}
	if !setsNodePorts(chart.Values) {
		allocated("spec.ports[*].nodePort")
	}
	return rules
}

func setsNodePorts(values map[string]any) bool {
	for _, port := range object.List(values, "service", "ports") {
		if p, ok := port.(map[string]any); ok && p["nodePort"] != nil {
			return true
		}
	}
	return false
}

func replicas(namespace, name string) component.IgnoreRule {
	return component.IgnoreRule{
		Group: "apps", Kind: "Deployment", Namespace: namespace, Name: name, Path: "spec.replicas",
		Reason: "the HorizontalPodAutoscaler of the same name scales it (templates/autoscale.yaml of istiod, templates/hpa.yaml of gateway)",
	}
}
