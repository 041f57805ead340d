package verify

import (
	"context"
	"fmt"

	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Tracing is what proxies of a namespace do about traces.
type Tracing struct {
	// Provider is the extension provider that spans go to, or "zipkin" for the one of the mesh's default configuration.
	Provider string
	// Address is where it is, host:port.
	Address string
	// Percent of the requests that no caller decided about are sampled.
	Percent float64
	// Source is the object that says so.
	Source string
}

// defaultSampling is istiod's own (istio: PILOT_TRACE_SAMPLING, manifests/charts/istio-control/istio-discovery/values.yaml traceSampling).
const defaultSampling = 1.0

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

// Tracing reads what proxies in a namespace do about traces, as istiod decides it: a Telemetry of the namespace goes before
// one of the root namespace, which goes before the mesh's default configuration (istio:pilot/pkg/model/telemetry.go and
// pilot/pkg/networking/core/tracing.go at 1.30). An error of kind fault.Conflict says what is configured so that nothing is
// traced; its text names the object.
func (w Way) Tracing(ctx context.Context, namespace string) (Tracing, error) {
	config, err := w.meshConfig(ctx)
	if err != nil {
		return Tracing{}, err
	}
	root := config.RootNamespace
	if root == "" {
		root = w.Mesh
	}
	for _, at := range []string{namespace, root} {
		if at == "" {
			continue
		}
		t, found, err := w.telemetry(ctx, at, config)
		if found || err != nil {
			return t, err
		}
	}
	return config.legacy(w.Mesh)
}

func (w Way) meshConfig(ctx context.Context) (meshConfig, error) {
	var config meshConfig
	o, err := w.Cluster.Get(ctx, object.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: w.Mesh, Name: "istio"})
	if err != nil {
		return config, err
	}
	if err := yaml.Unmarshal([]byte(object.String(o, "data", "mesh")), &config); err != nil {
		return config, fault.Newf(fault.Conflict, "ConfigMap %s/istio holds no mesh configuration: %w", w.Mesh, err)
	}
	return config, nil
}

// legacy is tracing without any Telemetry.
func (c meshConfig) legacy(mesh string) (Tracing, error) {
	source := "ConfigMap " + mesh + "/istio"
	t := Tracing{Provider: "zipkin", Percent: defaultSampling, Source: source}
	if c.EnableTracing != nil && !*c.EnableTracing {
		return t, fault.Newf(fault.Conflict, "%s has enableTracing: false", source)
	}
	tracing := c.DefaultConfig.Tracing
	if len(c.DefaultProviders.Tracing) > 0 {
		return c.provided(t, c.DefaultProviders.Tracing[0])
	}
	if tracing == nil || tracing.Zipkin == nil || tracing.Zipkin.Address == "" {
		return t, fault.Newf(fault.Conflict, "%s has no address for traces (defaultConfig.tracing.zipkin.address), and no Telemetry names a provider", source)
	}
	t.Address = tracing.Zipkin.Address
	if tracing.Sampling != nil {
		t.Percent = *tracing.Sampling
	}
	return t, notZero(t)
}

// provided fills in an extension provider.
func (c meshConfig) provided(t Tracing, name string) (Tracing, error) {
	for _, p := range c.ExtensionProviders {
		if p.Name == name {
			t.Provider, t.Address = name, p.address()
			return t, notZero(t)
		}
	}
	return t, fault.Newf(fault.Conflict, "%s names tracing provider %q, which meshConfig.extensionProviders does not have", t.Source, name)
}

func notZero(t Tracing) error {
	if t.Percent == 0 {
		return fault.Newf(fault.Conflict, "%s samples 0 %% of the requests", t.Source)
	}
	return nil
}

// telemetry reads the tracing part of a namespace's Telemetry that has no selector.
func (w Way) telemetry(ctx context.Context, namespace string, config meshConfig) (Tracing, bool, error) {
	list, err := w.served(ctx, telemetryVersions, "Telemetry", namespace)
	if err != nil {
		return Tracing{}, false, err
	}
	for _, o := range list {
		parts := object.List(o, "spec", "tracing")
		if len(parts) == 0 || object.Map(o, "spec", "selector") != nil || object.List(o, "spec", "targetRefs") != nil {
			continue
		}
		part, _ := parts[0].(map[string]any)
		t, err := config.told(part, object.RefOf(o).String(), w.Mesh)
		return t, true, err
	}
	return Tracing{}, false, nil
}

var telemetryVersions = []string{"telemetry.istio.io/v1", "telemetry.istio.io/v1alpha1"}

// told is what proxies do that a Telemetry speaks to.
func (c meshConfig) told(part map[string]any, source, mesh string) (Tracing, error) {
	t := Tracing{Percent: defaultSampling, Source: source}
	if tracing := c.DefaultConfig.Tracing; tracing != nil && tracing.Sampling != nil {
		t.Percent = *tracing.Sampling
	}
	if part["disableSpanReporting"] == true {
		return t, fault.Newf(fault.Conflict, "%s has disableSpanReporting: true", source)
	}
	if percent, ok := numberOf(part["randomSamplingPercentage"]); ok {
		t.Percent = percent
	}
	if provider := c.providerOf(part); provider != "" {
		return c.provided(t, provider)
	}
	return c.legacyAt(t, mesh)
}

// providerOf is the provider that a Telemetry names, or the mesh's default; empty for the default configuration.
func (c meshConfig) providerOf(part map[string]any) string {
	if providers := object.List(part, "providers"); len(providers) > 0 {
		first, _ := providers[0].(map[string]any)
		return object.String(first, "name")
	}
	if len(c.DefaultProviders.Tracing) > 0 {
		return c.DefaultProviders.Tracing[0]
	}
	return ""
}

// legacyAt is a Telemetry that names no provider: the default configuration's address, with its own sampling.
func (c meshConfig) legacyAt(t Tracing, mesh string) (Tracing, error) {
	legacy, err := c.legacy(mesh)
	if err != nil {
		return t, err
	}
	t.Provider, t.Address = legacy.Provider, legacy.Address
	return t, notZero(t)
}

// numberOf reads a number of a live object, which is an integer or a float.
func numberOf(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	}
	return 0, false
}
