// Package metallb knows what MetalLB is on a cluster: its chart and values per version, its address pools and how a
// Service asks for an address.
package metallb

import "github.com/dxlab/terraform-provider-lab/internal/versions"

// Defaults of the installation.
const (
	DefaultRelease   = "metallb"
	DefaultNamespace = "metallb-system"
)

// DefaultChart is the chart that is installed when the user names no version.
func DefaultChart() versions.Chart { return versions.Default().Chart(versions.MetalLB) }

// Fixed names: the chart does not derive them from the release (metallb:charts/metallb/templates/webhooks.yaml@v0.16.1,
// frr-k8s chart 0.0.25 templates/webhooks.yaml).
const (
	webhookConfiguration    = "metallb-webhook-configuration"
	webhookService          = "metallb-webhook-service"
	frrWebhookConfiguration = "frr-k8s-validating-webhook-configuration"
)

// API versions of the objects that pools are made of; they are the same from 0.13.9 to 0.16.1.
const (
	group   = "metallb.io"
	v1beta1 = group + "/v1beta1"
)
