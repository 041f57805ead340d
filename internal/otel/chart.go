// Package otel knows what tracing with OpenTelemetry is on a cluster: the operator's chart and values per version, and
// the collectors that it runs, in the words of their version.
package otel

import (
	"fmt"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// Defaults of the installation.
const (
	DefaultRelease   = "opentelemetry-operator"
	DefaultNamespace = "otel-system"
)

// BroughtBy is the resource that installs the operator, for messages.
const BroughtBy = "lab_otel_operator"

const (
	chartName = "opentelemetry-operator"
	group     = "opentelemetry.io"
	v1alpha1  = group + "/v1alpha1"
	v1beta1   = group + "/v1beta1"
)

// DefaultChart is the chart that is installed when the user names no version.
func DefaultChart() versions.Chart { return versions.Default().Chart(versions.OTelOperator) }

// parsed reads a version of the operator's chart; empty is the default.
func parsed(version string) (versions.Version, error) {
	if version == "" {
		version = DefaultChart().Version
	}
	v, err := versions.Parse(version)
	if err != nil {
		return versions.Version{}, fmt.Errorf("chart %s: %w", chartName, err)
	}
	return v, nil
}

// servesBeta reports whether the operator of a chart knows v1beta1 of collectors: chart 0.58.0 is the first with operator
// 0.99.0 (opentelemetry-operator:config/crd/bases/opentelemetry.io_opentelemetrycollectors.yaml@v0.99.0).
func servesBeta(chart versions.Version) bool { return chart.AtLeast(0, 58, 0) }

func established(name string) component.Condition {
	return component.Condition{
		Name:  "CustomResourceDefinition " + name + " is established",
		Ref:   object.Ref{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition", Name: name},
		Check: component.Check{Kind: component.Established},
	}
}
