package istio

// MeshConfig are the mesh-wide settings that a lab turns, in the words of Istio's MeshConfig
// (istio/api:mesh/v1alpha1/config.proto and proxy.proto, the same in 1.17 and 1.30). What is not set has Istio's default.
type MeshConfig struct {
	// AccessLogFile is where proxies log requests, "/dev/stdout"; AccessLogEncoding is TEXT or JSON.
	AccessLogFile     string `json:"accessLogFile,omitempty"`
	AccessLogEncoding string `json:"accessLogEncoding,omitempty"`
	// EnableTracing lets proxies send spans to DefaultConfig.Tracing.
	EnableTracing *bool `json:"enableTracing,omitempty"`
	// EnableAutoMTLS encrypts between pods that both have a proxy.
	EnableAutoMTLS *bool `json:"enableAutoMtls,omitempty"`
	// OutboundTrafficPolicy says what happens to traffic for hosts outside the mesh.
	OutboundTrafficPolicy *OutboundTrafficPolicy `json:"outboundTrafficPolicy,omitempty"`
	// DefaultConfig holds for every proxy.
	DefaultConfig *ProxyConfig `json:"defaultConfig,omitempty"`
}

// OutboundTrafficPolicy has the mode ALLOW_ANY or REGISTRY_ONLY.
type OutboundTrafficPolicy struct {
	Mode string `json:"mode"`
}

// ProxyConfig are settings of a proxy.
type ProxyConfig struct {
	// HoldApplicationUntilProxyStarts starts the application's containers after the proxy.
	HoldApplicationUntilProxyStarts *bool `json:"holdApplicationUntilProxyStarts,omitempty"`
	// Tracing is where spans go. A Telemetry resource with tracing takes its place.
	Tracing *Tracing `json:"tracing,omitempty"`
}

// Tracing sends spans to a collector that understands Zipkin.
type Tracing struct {
	// Sampling is the share of requests that are traced, 0 to 100. Istio's default is 1.
	Sampling *float64 `json:"sampling,omitempty"`
	// Zipkin is the collector.
	Zipkin *Zipkin `json:"zipkin,omitempty"`
}

// Zipkin has the address host:port.
type Zipkin struct {
	Address string `json:"address"`
}
