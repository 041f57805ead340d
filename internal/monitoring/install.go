package monitoring

import (
	"fmt"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// Install is Prometheus with its operator, Alertmanager, the exporters and Grafana. The zero value is today's
// kube-prometheus-stack without a way in from outside.
type Install struct {
	Flavor Flavor
	// Chart are the user's choices; its Values win over everything below. CRDs are those for rancher-monitoring-crd, of
	// which version and repository follow Chart where they are empty.
	Chart, CRDs component.ChartOptions
	Grafana     Grafana
	Prometheus  Prometheus
	// ControlPlane scrapes etcd, scheduler, controller manager and kube-proxy. On RKE2 they listen on the loopback
	// address alone: kube-prometheus-stack reaches them only where RKE2 was told to open them, rancher-monitoring
	// through proxies that it brings.
	ControlPlane bool
	// NoAlertmanager leaves Alertmanager out.
	NoAlertmanager bool
}

// Publish is how a part is reached from outside, by an Ingress. Without Host there is none.
type Publish struct {
	Host string
	// IngressClass empty leaves the choice to the cluster.
	IngressClass string
	// TLSSecret is the Secret with the host's certificate; empty is plain HTTP.
	TLSSecret string
}

func (p Publish) url() string {
	switch {
	case p.Host == "":
		return ""
	case p.TLSSecret != "":
		return "https://" + p.Host
	default:
		return "http://" + p.Host
	}
}

// Prometheus are choices about Prometheus.
type Prometheus struct {
	Publish Publish
	// Retention is how long samples are kept ("10d"); empty is the chart's.
	Retention string
	// StorageSize keeps samples on a volume of this size; empty loses them with the pod. StorageClass empty is the
	// cluster's default class.
	StorageSize, StorageClass string
	// RemoteWriteReceiver takes samples that others write, such as Tempo's metrics generator.
	RemoteWriteReceiver bool
}

// Grafana are choices about Grafana.
type Grafana struct {
	Publish Publish
	// ImageTag is the version of Grafana; empty is the chart's.
	ImageTag string
	// AnonymousRole lets everybody in with this role: Viewer, Editor or Admin. Empty asks for a login.
	AnonymousRole string
	// ViewersCanEdit lets viewers explore, without saving.
	ViewersCanEdit bool
	// TempoURL makes a data source of a Tempo; TempoUID is its uid, empty for [TempoUID].
	TempoURL, TempoUID string
	// FeatureToggles are switched on. traceqlEditor is added for the versions that need it.
	FeatureToggles []string
	// Timezone of the dashboards that the chart brings; empty is the chart's, utc.
	Timezone string
}

func (g Grafana) tempoUID() string {
	if g.TempoUID != "" {
		return g.TempoUID
	}
	return TempoUID
}

// Component builds the installation. It fails with [fault.Invalid] when the flavour or version cannot be read or cannot
// do what is asked.
func (i Install) Component() (component.Component, error) {
	b, err := i.build()
	if err != nil {
		return component.Component{}, fmt.Errorf("monitoring: %w", err)
	}
	b.chart.Ready = b.rendered()
	c := component.Component{
		Name:       "monitoring",
		Namespaces: []component.Namespace{{Name: b.chart.Namespace, Labels: labels()}},
		Charts:     []component.Chart{b.chart},
		Ready:      b.operated(),
		Ignore:     b.ignore(),
		UsedBy:     b.usedBy(),
		Leaves:     b.leaves(),
	}
	if i.flavor() == RancherMonitoring {
		c.Charts = []component.Chart{i.crdChart(b), b.chart}
	}
	return c, nil
}

// labels let the node exporter run: it uses the host's network, processes and file systems, which only the privileged
// level of Pod Security admission allows (https://kubernetes.io/docs/concepts/security/pod-security-standards/).
func labels() map[string]string {
	return map[string]string{
		"pod-security.kubernetes.io/enforce": "privileged",
		"pod-security.kubernetes.io/audit":   "privileged",
		"pod-security.kubernetes.io/warn":    "privileged",
	}
}

// built is an installation with everything decided.
type built struct {
	flavor  Flavor
	chart   component.Chart
	crds    versions.Chart
	version versions.Version
	names   names
}

func (i Install) flavor() Flavor {
	if i.Flavor == "" {
		return KubePrometheusStack
	}
	return i.Flavor
}

func (i Install) build() (built, error) {
	defaults, err := DefaultsOf(i.flavor())
	if err != nil {
		return built{}, err
	}
	b := built{flavor: i.flavor(), crds: defaults.CRDs}
	b.chart = i.Chart.Over(component.Chart{
		Release: defaults.Release, Namespace: defaults.Namespace,
		Repository: defaults.Chart.Repository, Name: defaults.Chart.Name, Version: defaults.Chart.Version,
	})
	if b.version, err = versions.Parse(b.chart.Version); err != nil {
		return built{}, fmt.Errorf("chart: %w", err)
	}
	b.names = namesOf(b.flavor, b.chart)
	values, err := i.values(b)
	if err != nil {
		return built{}, err
	}
	b.chart.Values = component.MergeValues(values, i.Chart.Values)
	b.names = namesOf(b.flavor, b.chart)
	return b, nil
}

// crdChart is the release that makes the CRDs; both charts have one version (catalog.cattle.io/auto-install in
// rancher-monitoring's Chart.yaml).
func (i Install) crdChart(b built) component.Chart {
	crds := i.CRDs.Over(component.Chart{
		Release: b.chart.Release + "-crd", Namespace: b.chart.Namespace, Repository: b.chart.Repository, Direct: b.chart.Direct,
		Name: b.crds.Name, Version: b.chart.Version, Adopt: b.chart.Adopt,
	})
	for _, name := range crdNames() {
		crds.Ready = append(crds.Ready, established(name))
	}
	return crds
}
