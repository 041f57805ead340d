package monitoring

import (
	"fmt"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

type tree = map[string]any

// limits of everything that runs, for a lab's nodes. Prometheus of a whole lab with Istio's metrics stays below half a
// gigabyte; the rest is a bare minimum with room above it.
func limits() tree {
	res := func(cpu, memory, most string) tree {
		return tree{"requests": tree{"cpu": cpu, "memory": memory}, "limits": tree{"memory": most}}
	}
	return tree{
		"prometheus":               tree{"prometheusSpec": tree{"resources": res("100m", "512Mi", "2Gi")}},
		"alertmanager":             tree{"alertmanagerSpec": tree{"resources": res("10m", "32Mi", "128Mi")}},
		"prometheusOperator":       tree{"resources": res("20m", "64Mi", "256Mi")},
		"grafana":                  tree{"resources": res("50m", "192Mi", "512Mi")},
		"kube-state-metrics":       tree{"resources": res("10m", "48Mi", "256Mi")},
		"prometheus-node-exporter": tree{"resources": res("10m", "24Mi", "128Mi")},
	}
}

func (i Install) values(b built) (map[string]any, error) {
	grafana, err := i.grafanaValues(b)
	if err != nil {
		return nil, err
	}
	v := component.MergeValues(limits(), tree{"grafana": grafana, "prometheus": i.prometheusValues(b)})
	if i.NoAlertmanager {
		v = component.MergeValues(v, tree{"alertmanager": tree{"enabled": false}})
	}
	return component.MergeValues(v, i.targets(b)), nil
}

// targets are the parts of the control plane that are scraped, and what else differs by flavour.
func (i Install) targets(b built) tree {
	out := tree{}
	if b.flavor == RancherMonitoring {
		for _, part := range []string{"rke2Etcd", "rke2ControllerManager", "rke2Scheduler", "rke2Proxy"} {
			if i.ControlPlane {
				out[part] = tree{"enabled": true}
			}
		}
		// The chart's values.yaml has namespace and release as literals, in the first and in the second of these.
		out["namespaceOverride"] = b.chart.Namespace
		out["prometheus-adapter"] = tree{
			"prometheus": tree{"url": fmt.Sprintf("http://%s.%s.svc", b.names.prometheus, b.chart.Namespace)},
			"resources":  tree{"requests": tree{"cpu": "10m", "memory": "48Mi"}},
		}
		return out
	}
	for _, part := range []string{"kubeEtcd", "kubeControllerManager", "kubeScheduler", "kubeProxy"} {
		if !i.ControlPlane {
			out[part] = tree{"enabled": false}
		}
	}
	return out
}

// selectors open Prometheus for the monitors of every release (values.yaml prometheus.prometheusSpec).
func (i Install) prometheusValues(b built) tree {
	spec := tree{}
	for _, kind := range []string{"serviceMonitor", "podMonitor", "rule", "probe"} {
		spec[kind+"SelectorNilUsesHelmValues"] = false
	}
	// ScrapeConfigs came with operator 0.65, chart 46.
	if b.flavor == KubePrometheusStack && b.version.AtLeast(46, 0, 0) {
		spec["scrapeConfigSelectorNilUsesHelmValues"] = false
	}
	p := i.Prometheus
	if p.Retention != "" {
		spec["retention"] = p.Retention
	}
	if p.StorageSize != "" {
		claim := tree{"accessModes": []any{"ReadWriteOnce"}, "resources": tree{"requests": tree{"storage": p.StorageSize}}}
		if p.StorageClass != "" {
			claim["storageClassName"] = p.StorageClass
		}
		spec["storageSpec"] = tree{"volumeClaimTemplate": tree{"spec": claim}}
	}
	if p.RemoteWriteReceiver && b.flavor == RancherMonitoring {
		spec["enableFeatures"] = []any{"remote-write-receiver"} // Prometheus 2.28 has it as a feature, the operator no field
	} else if p.RemoteWriteReceiver {
		spec["enableRemoteWriteReceiver"] = true
	}
	out := tree{"prometheusSpec": spec}
	if ingress := p.Publish.values(); ingress != nil {
		out["ingress"] = ingress
	}
	return out
}

// values are the keys that the Ingresses of Prometheus and Grafana have in common.
func (p Publish) values() tree {
	if p.Host == "" {
		return nil
	}
	out := tree{"enabled": true, "hosts": []any{p.Host}}
	if p.IngressClass != "" {
		out["ingressClassName"] = p.IngressClass
	}
	if p.TLSSecret != "" {
		out["tls"] = []any{object.Object{"secretName": p.TLSSecret, "hosts": []any{p.Host}}}
	}
	return out
}
