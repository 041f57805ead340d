// Package certmanager knows what cert-manager is on a cluster: its chart and values per version, and when issuers and
// certificates can be made.
package certmanager

import "github.com/dxlab/terraform-provider-lab/internal/versions"

// Defaults of the installation.
const (
	DefaultRelease   = "cert-manager"
	DefaultNamespace = "cert-manager"
)

// API is the version of certificates and issuers, the same from 1.0 to 1.21.
const API = "cert-manager.io/v1"

// DefaultChart is the chart that is installed when the user names no version.
func DefaultChart() versions.Chart { return versions.Default().Chart(versions.CertManager) }
