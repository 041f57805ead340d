// Package istio knows what an Istio mesh is on a cluster: its charts and values per version, its ingress gateways, and
// the routes through them.
package istio

import (
	"fmt"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// Defaults of the installation.
const (
	DefaultNamespace      = "istio-system"
	DefaultBaseRelease    = "istio-base"
	DefaultIstiodRelease  = "istiod"
	DefaultGatewayRelease = "istio-ingressgateway"
)

// DefaultVersion is the version that is installed when the user names none.
func DefaultVersion() string { return versions.Default().Chart(versions.Istiod).Version }

// pinned returns the default profile's chart as a component's chart, in namespace.
func pinned(key, namespace string) component.Chart {
	chart := versions.Default().Chart(key)
	return component.Chart{Namespace: namespace, Repository: chart.Repository, Name: chart.Name, Version: chart.Version}
}

// parsed reads a chart's version.
func parsed(chart component.Chart) (versions.Version, error) {
	version, err := versions.Parse(chart.Version)
	if err != nil {
		return versions.Version{}, fmt.Errorf("chart %s: %w", chart.Name, err)
	}
	return version, nil
}

// Resources are the requests of a container. An empty field asks for the default of the thing it belongs to.
type Resources struct {
	// CPU and Memory are Kubernetes quantities, "50m" and "256Mi".
	CPU    string `json:"cpu,omitempty"`
	Memory string `json:"memory,omitempty"`
}

// The requests of a lab. Upstream's are sized for production: 500m and 2Gi for istiod, 100m and 128Mi for each proxy
// (values.yaml of the charts istiod and gateway, 1.17.1 and 1.30.3); a mesh of a few pods runs in much less, and what is
// only requested keeps other pods off a small node. Limits stay upstream's.
var (
	LabIstiod = Resources{CPU: "50m", Memory: "256Mi"}
	LabProxy  = Resources{CPU: "10m", Memory: "64Mi"}
)

func (r Resources) or(otherwise Resources) Resources {
	if r.CPU == "" {
		r.CPU = otherwise.CPU
	}
	if r.Memory == "" {
		r.Memory = otherwise.Memory
	}
	return r
}

// withRevision names what the istiod chart makes: "istiod", "istiod-canary".
func withRevision(name, revision string) string {
	if revision == "" {
		return name
	}
	return name + "-" + revision
}

// injector is the name of the webhook configuration that injects proxies, for an istiod of a revision in a namespace
// (istiod chart, templates/mutatingwebhook.yaml).
func injector(revision, namespace string) string {
	name := withRevision("istio-sidecar-injector", revision)
	if namespace == DefaultNamespace {
		return name
	}
	return name + "-" + namespace
}

// injects says when pods can be made that a proxy is put into. The webhook refuses pods while nobody answers it.
func injects(revision, namespace string) []component.Condition {
	return []component.Condition{
		component.DeploymentAvailable(namespace, withRevision("istiod", revision)),
		component.MutatingWebhookUsable(injector(revision, namespace)),
	}
}
