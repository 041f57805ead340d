package metallb

import (
	"fmt"
	"maps"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// Install is MetalLB itself: controller, speakers, CRDs and webhook. The zero value is an L2-only installation of the
// default version.
type Install struct {
	// Chart are the user's choices; its Values win over everything below.
	Chart component.ChartOptions
	// BGP adds what the speakers need to speak BGP: frr-k8s from 0.16, an FRR container in the speakers before.
	// Pools that are only announced by L2 do not need it.
	BGP bool
	// LoadBalancerClass limits MetalLB to Services of this class. Empty serves Services without a class.
	LoadBalancerClass string
	// LogLevel of controller and speakers: all, debug, info, warn, error or none. Empty is info.
	LogLevel string
	// NamespaceLabels are added to the labels that MetalLB's namespace needs.
	NamespaceLabels map[string]string
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
		return component.Component{}, fmt.Errorf("metallb chart: %w", err)
	}
	values, err := i.values(version)
	if err != nil {
		return component.Component{}, fmt.Errorf("metallb values: %w", err)
	}
	chart.Values = component.MergeValues(values, i.Chart.Values)
	chart.Ready = ready(chart, version)
	return component.Component{
		Name:       "metallb",
		Namespaces: []component.Namespace{{Name: chart.Namespace, Labels: i.labels()}},
		Charts:     []component.Chart{chart},
		Ignore:     ignore(chart),
		UsedBy:     users(),
	}, nil
}

// users are the kinds that people make. Their CustomResourceDefinitions are ordinary templates of the chart, so that
// they and all of their objects go with the release (metallb:charts/metallb/charts/crds/templates/crds.yaml, 0.13.9
// to 0.16.1).
func users() []component.Use {
	var uses []component.Use
	for _, kind := range []string{"IPAddressPool", "L2Advertisement", "BGPAdvertisement"} {
		uses = append(uses, component.Use{APIVersion: "metallb.io/v1beta1", Kind: kind, Loss: "vanishes with MetalLB's CustomResourceDefinitions"})
	}
	return append(uses, component.Use{APIVersion: "metallb.io/v1beta2", Kind: "BGPPeer", Loss: "vanishes with MetalLB's CustomResourceDefinitions"})
}

// labels let the speakers run: they use the host's network and add NET_RAW, which only the privileged level of Pod
// Security admission allows (metallb:website/content/installation/_index.md).
func (i Install) labels() map[string]string {
	labels := map[string]string{
		"pod-security.kubernetes.io/enforce": "privileged",
		"pod-security.kubernetes.io/audit":   "privileged",
		"pod-security.kubernetes.io/warn":    "privileged",
	}
	maps.Copy(labels, i.NamespaceLabels)
	return labels
}
