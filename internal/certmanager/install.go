package certmanager

import (
	"fmt"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// Install is cert-manager: controller, CA injector, webhook and CRDs. From 1.15 on its CRDs
// stay when the release goes, so that no certificate is lost; before, the chart takes them along. The zero value is the
// default version.
type Install struct {
	// Chart are the user's choices; its Values win over everything below.
	Chart component.ChartOptions
	// SkipCheck leaves out the Job with which the chart makes sure, at the end of its installation, that certificates
	// can be made.
	SkipCheck bool
}

// Component builds the installation. It fails when the chart's version cannot be read.
func (i Install) Component() (component.Component, error) {
	pinned := DefaultChart()
	chart := i.Chart.Over(component.Chart{
		Release: DefaultRelease, Namespace: DefaultNamespace,
		Repository: pinned.Repository, Name: pinned.Name, Version: pinned.Version,
	})
	version, err := versions.Parse(chart.Version)
	if err != nil {
		return component.Component{}, fmt.Errorf("cert-manager chart: %w", err)
	}
	values, err := i.values(version)
	if err != nil {
		return component.Component{}, fmt.Errorf("cert-manager values: %w", err)
	}
	chart.Values = component.MergeValues(values, i.Chart.Values)
	chart.Ready = ready(chart)
	return component.Component{
		Name:       "cert-manager",
		Namespaces: []component.Namespace{{Name: chart.Namespace}},
		Charts:     []component.Chart{chart},
		UsedBy:     usedBy(chart, version),
	}, nil
}

// ready says when certificates can be made: the kinds are served, the controllers run, the webhooks have got their
// certificate from the CA injector and answer.
func ready(chart component.Chart) []component.Condition {
	full := chart.FullName("cert-manager")
	webhook := component.DNSLabel(component.DNSLabel(full, 55)+"-webhook", 63)
	conditions := []component.Condition{
		established("certificates.cert-manager.io"),
		established("issuers.cert-manager.io"),
		component.DeploymentAvailable(chart.Namespace, full),
		component.DeploymentAvailable(chart.Namespace, component.DNSLabel(component.DNSLabel(full, 52)+"-cainjector", 63)),
		component.DeploymentAvailable(chart.Namespace, webhook),
		component.MutatingWebhookUsable(webhook),
		component.ValidatingWebhookUsable(webhook),
	}
	if !ownsCRDs(chart.Values) {
		return conditions[2:]
	}
	return conditions
}

// ownsCRDs reports whether the release brings the CRDs, by the key of either time.
func ownsCRDs(values map[string]any) bool {
	old, _ := object.Lookup(values, "installCRDs")
	now, _ := object.Lookup(values, "crds", "enabled")
	return old == true || now == true
}

// usedBy are the kinds whose objects nobody renews, or that vanish, without cert-manager.
func usedBy(chart component.Chart, version versions.Version) []component.Use {
	loss := "are issued and renewed by nobody"
	if keep, _ := object.Lookup(chart.Values, "crds", "keep"); !keepsCRDs(version) || keep == false {
		loss = "vanish with the CRDs of the chart"
	}
	uses := []component.Use{}
	for _, kind := range []string{"Certificate", "Issuer", "ClusterIssuer"} {
		uses = append(uses, component.Use{APIVersion: API, Kind: kind, Loss: loss})
	}
	return uses
}

func established(name string) component.Condition {
	return component.Condition{
		Name:  "CustomResourceDefinition " + name + " is established",
		Ref:   object.Ref{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition", Name: name},
		Check: component.Check{Kind: component.Established},
	}
}
