package verify

import (
	"context"
	"fmt"

	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// meshConfig is what of MeshConfig concerns tracing (istio/api:mesh/v1alpha1/config.proto).
type meshConfig struct {
	EnableTracing *bool `json:"enableTracing"`
	RootNamespace string
	DefaultConfig struct {
		Tracing *struct {
			Sampling *float64
			Zipkin   *struct{ Address string }
		}
	}
	DefaultProviders   struct{ Tracing []string }
	ExtensionProviders []extensionProvider
	// source is the object that it was read from.
	source string
}

type extensionProvider struct {
	Name          string
	OpenTelemetry *serviceAndPort `json:"opentelemetry"`
	Zipkin        *serviceAndPort
}

type serviceAndPort struct {
	Service string
	Port    int64
}

func (p extensionProvider) address() string {
	for _, at := range []*serviceAndPort{p.OpenTelemetry, p.Zipkin} {
		if at != nil {
			return fmt.Sprintf("%s:%d", at.Service, at.Port)
		}
	}
	return ""
}

// defaultSampling is istiod's own (istio: PILOT_TRACE_SAMPLING, manifests/charts/istio-control/istio-discovery/values.yaml traceSampling).
const defaultSampling = 1.0

// sampling is what applies where no Telemetry says otherwise.
func (c meshConfig) sampling() float64 {
	if t := c.DefaultConfig.Tracing; t != nil && t.Sampling != nil {
		return *t.Sampling
	}
	return defaultSampling
}

func (c meshConfig) provider(name string) (extensionProvider, bool) {
	for _, p := range c.ExtensionProviders {
		if p.Name == name {
			return p, true
		}
	}
	return extensionProvider{}, false
}

// meshConfigFor reads the configuration of the istiod that serves a namespace: "istio", or "istio-<revision>" where the
// namespace's label names one (istio:manifests/charts/istio-control/istio-discovery/templates/configmap.yaml).
func (w Way) meshConfigFor(ctx context.Context, namespace string) (meshConfig, error) {
	names := []string{"istio"}
	live, err := w.Cluster.Get(ctx, object.Ref{APIVersion: "v1", Kind: "Namespace", Name: namespace})
	if err != nil && !isGone(err) {
		return meshConfig{}, err
	}
	if revision := object.String(live, "metadata", "labels", "istio.io/rev"); revision != "" {
		names = []string{"istio-" + revision, "istio"}
	}
	for _, name := range names {
		var config meshConfig
		if config, err = w.meshConfigOf(ctx, name); !isGone(err) {
			return config, err
		}
	}
	return meshConfig{}, err
}

func (w Way) meshConfigOf(ctx context.Context, name string) (meshConfig, error) {
	config := meshConfig{source: "ConfigMap " + w.Mesh + "/" + name}
	o, err := w.Cluster.Get(ctx, object.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: w.Mesh, Name: name})
	if err != nil {
		return config, err
	}
	if err := yaml.Unmarshal([]byte(object.String(o, "data", "mesh")), &config); err != nil {
		return config, fault.Newf(fault.Conflict, "%s holds no mesh configuration: %w", config.source, err)
	}
	return config, nil
}
