package monitoring

import (
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// ignore lists what others write into the objects of the release.
func (b built) ignore() []component.IgnoreRule {
	const webhooks = "admissionregistration.k8s.io"
	const patched = "the chart's Job admission-patch writes the certificate it made, and its own failure policy (templates/prometheus-operator/admission-webhooks/job-patch)"
	rules := []component.IgnoreRule{{
		Kind: "Secret", Namespace: b.names.grafanaNamespace, Name: b.names.grafana, Path: "data",
		Reason: "the chart makes up a password wherever none is given, at each rendering that cannot look at the cluster (charts/grafana/templates/_helpers.tpl); " +
			"the one that Grafana was started with first is the one that counts",
	}}
	for _, kind := range []string{"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"} {
		for _, path := range []string{"webhooks[*].clientConfig.caBundle", "webhooks[*].failurePolicy"} {
			rules = append(rules, component.IgnoreRule{Group: webhooks, Kind: kind, Name: b.names.full + "-admission", Path: path, Reason: patched})
		}
	}
	return rules
}

// usedBy lists what the removal takes with it, or leaves without anybody to look after it.
func (b built) usedBy() []component.Use {
	loss := "lose the operator that runs them"
	kinds := []string{"Prometheus", "Alertmanager", "ThanosRuler"}
	if b.flavor == RancherMonitoring {
		loss = "vanish with the CRDs, which a Job of rancher-monitoring-crd deletes"
		kinds = append(kinds, "ServiceMonitor", "PodMonitor", "PrometheusRule", "Probe")
	}
	var uses []component.Use
	for _, kind := range kinds {
		uses = append(uses, component.Use{APIVersion: group + "/v1", Kind: kind, Loss: loss})
	}
	return uses
}

// leaves lists what the operator and the chart's Jobs make beside the release: the Service of the kubelets
// (prometheus-operator:pkg/kubelet/controller.go) and the webhooks' certificate stay for good, the StatefulSets go some
// time after their custom resources.
func (b built) leaves() []object.Ref {
	v, n := b.chart.Values, b.names
	if !component.Enabled(v, true, "prometheusOperator", "enabled") {
		return nil
	}
	kubelets := object.Ref{APIVersion: "v1", Kind: "Service", Namespace: "kube-system", Name: n.full + "-kubelet"}
	for field, path := range map[*string]string{&kubelets.Namespace: "namespace", &kubelets.Name: "name"} {
		if own := object.String(v, "prometheusOperator", "kubeletService", path); own != "" {
			*field = own
		}
	}
	return []object.Ref{
		{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: n.namespace, Name: "prometheus-" + n.prometheusCR},
		{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: n.namespace, Name: "alertmanager-" + n.alertmanagerCR},
		kubelets,
		{APIVersion: "v1", Kind: "Secret", Namespace: n.namespace, Name: n.full + "-admission"},
	}
}
