package otel

import (
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// DefaultCertManagerWebhook is what both webhook configurations of cert-manager are called when its release has the
// name that its documentation gives it.
const DefaultCertManagerWebhook = "cert-manager-webhook"

const (
	certManagerAPI       = "cert-manager.io/v1"
	certManagerBroughtBy = "lab_cert_manager"
)

// certificateKinds are the kinds of cert-manager that the operator's chart makes objects of.
func certificateKinds() []component.Requirement {
	return []component.Requirement{
		{APIVersion: certManagerAPI, Kind: "Certificate", BroughtBy: certManagerBroughtBy},
		{APIVersion: certManagerAPI, Kind: "Issuer", BroughtBy: certManagerBroughtBy},
	}
}

// certificatesAccepted says when certificates and issuers can be made: cert-manager's webhooks, failurePolicy Fail, have
// a certificate themselves and answer.
func certificatesAccepted(webhook string) []component.Condition {
	if webhook == "" {
		webhook = DefaultCertManagerWebhook
	}
	accepted := []component.Condition{component.MutatingWebhookUsable(webhook), component.ValidatingWebhookUsable(webhook)}
	for i := range accepted {
		accepted[i].Name = "cert-manager (" + certManagerBroughtBy + " installs it): " + accepted[i].Name
	}
	return accepted
}

// certificateIssued holds when a certificate has been issued.
func certificateIssued(namespace, name string) component.Condition {
	return component.Condition{
		Name:  "Certificate " + namespace + "/" + name + " is issued",
		Ref:   object.Ref{APIVersion: certManagerAPI, Kind: "Certificate", Namespace: namespace, Name: name},
		Check: component.Check{Kind: component.ConditionTrue, Type: "Ready"},
	}
}
