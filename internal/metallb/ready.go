package metallb

import (
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// ready says when pools can be made and Services get addresses: the controller runs, its webhook (failurePolicy Fail)
// can be called, a speaker runs on every node.
func ready(chart component.Chart, version versions.Version) []component.Condition {
	full := fullName(chart, "metallb")
	conditions := []component.Condition{
		established("ipaddresspools." + group),
		established("l2advertisements." + group),
		component.DeploymentAvailable(chart.Namespace, full+"-controller"),
		endpoints(chart.Namespace, webhookService),
		component.ValidatingWebhookUsable(webhookConfiguration),
	}
	if component.Enabled(chart.Values, true, "speaker", "enabled") {
		conditions = append(conditions, component.DaemonSetCurrent(chart.Namespace, full+"-speaker"))
	}
	if component.Enabled(chart.Values, version.AtLeast(0, 16, 0), "frrk8s", "enabled") && !component.Enabled(chart.Values, false, "frrk8s", "external") {
		conditions = append(conditions,
			component.DaemonSetCurrent(chart.Namespace, frrName(chart)),
			component.ValidatingWebhookUsable(frrWebhookConfiguration))
	}
	return conditions
}

// fullName repeats the template metallb.fullname of the chart (templates/_helpers.tpl@v0.13.9 and v0.16.1).
func fullName(chart component.Chart, name string) string {
	if full := object.String(chart.Values, "fullnameOverride"); full != "" {
		return cut(full)
	}
	if override := object.String(chart.Values, "nameOverride"); override != "" {
		name = override
	}
	if strings.Contains(chart.Release, name) {
		return cut(chart.Release)
	}
	return cut(chart.Release + "-" + name)
}

// frrName repeats frr-k8s.fullname of the sub-chart, whose values are under frr-k8s.
func frrName(chart component.Chart) string {
	chart.Values = object.Map(chart.Values, "frr-k8s")
	return fullName(chart, "frr-k8s")
}

// cut keeps a name within the 63 characters of a DNS label, as the chart does.
func cut(name string) string {
	if len(name) > 63 {
		name = name[:63]
	}
	return strings.TrimSuffix(name, "-")
}

func established(name string) component.Condition {
	return component.Condition{
		Name:  "CustomResourceDefinition " + name + " is established",
		Ref:   object.Ref{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition", Name: name},
		Check: component.Check{Kind: component.Established},
	}
}

func endpoints(namespace, service string) component.Condition {
	return component.Condition{
		Name:  "Service " + namespace + "/" + service + " has endpoints",
		Ref:   object.Ref{APIVersion: "v1", Kind: "Service", Namespace: namespace, Name: service},
		Check: component.Check{Kind: component.EndpointsReady},
	}
}
