package verify

import (
	"context"
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Tracing is what proxies do about traces.
type Tracing struct {
	// Provider is the extension provider that spans go to, or "zipkin" for the one of the mesh's default configuration.
	Provider string
	// Address is where it is, host:port.
	Address string
	// Percent of the requests that no caller decided about are sampled. A caller's decision goes before it.
	Percent float64
	// Source is the object that says so.
	Source string
}

// Proxy is a workload's proxy, as far as it decides which configuration is its own.
type Proxy struct {
	Namespace string
	// Labels are those of its pods.
	Labels map[string]string
}

// Tracing reads what a proxy does about traces, as istiod decides it: the Telemetry of the root namespace, that of the
// proxy's namespace and that of its workload are laid over each other, field by field; without any of them and without a
// default provider the mesh's default configuration counts (istio:pilot/pkg/model/telemetry.go, Tracing and
// applicableTelemetries, and pilot/pkg/networking/core/tracing.go). An error of kind fault.Conflict says what is
// configured so that nothing is traced; its text names the object.
func (w Way) Tracing(ctx context.Context, p Proxy) (Tracing, error) {
	config, err := w.meshConfigFor(ctx, p.Namespace)
	if err != nil {
		return Tracing{}, err
	}
	parts, err := w.telemetries(ctx, p, config)
	if err != nil {
		return Tracing{}, err
	}
	if len(parts) == 0 && len(config.DefaultProviders.Tracing) == 0 {
		return config.legacy()
	}
	return config.merged(parts)
}

// legacy is tracing without any Telemetry.
func (c meshConfig) legacy() (Tracing, error) {
	t := Tracing{Provider: "zipkin", Percent: c.sampling(), Source: c.source}
	if c.EnableTracing != nil && !*c.EnableTracing {
		return t, fault.Newf(fault.Conflict, "%s has enableTracing: false", c.source)
	}
	tracing := c.DefaultConfig.Tracing
	if tracing == nil || tracing.Zipkin == nil || tracing.Zipkin.Address == "" {
		return t, fault.Newf(fault.Conflict, "%s has no address for traces (defaultConfig.tracing.zipkin.address), and no Telemetry names a provider", c.source)
	}
	t.Address = tracing.Zipkin.Address
	return t, nil
}

// tracingPart is one entry of a Telemetry's spec.tracing.
type tracingPart struct {
	source string
	spec   object.Object
}

// telemetries are the parts that concern a proxy, in the order in which later ones go over earlier ones.
func (w Way) telemetries(ctx context.Context, p Proxy, config meshConfig) ([]tracingPart, error) {
	root := config.RootNamespace
	if root == "" {
		root = w.Mesh
	}
	wide, own, err := w.telemetriesIn(ctx, root, p.Labels)
	if err != nil || p.Namespace == root || p.Namespace == "" {
		return slices.Concat(wide, own), err
	}
	namespace, own, err := w.telemetriesIn(ctx, p.Namespace, p.Labels)
	return slices.Concat(wide, namespace, own), err
}

// telemetryVersions are those that Istio has served, newest first.
var telemetryVersions = []string{"telemetry.istio.io/v1", "telemetry.istio.io/v1alpha1"}

// telemetriesIn returns a namespace's own parts and those whose selector chooses the labels; of each kind the oldest
// Telemetry counts alone. One for targets (gateways of Gateway API, services) concerns no proxy of ours.
func (w Way) telemetriesIn(ctx context.Context, namespace string, labels map[string]string) (wide, chosen []tracingPart, err error) {
	list, err := w.served(ctx, telemetryVersions, "Telemetry", namespace)
	if err != nil {
		return nil, nil, err
	}
	slices.SortStableFunc(list, func(a, b object.Object) int {
		return strings.Compare(object.String(a, "metadata", "creationTimestamp"), object.String(b, "metadata", "creationTimestamp"))
	})
	var seenWide, seenChosen bool
	for _, o := range list {
		selector := object.Map(o, "spec", "selector", "matchLabels")
		switch {
		case object.List(o, "spec", "targetRefs") != nil || object.Map(o, "spec", "targetRef") != nil:
		case len(selector) == 0 && !seenWide:
			wide, seenWide = partsOf(o), true
		case len(selector) > 0 && !seenChosen && subset(selector, labels):
			chosen, seenChosen = partsOf(o), true
		}
	}
	return wide, chosen, nil
}

func partsOf(telemetry object.Object) []tracingPart {
	var parts []tracingPart
	for _, item := range object.List(telemetry, "spec", "tracing") {
		if spec, ok := item.(map[string]any); ok {
			parts = append(parts, tracingPart{source: object.RefOf(telemetry).String(), spec: spec})
		}
	}
	return parts
}

func subset(selector map[string]any, labels map[string]string) bool {
	for name, value := range selector {
		if have, ok := labels[name]; !ok || have != value {
			return false
		}
	}
	return true
}
