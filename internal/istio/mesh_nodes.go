package istio

import (
	"fmt"
	"maps"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// Defaults of what runs on each node.
const (
	DefaultCNIRelease     = "istio-cni"
	DefaultZtunnelRelease = "ztunnel"
)

// The name of the node agent is fixed: the plugin itself falls back on it (templates/daemonset.yaml of the chart cni).
// ztunnel's is the chart's default (resourceName).
const (
	cniDaemonSet     = "istio-cni-node"
	ztunnelDaemonSet = "ztunnel"
)

// LabNodeAgent are the requests of the node agent and of ztunnel on each node; upstream's are 100m and 100Mi, 200m and
// 512Mi (values.yaml of the charts cni and ztunnel, 1.30.3).
var LabNodeAgent = Resources{CPU: "10m", Memory: "64Mi"}

// ambientProfile is the name of the set of values that Istio's charts bring for ambient mode (files/profile-ambient.yaml).
const ambientProfile = "ambient"

// nodeValues are keys of the charts cni and ztunnel.
type nodeValues struct {
	Global    *globalValues `json:"global,omitempty"`
	Profile   string        `json:"profile,omitempty"`
	Revision  string        `json:"revision,omitempty"`
	Namespace string        `json:"istioNamespace,omitempty"`
	Resources requests      `json:"resources"`
}

// nodes are the charts that put something on every node: the CNI plugin, which takes the setup of redirection out of
// the pods and which ambient mode needs, and ztunnel, which carries the traffic of ambient mode.
func (m Mesh) nodes(istiod component.Chart) ([]component.Chart, error) {
	if !m.CNI && !m.Ambient {
		return nil, nil
	}
	cni, err := m.cni()
	if err != nil || !m.Ambient {
		return []component.Chart{cni}, err
	}
	ztunnel, err := m.ztunnel(istiod)
	return []component.Chart{cni, ztunnel}, err
}

func (m Mesh) cni() (component.Chart, error) {
	chart, version, err := m.chart(versions.IstioCNI, DefaultCNIRelease, m.CNIChart)
	if err != nil {
		return component.Chart{}, err
	}
	values, err := object.Encode(nodeValues{Resources: requests{LabNodeAgent}, Profile: m.profile(), Global: m.platform()})
	if err != nil {
		return component.Chart{}, fmt.Errorf("values of chart %s: %w", chart.Name, err)
	}
	if !version.AtLeast(1, 24, 0) {
		// Everything but global was below cni until 1.23 (istio:manifests/charts/istio-cni/values.yaml).
		values = map[string]any{"cni": values}
	}
	chart.Values = component.MergeValues(values, m.CNIChart.Values)
	chart.Ready = []component.Condition{component.DaemonSetCurrent(chart.Namespace, cniDaemonSet)}
	return chart, nil
}

func (m Mesh) ztunnel(istiod component.Chart) (component.Chart, error) {
	chart, _, err := m.chart(versions.Ztunnel, DefaultZtunnelRelease, m.ZtunnelChart)
	if err != nil {
		return component.Chart{}, err
	}
	values := nodeValues{Resources: requests{LabNodeAgent}, Revision: object.String(istiod.Values, "revision"), Global: m.platform()}
	if istiod.Namespace != DefaultNamespace {
		values.Namespace = istiod.Namespace
	}
	encoded, err := object.Encode(values)
	if err != nil {
		return component.Chart{}, fmt.Errorf("values of chart %s: %w", chart.Name, err)
	}
	chart.Values = component.MergeValues(encoded, m.ZtunnelChart.Values)
	chart.Ready = []component.Condition{component.DaemonSetCurrent(chart.Namespace, component.Text(chart.Values, ztunnelDaemonSet, "resourceName"))}
	return chart, nil
}

func (m Mesh) profile() string {
	if m.Ambient {
		return ambientProfile
	}
	return ""
}

// platform tells the charts where the node keeps its CNI plugins.
func (m Mesh) platform() *globalValues {
	if m.Platform == "" {
		return nil
	}
	return &globalValues{Platform: m.Platform}
}

// privileged is what pods on the node's network and file system need where a cluster enforces the restricted standard.
var privileged = map[string]string{
	"pod-security.kubernetes.io/enforce": "privileged", "pod-security.kubernetes.io/audit": "privileged", "pod-security.kubernetes.io/warn": "privileged",
}

// namespaceLabels are the labels of the mesh's namespace.
func (m Mesh) namespaceLabels() map[string]string {
	if !m.CNI && !m.Ambient {
		return m.NamespaceLabels
	}
	labels := maps.Clone(privileged)
	maps.Copy(labels, m.NamespaceLabels)
	return labels
}

// checkAmbient refuses ambient mode where it was not finished yet: it is generally available since 1.24.0, and the
// charts have their profile and platforms in this form since then.
func (m Mesh) checkAmbient(version versions.Version) error {
	if m.Ambient && !version.AtLeast(1, 24, 0) {
		return fault.Newf(fault.Invalid, "istio %s has no ambient mode that is generally available; it came with 1.24.0", version)
	}
	return nil
}

// usesCNI says to istiod that pods need no init container of their own. The key was istio_cni until 1.21, and is
// pilot.cni since (istio:manifests/charts/istio-control/istio-discovery/values.yaml).
func (m Mesh) usesCNI(values map[string]any, version versions.Version) {
	if !m.CNI {
		return
	}
	on := map[string]any{"enabled": true}
	switch {
	case version.AtLeast(1, 24, 0):
		values["cni"] = on
	case version.AtLeast(1, 22, 0):
		object.Set(values, on, "pilot", "cni")
	default:
		values["istio_cni"] = on
	}
}
