// Package certmanager knows what cert-manager is on a cluster: its chart and values per version, and when issuers and
// certificates can be made.
package certmanager

import (
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// Defaults of the installation.
const (
	DefaultRelease   = "cert-manager"
	DefaultNamespace = "cert-manager"
	// DefaultWebhook is what both webhook configurations of an installation with the default release are called.
	DefaultWebhook = DefaultRelease + "-webhook"
)

// API is the version of certificates and issuers, the same from 1.0 to 1.21.
const API = "cert-manager.io/v1"

// BroughtBy is the resource that installs cert-manager, for messages.
const BroughtBy = "lab_cert_manager"

// DefaultChart is the chart that is installed when the user names no version.
func DefaultChart() versions.Chart { return versions.Default().Chart(versions.CertManager) }

// Usable says when certificates and issuers can be made: their webhooks, failurePolicy Fail, have a certificate and
// answer. webhook is the name of both configurations; empty is [DefaultWebhook].
func Usable(webhook string) []component.Condition {
	if webhook == "" {
		webhook = DefaultWebhook
	}
	usable := []component.Condition{component.MutatingWebhookUsable(webhook), component.ValidatingWebhookUsable(webhook)}
	for i := range usable {
		usable[i].Name = "cert-manager (" + BroughtBy + " installs it): " + usable[i].Name
	}
	return usable
}

// Required are the kinds that a chart with certificates of its own needs.
func Required() []component.Requirement {
	return []component.Requirement{
		{APIVersion: API, Kind: "Certificate", BroughtBy: BroughtBy},
		{APIVersion: API, Kind: "Issuer", BroughtBy: BroughtBy},
	}
}

// CertificateReady holds when a certificate has been issued.
func CertificateReady(namespace, name string) component.Condition {
	return component.Condition{
		Name:  "Certificate " + namespace + "/" + name + " is issued",
		Ref:   object.Ref{APIVersion: API, Kind: "Certificate", Namespace: namespace, Name: name},
		Check: component.Check{Kind: component.ConditionTrue, Type: "Ready"},
	}
}
