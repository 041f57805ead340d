// Package kiali knows what Kiali is on a cluster: its operator's chart, and the Kiali object per version of the operator.
package kiali

import (
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// Defaults of the installation.
const (
	DefaultRelease           = "kiali-operator"
	DefaultNamespace         = "kiali-operator"
	DefaultInstanceNamespace = "istio-system"
)

// DefaultChart is the chart that is installed when the user names no version.
func DefaultChart() versions.Chart { return versions.Default().Chart(versions.KialiOperator) }

// The object that asks for a Kiali server; its version is the same from 1.64.0 to 2.29.0.
const (
	apiVersion = "kiali.io/v1alpha1"
	kind       = "Kiali"
	name       = "kiali"
)

// operator names the Deployment of the operator (templates/_helpers.tpl of the chart, kiali-operator.fullname).
func operator(chart component.Chart) string {
	const longest = 63
	full := object.String(chart.Values, "fullnameOverride")
	if full == "" {
		base := object.String(chart.Values, "nameOverride")
		if base == "" {
			base = chart.Name
		}
		full = chart.Release
		if !strings.Contains(full, base) {
			full += "-" + base
		}
	}
	return strings.TrimSuffix(full[:min(len(full), longest)], "-")
}
