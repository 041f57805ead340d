package metallb

import "github.com/dxlab/terraform-provider-lab/internal/component"

// ignore lists what MetalLB writes into the objects of its own release. Its certificate rotator fills them after start
// (metallb:internal/k8s/webhook.go@v0.16.1; the same package in v0.13.9).
func ignore(chart component.Chart) []component.IgnoreRule {
	const rotator = "the controller's certificate rotator writes it (metallb:internal/k8s/webhook.go@v0.16.1)"
	rules := []component.IgnoreRule{
		{
			Group: "admissionregistration.k8s.io", Kind: "ValidatingWebhookConfiguration", Name: webhookConfiguration,
			Path: "webhooks[*].clientConfig.caBundle", Reason: rotator,
		},
		{
			Group: "admissionregistration.k8s.io", Kind: "ValidatingWebhookConfiguration", Name: frrWebhookConfiguration,
			Path: "webhooks[*].clientConfig.caBundle", Reason: "frr-k8s' statuscleaner writes it, as MetalLB's controller does for its own webhook",
		},
		{
			Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition", Name: "*." + group,
			Path: "spec.conversion.webhook.clientConfig.caBundle", Reason: rotator + "; 0.13.9 ships a placeholder certificate there",
		},
	}
	// The Secret was renamed in 0.14.8; frr-k8s has its own.
	for _, name := range []string{"metallb-webhook-cert", "webhook-server-cert", "frr-k8s-webhook-server-cert"} {
		rules = append(rules, component.IgnoreRule{
			Kind: "Secret", Namespace: chart.Namespace, Name: name,
			Path: "data", Reason: "the chart leaves the Secret empty and the certificate rotator fills it (metallb:charts/metallb/templates/webhooks.yaml@v0.16.1)",
		})
	}
	return rules
}
