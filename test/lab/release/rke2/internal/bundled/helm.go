package bundled

import (
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/settings"
)

// firstIngressChoice is the first release with --ingress-controller, which tells charts the default class.
const firstIngressChoice = "v1.29.7"

// helmObjects are what the helm controller works with: the HelmChart, the service account of its job, and the job.
func helmObjects(c component, v values) []kubeapi.Object {
	set := kubeapi.Object{"global.clusterDNS": v.ClusterDNS}
	if v.DefaultIngress != "" && settings.AtLeast(v.Release, firstIngressChoice) {
		set["global.systemDefaultIngressClass"] = v.DefaultIngress
	}
	name := "helm-install-" + c.chart
	labels := kubeapi.Object{"helmcharts.helm.cattle.io/chart": c.chart}
	pod := kubeapi.Object{
		"restartPolicy":      "OnFailure",
		"serviceAccountName": "helm-" + c.chart,
		"tolerations":        []any{kubeapi.Object{"operator": "Exists"}},
		"containers": []any{kubeapi.Object{
			"name": "helm", "image": imageOf("helm", v.Release), "args": []any{"install"},
			"env": []any{kubeapi.Object{"name": "NAME", "value": c.chart}, kubeapi.Object{"name": "CHART_NAMESPACE", "value": "kube-system"}},
		}},
	}
	if c.bootstrap {
		pod["hostNetwork"] = true
	}
	return []kubeapi.Object{
		{
			"apiVersion": "helm.cattle.io/v1", "kind": "HelmChart",
			"metadata": kubeapi.Object{
				"name": c.chart, "namespace": "kube-system",
				"annotations": kubeapi.Object{"helm.cattle.io/chart-url": "https://rke2-charts.rancher.io/assets/" + c.chart},
			},
			"spec": kubeapi.Object{"bootstrap": c.bootstrap, "chart": "", "set": set},
		},
		{
			"apiVersion": "v1", "kind": "ServiceAccount",
			"metadata": kubeapi.Object{"name": "helm-" + c.chart, "namespace": "kube-system", "labels": labels},
		},
		{
			"apiVersion": "batch/v1", "kind": "Job",
			"metadata": kubeapi.Object{"name": name, "namespace": "kube-system", "labels": labels},
			"spec": kubeapi.Object{
				"backoffLimit": 1000,
				"template":     kubeapi.Object{"metadata": kubeapi.Object{"labels": labels}, "spec": pod},
			},
		},
	}
}
