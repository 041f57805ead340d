package monitoring

import (
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// rendered says when the objects of the chart itself are ready.
func (b built) rendered() []component.Condition {
	v, n := b.chart.Values, b.names
	var out []component.Condition
	if component.Enabled(v, true, "prometheusOperator", "enabled") {
		out = append(out, component.DeploymentAvailable(n.namespace, n.operator))
		if component.Enabled(v, true, "prometheusOperator", "admissionWebhooks", "enabled") {
			out = append(out, component.ValidatingWebhookUsable(n.full+"-admission"), component.MutatingWebhookUsable(n.full+"-admission"))
		}
	}
	if component.Enabled(v, true, "grafana", "enabled") {
		out = append(out, component.DeploymentAvailable(n.grafanaNamespace, n.grafana))
	}
	if component.Enabled(v, true, "kubeStateMetrics", "enabled") {
		out = append(out, component.DeploymentAvailable(b.chart.Namespace, n.stateMetrics))
	}
	if component.Enabled(v, true, "nodeExporter", "enabled") {
		out = append(out, component.DaemonSetCurrent(b.chart.Namespace, n.exporter))
	}
	if b.flavor == RancherMonitoring && component.Enabled(v, true, "prometheus-adapter", "enabled") {
		out = append(out, component.DeploymentAvailable(b.chart.Namespace, n.adapter))
	}
	return out
}

// operated says when what the operator makes of the custom resources is ready. Conditions of the custom resources came
// with operator 0.57 (chart 36) and 0.60 (40); rancher-monitoring's operator 0.50 writes no status.
func (b built) operated() []component.Condition {
	v, n := b.chart.Values, b.names
	speaks := b.flavor == KubePrometheusStack && b.version.AtLeast(40, 0, 0)
	var out []component.Condition
	add := func(kind, cr, workload string) {
		if speaks {
			out = append(out, b.says(kind, cr, "Reconciled"), b.says(kind, cr, "Available"))
		}
		out = append(out, component.StatefulSetCurrent(n.namespace, workload))
	}
	if !component.Enabled(v, true, "prometheusOperator", "enabled") {
		return nil
	}
	if component.Enabled(v, true, "prometheus", "enabled") {
		add("Prometheus", n.prometheusCR, "prometheus-"+n.prometheusCR)
	}
	if component.Enabled(v, true, "alertmanager", "enabled") {
		add("Alertmanager", n.alertmanagerCR, "alertmanager-"+n.alertmanagerCR)
	}
	return out
}

func (b built) says(kind, name, condition string) component.Condition {
	ref := object.Ref{APIVersion: group + "/v1", Kind: kind, Namespace: b.names.namespace, Name: name}
	return component.Condition{
		Name: ref.String() + " is " + condition, Ref: ref,
		Check: component.Check{Kind: component.ConditionTrue, Type: condition},
	}
}

func established(name string) component.Condition {
	return component.Condition{
		Name:  "CustomResourceDefinition " + name + " is established",
		Ref:   object.Ref{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition", Name: name},
		Check: component.Check{Kind: component.Established},
	}
}
