package otel

import (
	"fmt"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// Operator is the OpenTelemetry operator, which runs collectors. The zero value is the default version with a
// certificate from cert-manager.
type Operator struct {
	// Chart are the user's choices; its Values win over everything below.
	Chart component.ChartOptions
	// OwnCertificate lets the chart make the webhooks' certificate. It is made anew by every upgrade and lasts a year.
	// Otherwise cert-manager issues and renews it.
	OwnCertificate bool
	// CertManagerWebhook is the name of cert-manager's webhook configurations, which have to answer before the chart's
	// certificate can be made; empty is [DefaultCertManagerWebhook].
	CertManagerWebhook string
	// CollectorImage is what collectors run that name no image, "repository" or "repository:tag"; empty is the chart's.
	CollectorImage string
}

// Component builds the installation. It fails when the chart's version cannot be read.
func (o Operator) Component() (component.Component, error) {
	pinned := DefaultChart()
	chart := o.Chart.Over(component.Chart{
		Release: DefaultRelease, Namespace: DefaultNamespace,
		Repository: pinned.Repository, Name: pinned.Name, Version: pinned.Version,
	})
	version, err := parsed(chart.Version)
	if err != nil {
		return component.Component{}, err
	}
	values, err := o.values(version)
	if err != nil {
		return component.Component{}, fmt.Errorf("values of chart %s: %w", chart.Name, err)
	}
	chart.Values = component.MergeValues(values, o.Chart.Values)
	chart.Ready = operatorReady(chart, version)
	c := component.Component{
		Name:       "OpenTelemetry operator",
		Namespaces: []component.Namespace{{Name: chart.Namespace}},
		Charts:     []component.Chart{chart},
		UsedBy:     operatorUsedBy(version),
	}
	if certified(chart.Values) {
		c.Requires = certificateKinds()
		c.Needs = certificatesAccepted(o.CertManagerWebhook)
	}
	return c, nil
}

// certified reports whether cert-manager is to issue the webhooks' certificate.
func certified(values map[string]any) bool {
	return component.Enabled(values, true, "admissionWebhooks", "create") && component.Enabled(values, true, "admissionWebhooks", "certManager", "enabled")
}

// operatorReady says when collectors can be made: their kind is served, the operator runs, its webhooks (failurePolicy
// Fail) and, with v1beta1, the conversion between the versions have a certificate and answer.
func operatorReady(chart component.Chart, version versions.Version) []component.Condition {
	full := chart.FullName(chartName)
	conditions := []component.Condition{component.DeploymentAvailable(chart.Namespace, full)}
	if ownsCRDs(chart.Values, version) {
		conditions = append(conditions, established(collectorCRD), established("instrumentations."+group))
	}
	if !component.Enabled(chart.Values, true, "admissionWebhooks", "create") {
		return conditions
	}
	if certified(chart.Values) {
		conditions = append(conditions, certificateIssued(chart.Namespace, full+"-serving-cert"))
	}
	prefix := object.String(chart.Values, "admissionWebhooks", "namePrefix")
	if prefix != "" {
		prefix += "-"
	}
	conditions = append(conditions,
		component.MutatingWebhookUsable(prefix+full+"-mutation"),
		component.ValidatingWebhookUsable(full+"-validation"))
	if servesBeta(version) && ownsCRDs(chart.Values, version) {
		conditions = append(conditions, component.Condition{
			Name:  "CustomResourceDefinition " + collectorCRD + " is converted",
			Ref:   object.Ref{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition", Name: collectorCRD},
			Check: component.Check{Kind: component.WebhookUsable},
		})
	}
	return conditions
}

const collectorCRD = "opentelemetrycollectors." + group

// templatesCRDs reports whether the CRDs are objects of the release, and so go with it. Until 0.56 they are in the
// chart's crds folder, and stay (opentelemetry-helm-charts:charts/opentelemetry-operator/UPGRADING.md, 0.56 to 0.57).
func templatesCRDs(version versions.Version) bool { return version.AtLeast(0, 57, 0) }

func ownsCRDs(values map[string]any, version versions.Version) bool {
	return !templatesCRDs(version) || component.Enabled(values, true, "crds", "create")
}

// operatorUsedBy are the kinds whose objects vanish with the release, or that nobody acts on any more.
func operatorUsedBy(version versions.Version) []component.Use {
	loss := "are run by nobody"
	if templatesCRDs(version) {
		loss = "vanish with the CRDs of the chart"
	}
	collectors := v1alpha1
	if servesBeta(version) {
		collectors = v1beta1
	}
	return []component.Use{
		{APIVersion: collectors, Kind: "OpenTelemetryCollector", Loss: loss},
		{APIVersion: v1alpha1, Kind: "Instrumentation", Loss: loss},
	}
}
