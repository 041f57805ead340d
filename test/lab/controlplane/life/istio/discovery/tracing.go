package discovery

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// telemetry is the part of a Telemetry that is about tracing (istio/api:telemetry/v1alpha1/telemetry.proto).
type telemetry struct {
	Selector struct {
		MatchLabels map[string]string `json:"matchLabels"`
	} `json:"selector"`
	TargetRef  any                `json:"targetRef"`
	TargetRefs []any              `json:"targetRefs"`
	Tracing    []telemetryTracing `json:"tracing"`
}

type telemetryTracing struct {
	Match struct {
		Mode string `json:"mode"`
	} `json:"match"`
	Providers []struct {
		Name string `json:"name"`
	} `json:"providers"`
	Sampling *float64 `json:"randomSamplingPercentage"`
	Disable  *bool    `json:"disableSpanReporting"`
}

// choice is what Telemetry decides for one direction (istio:pilot/pkg/model/telemetry.go@1.30.3, TracingSpec).
type choice struct {
	provider *provider
	name     string
	disabled bool
	sampling *float64
}

const (
	// skew is by how many minor versions a proxy may be older than its istiod (istio.io/docs/releases/supported-releases: one).
	skew = 1
	// spawnSince is the minor version since which gateways make a span of their own for the request that they send on
	// (istio:releasenotes/notes/spawn-upstream-span-for-gateway.yaml, in 1.28.0), with Telemetry alone.
	spawnSince = 28
	zipkinPath = "/api/v2/spans"
)

// tracing fills in where the spans of both directions go. Without Telemetry and default providers it is the way of old: the address in the
// proxy's own settings (istio:pilot/pkg/networking/core/tracing.go@1.30.3, configureTracingFromTelemetry).
//
// A proxy that is older than its istiod by more than Istio supports gets nothing: it stands for one that does not understand what it is
// told. Which versions really misunderstand what is not known in general.
func (b *builder) tracing(m mesh) {
	proxy := proxyOf(b.pod)
	if minor := Minor(proxy.Image); minor >= 0 && m.minor-minor > skew {
		reason := fmt.Sprintf("the proxy is of 1.%d, istiod of 1.%d, more than Istio supports", minor, m.minor)
		b.config.Server, b.config.Client = &Tracing{Reason: reason}, &Tracing{Reason: reason}
		return
	}
	own := m.proxySettings(proxy)
	layers := b.world.telemetries(b.pod, m.RootNamespace)
	if len(layers) == 0 && len(m.DefaultProviders.Tracing) == 0 {
		old := legacy(m, own)
		b.config.Server, b.config.Client = old, old
		return
	}
	server, client := m.choose(layers)
	b.config.Server, b.config.Client = b.chosen(m, own, server), b.chosen(m, own, client)
}

// legacy is tracing by the address that the proxy was started with.
func legacy(m mesh, own proxyConfig) *Tracing {
	switch {
	case m.EnableTracing != nil && !*m.EnableTracing:
		return &Tracing{Reason: "enableTracing is false"}
	case own.Tracing == nil || own.Tracing.Zipkin == nil || own.Tracing.Zipkin.Address == "":
		return &Tracing{Reason: "the proxy was started without an address for spans"}
	}
	return &Tracing{Kind: TracingZipkin, Addresses: []string{own.Tracing.Zipkin.Address}, Path: zipkinPath, Sampling: m.percentage(own)}
}

// telemetries are the layers for a pod, the most general first: the root namespace's, the namespace's, those that select the pod. Of
// several for a whole namespace the oldest counts.
func (w *World) telemetries(pod *corev1.Pod, root string) []telemetry {
	all := read[telemetry](w.Telemetries)
	var layers []telemetry
	for _, namespace := range slices.Compact([]string{root, pod.Namespace}) {
		for _, one := range all {
			if one.namespace == namespace && one.spec.wide() {
				layers = append(layers, one.spec)
				break
			}
		}
	}
	for _, one := range all {
		labels := one.spec.Selector.MatchLabels
		if one.namespace == pod.Namespace && len(labels) > 0 && selects(labels, pod.Labels) {
			layers = append(layers, one.spec)
		}
	}
	return slices.DeleteFunc(layers, func(t telemetry) bool { return len(t.Tracing) == 0 })
}

// wide tells whether a Telemetry is about a whole namespace. Those that name a target are about gateways of the Gateway API, which are not played.
func (t telemetry) wide() bool {
	return len(t.Selector.MatchLabels) == 0 && t.TargetRef == nil && len(t.TargetRefs) == 0
}

// choose lays the layers over each other (istio:pilot/pkg/model/telemetry.go@1.30.3, Tracing).
func (m mesh) choose(layers []telemetry) (server, client choice) {
	if names := m.DefaultProviders.Tracing; len(names) > 0 {
		server.name, client.name = names[0], names[0]
	}
	for _, layer := range layers {
		for _, one := range layer.Tracing {
			if one.Match.Mode != "SERVER" {
				client.lay(one)
			}
			if one.Match.Mode != "CLIENT" {
				server.lay(one)
			}
		}
	}
	server.provider, client.provider = m.provider(server.name), m.provider(client.name)
	return server, client
}

// lay lets one entry of a Telemetry go over what was chosen before.
func (c *choice) lay(one telemetryTracing) {
	if len(one.Providers) > 0 {
		c.name = one.Providers[0].Name
	}
	if one.Disable != nil {
		c.disabled = *one.Disable
	}
	if one.Sampling != nil {
		c.sampling = one.Sampling
	}
}

// provider finds an extension provider; nil when there is none of the name.
func (m mesh) provider(name string) *provider {
	for i := range m.ExtensionProviders {
		if m.ExtensionProviders[i].Name == name {
			return &m.ExtensionProviders[i]
		}
	}
	return nil
}

// chosen is tracing by a provider.
func (b *builder) chosen(m mesh, own proxyConfig, c choice) *Tracing {
	switch {
	case c.disabled:
		return &Tracing{Reason: "disableSpanReporting is true"}
	case c.provider == nil:
		return &Tracing{Reason: fmt.Sprintf("the mesh has no extension provider %q", c.name)}
	}
	t := &Tracing{Sampling: m.percentage(own), UpstreamSpan: roleOf(b.pod) == router && m.minor >= spawnSince}
	if c.sampling != nil {
		t.Sampling = *c.sampling
	}
	var at backendService
	switch p := c.provider; {
	case p.Zipkin != nil:
		at, t.Kind, t.Path, t.Short = p.Zipkin.backendService, TracingZipkin, p.Zipkin.Path, p.Zipkin.Short
		t.W3C = p.Zipkin.TraceContext == "USE_B3_WITH_W3C_PROPAGATION"
		if t.Path == "" {
			t.Path = zipkinPath
		}
	case p.OpenTelemetry != nil && p.OpenTelemetry.HTTP != nil:
		at, t.Kind, t.Path = p.OpenTelemetry.backendService, TracingOTLPHTTP, "/"+strings.TrimPrefix(p.OpenTelemetry.HTTP.Path, "/")
	case p.OpenTelemetry != nil:
		at, t.Kind = p.OpenTelemetry.backendService, TracingOTLPGRPC
	default:
		return &Tracing{Reason: fmt.Sprintf("extension provider %q is of no kind that is played", c.name)}
	}
	return b.locate(t, at)
}

// locate finds the pods behind a provider's service. A service that does not exist means no tracing at all; one without the port, or
// without pods, means spans that get lost (istio:pilot/pkg/model/telemetry_logging.go@1.30.3, LookupCluster).
func (b *builder) locate(t *Tracing, at backendService) *Tracing {
	fqdn := at.Service
	if _, name, found := strings.Cut(at.Service, "/"); found {
		fqdn = name
	}
	service := b.world.service(fqdn)
	if service == nil {
		return &Tracing{Reason: fmt.Sprintf("could not find service %s in Istio service registry", at.Service)}
	}
	for _, port := range service.Spec.Ports {
		if port.Port != at.Port {
			continue
		}
		// Proxies speak HTTP/2, and so gRPC, only to ports that say so (istio:samples/open-telemetry/tracing/README.md).
		if t.Kind == TracingOTLPGRPC && !overHTTP2(port) {
			t.Reason = fmt.Sprintf("port %d of %s is not declared as gRPC", at.Port, fqdn)
			return t
		}
		for _, one := range b.world.backends(service, port) {
			t.Addresses = append(t.Addresses, one.String())
		}
		if len(t.Addresses) == 0 {
			t.Reason = fmt.Sprintf("port %d of %s has no ready endpoints", at.Port, fqdn)
		}
		return t
	}
	t.Reason = fmt.Sprintf("%s has no port %d", fqdn, at.Port)
	return t
}
