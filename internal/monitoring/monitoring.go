// Package monitoring knows what Prometheus, its operator and Grafana are on a cluster, as kube-prometheus-stack and as
// Rancher's rancher-monitoring install them: values per flavour and version, the names that the charts give, the data
// sources, and what is ready when.
package monitoring

import (
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// Flavor is who packs the same programs.
type Flavor string

// The flavours.
const (
	// KubePrometheusStack is the community's chart. Its CRDs are in a crds/ folder.
	KubePrometheusStack Flavor = "kube-prometheus-stack"
	// RancherMonitoring is Rancher's, an older kube-prometheus-stack with a chart of its own for the CRDs, which a Job
	// makes and deletes. It has PodSecurityPolicies without a switch, so that it ends with Kubernetes 1.24.
	RancherMonitoring Flavor = "rancher-monitoring"
)

// Flavors lists the flavours, the default first.
func Flavors() []string { return []string{string(KubePrometheusStack), string(RancherMonitoring)} }

// Defaults are what a flavour is installed with when the user says nothing.
type Defaults struct {
	Release, Namespace string
	// Chart is the pinned chart and CRDs the one with the CRDs, the zero Chart where the first has them.
	Chart, CRDs versions.Chart
}

// DefaultsOf returns a flavour's defaults; an unknown flavour is [fault.Invalid] and lists the known ones.
func DefaultsOf(flavor Flavor) (Defaults, error) {
	switch flavor {
	case KubePrometheusStack, "":
		return Defaults{
			Release: "kube-stack-prometheus", Namespace: "monitoring",
			Chart: versions.Default().Chart(versions.KubePrometheusStack),
		}, nil
	case RancherMonitoring:
		profile, err := versions.Get(versions.Seed2023)
		return Defaults{
			Release: "rancher-monitoring", Namespace: "cattle-monitoring-system",
			Chart: profile.Chart(versions.RancherMonitoring), CRDs: profile.Chart(versions.RancherMonitoringCRD),
		}, err
	default:
		return Defaults{}, fault.Newf(fault.Invalid, "there is no flavour %q of monitoring; there are %s", flavor, strings.Join(Flavors(), " and "))
	}
}

// UIDs of the data sources, which dashboards and Kiali refer to. The tutorial leaves them to Grafana, which makes them
// up.
const (
	PrometheusUID = "prometheus"
	TempoUID      = "tempo"
)

// Keys of the Secret with Grafana's administrator (charts/grafana/templates/secret.yaml, the same in 6.16.14 and
// 12.11.1 of that chart).
const (
	UserKey     = "admin-user"
	PasswordKey = "admin-password"
)

const group = "monitoring.coreos.com"

// crdNames are what the Job of rancher-monitoring-crd makes (crd-manifest/ in the chart).
func crdNames() []string {
	names := []string{"alertmanagerconfigs", "alertmanagers", "podmonitors", "probes", "prometheuses", "prometheusrules", "servicemonitors", "thanosrulers"}
	for i, n := range names {
		names[i] = n + "." + group
	}
	return slices.Clip(names)
}
