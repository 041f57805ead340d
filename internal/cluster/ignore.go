package cluster

import (
	"path"
	"regexp"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/component"
)

// everywhere lists fields that others own on any cluster, whatever the component.
var everywhere = []component.IgnoreRule{
	{
		Group: "admissionregistration.k8s.io", Kind: "*", Name: "*", Path: "webhooks[*].clientConfig.caBundle",
		Reason: "certificate controllers write it after the chart (cert-manager cainjector, istiod, MetalLB, prometheus-operator)",
	},
	{
		Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition", Name: "*", Path: "spec.conversion.webhook.clientConfig.caBundle",
		Reason: "certificate controllers write it after the chart",
	},
	{
		Group: "apiregistration.k8s.io", Kind: "APIService", Name: "*", Path: "spec.caBundle",
		Reason: "certificate controllers write it after the chart",
	},
	{
		Group: "*", Kind: "*", Namespace: "*", Name: "*", Path: "metadata.annotations.deployment.kubernetes.io/revision",
		Reason: "the deployment controller counts there",
	},
}

// ignored reports whether a rule, or a HorizontalPodAutoscaler of the same release, owns the field.
func (s *scan) ignored(d Difference) bool {
	if d.Path == "spec.replicas" && s.autoscaled(d) {
		return true
	}
	for _, r := range s.rules {
		if matches(r.Group, d.Ref.Group()) && matches(r.Kind, d.Ref.Kind) && matches(r.Namespace, d.Ref.Namespace) &&
			matches(r.Name, d.Ref.Name) && below(r.Path, d.Path) {
			return true
		}
	}
	return false
}

// autoscaled reports whether the component itself brings an autoscaler for the object.
func (s *scan) autoscaled(d Difference) bool {
	for _, o := range s.wanted {
		kind, _ := o["kind"].(string)
		spec, _ := o["spec"].(map[string]any)
		target, _ := spec["scaleTargetRef"].(map[string]any)
		meta, _ := o["metadata"].(map[string]any)
		if kind == "HorizontalPodAutoscaler" && target["kind"] == d.Ref.Kind && target["name"] == d.Ref.Name && meta["namespace"] == d.Ref.Namespace {
			return true
		}
	}
	return false
}

// matches compares with a pattern; an empty pattern matches only nothing, except that rules for cluster-scoped
// kinds leave the namespace out.
func matches(pattern, text string) bool {
	if pattern == "*" || pattern == text {
		return true
	}
	ok, err := path.Match(pattern, text)
	return err == nil && ok
}

// below reports whether a field is the one that a rule's path names, or lies below it.
func below(rule, field string) bool {
	pattern := regexp.QuoteMeta(rule)
	pattern = strings.ReplaceAll(pattern, regexp.QuoteMeta("[*]"), `\[[^\]]*\]`)
	matched, err := regexp.MatchString("^"+pattern+`($|[.\[])`, field)
	return err == nil && matched
}
