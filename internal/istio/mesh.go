package istio

import (
	"errors"
	"fmt"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// Mesh is Istio's control plane: the releases istio-base (CRDs, validation) and istiod, and on each node, where they are
// asked for, istio-cni and ztunnel. The zero value is the default version, for sidecars, with requests for a lab.
type Mesh struct {
	// Namespace of both releases; empty is [DefaultNamespace].
	Namespace string
	// Version and Repository are those of both charts; what Base and Istiod say goes first.
	Version, Repository string
	// Adopt takes over releases and objects that somebody else installed.
	Adopt bool
	// Base and the others are the user's choices for each chart; their Values win over everything below.
	Base, Istiod, CNIChart, ZtunnelChart component.ChartOptions
	// Config are mesh-wide settings, MoreConfig any others of MeshConfig, which win.
	Config     MeshConfig
	MoreConfig map[string]any
	// Tracing is where the proxies send their spans. Nil leaves it to Config.
	Tracing *MeshTracing
	// Ambient carries traffic by one ztunnel a node in place of sidecars. It needs the CNI plugin and brings it. CNI
	// brings the plugin for sidecars too, whose pods then need no right to change their network.
	Ambient, CNI bool
	// Resources are istiod's requests, ProxyResources those of each sidecar; empty is [LabIstiod] and [LabProxy].
	Resources, ProxyResources Resources
	// Replicas is a fixed number of istiods. Nil leaves it to the chart's autoscaler, 1 to 5.
	Replicas *int32
	// Platform adapts the charts to a distribution: k3d, k3s, gke, ... Charts below 1.24 do not know it and refuse it.
	Platform string
	// NamespaceLabels are labels of the namespace. istio-injection=disabled would keep gateways from starting.
	NamespaceLabels map[string]string
}

// Component builds the control plane. It fails when a version cannot be read or does not know a setting.
func (m Mesh) Component() (component.Component, error) {
	base, err := m.base()
	if err != nil {
		return component.Component{}, err
	}
	istiod, version, err := m.istiod()
	if err != nil {
		return component.Component{}, err
	}
	istiod.Ready = append(istiod.Ready, defaultValidator(base)...)
	nodes, err := m.nodes(istiod)
	if err != nil {
		return component.Component{}, err
	}
	telemetry, err := m.telemetry(istiod, version)
	if err != nil {
		return component.Component{}, err
	}
	return component.Component{
		Name:       "istio mesh",
		Namespaces: []component.Namespace{{Name: istiod.Namespace, Labels: m.namespaceLabels()}},
		Charts:     append([]component.Chart{base, istiod}, nodes...),
		Objects:    telemetry,
		Ignore:     ignoreMesh(istiod),
		UsedBy:     users,
	}, nil
}

// users live off a mesh. The CRDs stay when it goes, so nothing is lost for good and a removal is not refused.
var users = []component.Use{
	{APIVersion: AnyNetworkingAPI, Kind: "Gateway", Loss: "stays, and no proxy follows it", Tolerated: true},
	{APIVersion: AnyNetworkingAPI, Kind: "VirtualService", Loss: "stays, and no proxy follows it", Tolerated: true},
	{APIVersion: "v1", Kind: "Namespace", LabelSelector: injectionLabel + "=enabled", Loss: "keeps its label, and its new pods get no sidecar", Tolerated: true},
	{APIVersion: "v1", Kind: "Namespace", LabelSelector: revisionLabel, Loss: "keeps its label, and its new pods get no sidecar", Tolerated: true},
	{APIVersion: "v1", Kind: "Namespace", LabelSelector: dataplaneLabel + "=ambient", Loss: "keeps its label, and its traffic leaves the mesh", Tolerated: true},
}

func (m Mesh) namespace() string {
	if m.Namespace == "" {
		return DefaultNamespace
	}
	return m.Namespace
}

// chart lays what the mesh says of both charts over the pinned one, and the chart's own options over that.
func (m Mesh) chart(key, release string, own component.ChartOptions) (component.Chart, versions.Version, error) {
	chart := pinned(key, m.namespace())
	chart.Release = release
	chart = component.ChartOptions{Version: m.Version, Repository: m.Repository, Adopt: m.Adopt}.Over(chart)
	chart = own.Over(chart)
	version, err := parsed(chart)
	return chart, version, err
}

func (m Mesh) base() (component.Chart, error) {
	chart, version, err := m.chart(versions.IstioBase, DefaultBaseRelease, m.Base)
	if err != nil {
		return component.Chart{}, err
	}
	values, err := m.baseValues(version)
	if err != nil {
		return component.Chart{}, fmt.Errorf("values of chart %s: %w", chart.Name, err)
	}
	chart.Values = component.MergeValues(values, m.Base.Values)
	chart.Ready = crds()
	return chart, nil
}

func (m Mesh) istiod() (component.Chart, versions.Version, error) {
	chart, version, err := m.chart(versions.Istiod, DefaultIstiodRelease, m.Istiod)
	if err != nil {
		return component.Chart{}, version, err
	}
	if err := errors.Join(m.Tracing.check(version), m.checkAmbient(version)); err != nil {
		return component.Chart{}, version, err
	}
	values, err := m.istiodValues(version)
	if err != nil {
		return component.Chart{}, version, fmt.Errorf("values of chart %s: %w", chart.Name, err)
	}
	chart.Values = component.MergeValues(values, m.Istiod.Values)
	revision := object.String(chart.Values, "revision")
	chart.Ready = append(injects(revision, chart.Namespace), endpoints(chart.Namespace, withRevision("istiod", revision)))
	// The chart validates by revision since 1.22 (global.configValidation in its values.yaml); before, only on demand.
	if component.Enabled(chart.Values, version.AtLeast(1, 22, 0), "global", "configValidation") {
		chart.Ready = append(chart.Ready, component.ValidatingWebhookUsable(withRevision("istio-validator", revision)+"-"+chart.Namespace))
	}
	return chart, version, nil
}

// crds are the kinds that istiod's chart and our own objects need; the release of base has to have brought them.
func crds() []component.Condition {
	var conditions []component.Condition
	for _, name := range []string{
		"destinationrules.networking.istio.io", "envoyfilters.networking.istio.io", "gateways.networking.istio.io",
		"virtualservices.networking.istio.io", "telemetries.telemetry.istio.io",
	} {
		conditions = append(conditions, component.Condition{
			Name:  "CustomResourceDefinition " + name + " is established",
			Ref:   object.Ref{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition", Name: name},
			Check: component.Check{Kind: component.Established},
		})
	}
	return conditions
}

// defaultValidator is made by base and comes to life with istiod, so it is waited for there. Without a default revision
// there is none.
func defaultValidator(base component.Chart) []component.Condition {
	if component.Text(base.Values, "default", "defaultRevision") == "" {
		return nil
	}
	return []component.Condition{component.ValidatingWebhookUsable("istiod-default-validator")}
}

func endpoints(namespace, service string) component.Condition {
	return component.Condition{
		Name:  "Service " + namespace + "/" + service + " has endpoints",
		Ref:   object.Ref{APIVersion: "v1", Kind: "Service", Namespace: namespace, Name: service},
		Check: component.Check{Kind: component.EndpointsReady},
	}
}
