package istio

import (
	"fmt"
	"net"
	"slices"
	"strconv"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// MeshTracing sends the spans of every proxy to one collector. Exactly one of the three addresses is set, each as
// host:port.
type MeshTracing struct {
	// ZipkinAddress is the way of old: the address is in the proxies' bootstrap, so a change reaches a proxy when its
	// pod is made anew.
	ZipkinAddress string
	// OTLPGRPCEndpoint and OTLPHTTPEndpoint are the way of today: a provider of the mesh and a Telemetry object that
	// chooses it, both followed by proxies that run.
	OTLPGRPCEndpoint, OTLPHTTPEndpoint string
	// Sampling is the percentage of requests that are traced. Nil is Istio's default, 1.
	Sampling *float64
	// Provider names the provider; empty is [DefaultTracingProvider]. It has no meaning for Zipkin.
	Provider string
}

const (
	// DefaultTracingProvider is the name that Istio's own samples use.
	DefaultTracingProvider = "otel-tracing"
	// telemetryName is the name that Istio's documentation gives the Telemetry of a whole mesh. Of several such objects
	// istiod follows one (istio:pilot/pkg/model/telemetry.go@1.30.3, namespaceWideTelemetryConfig), so another one of
	// that name is a conflict that should be seen.
	telemetryName = "mesh-default"
	// otlpPath is where collectors take OTLP by HTTP (OpenTelemetry specification, OTLP/HTTP request).
	otlpPath = "/v1/traces"
)

// openTelemetry is the provider as MeshConfig has it (istio/api:mesh/v1alpha1/config.proto,
// OpenTelemetryTracingProvider).
type openTelemetry struct {
	Service string    `json:"service"`
	Port    int64     `json:"port"`
	HTTP    *otlpHTTP `json:"http,omitempty"`
}

type otlpHTTP struct {
	Path string `json:"path"`
}

// telemetrySpec is the part of a Telemetry that is about tracing.
type telemetrySpec struct {
	Tracing []telemetryTracing `json:"tracing"`
}

type telemetryTracing struct {
	Providers []named  `json:"providers"`
	Sampling  *float64 `json:"randomSamplingPercentage,omitempty"`
}

type named struct {
	Name string `json:"name"`
}

// otlp returns the OTLP endpoint, and whether it speaks HTTP.
func (t *MeshTracing) otlp() (endpoint string, http bool) {
	if t == nil {
		return "", false
	}
	if t.OTLPGRPCEndpoint != "" {
		return t.OTLPGRPCEndpoint, false
	}
	return t.OTLPHTTPEndpoint, t.OTLPHTTPEndpoint != ""
}

func (t *MeshTracing) provider() string {
	if t.Provider == "" {
		return DefaultTracingProvider
	}
	return t.Provider
}

// check refuses what no proxy, or none of the version, could follow.
func (t *MeshTracing) check(version versions.Version) error {
	if t == nil {
		return nil
	}
	set := slices.DeleteFunc([]string{t.ZipkinAddress, t.OTLPGRPCEndpoint, t.OTLPHTTPEndpoint}, func(s string) bool { return s == "" })
	if len(set) != 1 {
		return fault.Newf(fault.Invalid, "tracing: set one of zipkin_address, otlp_grpc_endpoint and otlp_http_endpoint, not %d of them", len(set))
	}
	if _, _, err := hostPort(set[0]); err != nil {
		return err
	}
	if t.Sampling != nil && (*t.Sampling < 0 || *t.Sampling > 100) {
		return fault.Newf(fault.Invalid, "tracing: sampling is a percentage from 0 to 100, not %v", *t.Sampling)
	}
	if t.ZipkinAddress != "" && t.Provider != "" {
		return fault.Newf(fault.Invalid, "tracing: zipkin_address needs no provider, so provider_name has no meaning")
	}
	return t.checkVersion(version)
}

// checkVersion knows since when each way works: the provider is in the API since 1.16.0, and traces since 1.17.0
// (istio:releasenotes/notes/42104.yaml); its field http came with istio/api 1.22.0 (mesh/v1alpha1/config.proto).
func (t *MeshTracing) checkVersion(version versions.Version) error {
	endpoint, http := t.otlp()
	switch {
	case http && !version.AtLeast(1, 22, 0):
		return fault.Newf(fault.Invalid, "tracing: istio %s cannot send OTLP by HTTP, which came with 1.22.0; set otlp_grpc_endpoint or zipkin_address", version)
	case endpoint != "" && !version.AtLeast(1, 17, 0):
		return fault.Newf(fault.Invalid, "tracing: istio %s cannot send OTLP, which works since 1.17.0; set zipkin_address", version)
	}
	return nil
}

// hostPort splits an address of the form host:port.
func hostPort(address string) (host string, port int64, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil || host == "" {
		return "", 0, fault.Newf(fault.Invalid, "tracing: %q is not of the form host:port", address)
	}
	number, err := strconv.ParseUint(text, 10, 16)
	if err != nil || number == 0 {
		return "", 0, fault.Newf(fault.Invalid, "tracing: %q has no port between 1 and 65535", address)
	}
	return host, int64(number), nil
}

// traced adds tracing to the settings of the mesh.
func (m Mesh) traced() MeshConfig {
	config, t := m.Config, m.Tracing
	if t == nil {
		return config
	}
	on := true
	config.EnableTracing = &on
	if t.ZipkinAddress == "" {
		return config
	}
	proxy := ProxyConfig{}
	if config.DefaultConfig != nil {
		proxy = *config.DefaultConfig
	}
	proxy.Tracing = &Tracing{Sampling: t.Sampling, Zipkin: &Zipkin{Address: t.ZipkinAddress}}
	config.DefaultConfig = &proxy
	return config
}

// withProvider adds the provider of OTLP to the providers that the user's own settings have; a list in Helm's values
// would otherwise replace ours.
func (m Mesh) withProvider(config map[string]any) error {
	endpoint, http := m.Tracing.otlp()
	if endpoint == "" {
		return nil
	}
	host, port, err := hostPort(endpoint)
	if err != nil {
		return err
	}
	own := openTelemetry{Service: host, Port: port}
	if http {
		own.HTTP = &otlpHTTP{Path: otlpPath}
	}
	encoded, err := object.Encode(own)
	if err != nil {
		return err
	}
	providers := slices.Clone(object.List(config, "extensionProviders"))
	name := m.Tracing.provider()
	if slices.ContainsFunc(providers, isNamed(name)) {
		return fault.Newf(fault.Invalid, "tracing: mesh_config has an extension provider %q already; give provider_name another name", name)
	}
	config["extensionProviders"] = append(providers, map[string]any{"name": name, "opentelemetry": encoded})
	return nil
}

func isNamed(name string) func(any) bool {
	return func(entry any) bool {
		p, ok := entry.(map[string]any)
		return ok && object.String(p, "name") == name
	}
}

// telemetry is the object that chooses the provider for the whole mesh; none where nothing needs it.
func (m Mesh) telemetry(istiod component.Chart, version versions.Version) ([]object.Object, error) {
	if endpoint, _ := m.Tracing.otlp(); endpoint == "" {
		return nil, nil
	}
	name := m.Tracing.provider()
	if !slices.ContainsFunc(object.List(istiod.Values, "meshConfig", "extensionProviders"), isNamed(name)) {
		return nil, fault.Newf(fault.Invalid, "tracing: values replace meshConfig.extensionProviders, so provider %q is lost; write further providers into mesh_config", name)
	}
	spec, err := object.Encode(telemetrySpec{Tracing: []telemetryTracing{{Providers: []named{{name}}, Sampling: m.Tracing.Sampling}}})
	if err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	o := object.New(object.Ref{
		APIVersion: telemetryAPI(version), Kind: "Telemetry",
		Namespace: component.Text(istiod.Values, istiod.Namespace, "meshConfig", "rootNamespace"), Name: telemetryName,
	})
	o["spec"] = spec
	return []object.Object{o}, nil
}

// telemetryAPI is the newest version that base's CRD serves: v1 since 1.22.0, before only v1alpha1
// (istio:manifests/charts/base/crds/crd-all.gen.yaml).
func telemetryAPI(version versions.Version) string {
	if version.AtLeast(1, 22, 0) {
		return "telemetry.istio.io/v1"
	}
	return "telemetry.istio.io/v1alpha1"
}
