package config

// Config is all that a proxy is told, in place of Envoy's xDS resources. It is written down twice, word by word, because the control
// plane that sends it (test/lab/controlplane/life/istio/discovery) and the proxy that follows it (test/lab/containers/standins/proxy)
// are two Go modules; a test of the proxy compares both files.
type Config struct {
	// Version changes whenever anything else does.
	Version string `json:"version"`
	// Proxy is the workload that the proxy belongs to.
	Proxy Workload `json:"proxy"`
	// Listeners are, of a gateway, the ports that it opens; of a sidecar, the ports to which requests go out.
	Listeners []Listener `json:"listeners,omitempty"`
	// Clusters are the destinations, by Envoy's names: "outbound|9080|v1|reviews.default.svc.cluster.local".
	Clusters map[string]Cluster `json:"clusters,omitempty"`
	// Outbound are the addresses of services, for connections that are not HTTP.
	Outbound []Outbound `json:"outbound,omitempty"`
	// Inbound are the ports of a sidecar's own workload.
	Inbound []Inbound `json:"inbound,omitempty"`
	// Server traces what comes into a sidecar, Client what leaves one and everything at a gateway. Nil traces nothing.
	Server *Tracing `json:"server,omitempty"`
	Client *Tracing `json:"client,omitempty"`
}

// Workload is what a proxy says of itself to its peers, and what metrics and spans say of it.
type Workload struct {
	Name              string `json:"name"`
	Namespace         string `json:"namespace"`
	App               string `json:"app,omitempty"`
	Version           string `json:"version,omitempty"`
	CanonicalName     string `json:"canonicalName,omitempty"`
	CanonicalRevision string `json:"canonicalRevision,omitempty"`
	// ClusterName names the Kubernetes cluster.
	ClusterName string `json:"clusterName,omitempty"`
	// MeshID, NodeID and ServiceName are known of the proxy itself alone. ServiceName is the service of its spans.
	MeshID      string `json:"meshID,omitempty"`
	NodeID      string `json:"nodeID,omitempty"`
	ServiceName string `json:"serviceName,omitempty"`
}

// Listener is a port with the hosts that are known there.
type Listener struct {
	Port  int           `json:"port"`
	Hosts []VirtualHost `json:"hosts,omitempty"`
}

// VirtualHost leads requests for some domains to clusters. A domain is "*", "*.suffix" or a name, a name with or without a port.
type VirtualHost struct {
	Name    string   `json:"name"`
	Domains []string `json:"domains"`
	// Routes are tried in order.
	Routes []Route `json:"routes"`
	// RedirectToHTTPS answers everything with 301.
	RedirectToHTTPS bool `json:"redirectToHTTPS,omitempty"`
}

// Route leads the requests that match to clusters.
type Route struct {
	// Operation names the spans of such requests: "details.default.svc.cluster.local:9080/*".
	Operation string `json:"operation,omitempty"`
	// Matches are alternatives; none matches everything.
	Matches []Match `json:"matches,omitempty"`
	// Rewrite replaces what matched of the path; empty leaves it.
	Rewrite string `json:"rewrite,omitempty"`
	// Redirect, when set, answers instead of a cluster.
	Redirect *Redirect `json:"redirect,omitempty"`
	// Timeout is a duration in milliseconds; zero is none.
	Timeout int64 `json:"timeout,omitempty"`
	// Clusters share the requests by weight.
	Clusters []WeightedCluster `json:"clusters,omitempty"`
}

// Match holds when everything that is set in it holds.
type Match struct {
	Path    *Text           `json:"path,omitempty"`
	Method  *Text           `json:"method,omitempty"`
	Headers map[string]Text `json:"headers,omitempty"`
}

// Text has exactly one of its fields, or none, which is met by any text. A regular expression matches the whole.
type Text struct {
	Exact  string `json:"exact,omitempty"`
	Prefix string `json:"prefix,omitempty"`
	Regex  string `json:"regex,omitempty"`
}

// Redirect is the answer of a route that leads elsewhere.
type Redirect struct {
	URI       string `json:"uri,omitempty"`
	Authority string `json:"authority,omitempty"`
	Code      int    `json:"code,omitempty"`
}

// WeightedCluster is a share of a route's requests.
type WeightedCluster struct {
	Cluster string `json:"cluster"`
	Weight  int    `json:"weight"`
}

// Cluster is a port of a service and who is behind it.
type Cluster struct {
	Service   Service    `json:"service"`
	Endpoints []Endpoint `json:"endpoints,omitempty"`
}

// Service is how metrics name a destination.
type Service struct {
	Host      string `json:"host"`
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
}

// Endpoint is a pod behind a service, "10.42.0.7:9080".
type Endpoint struct {
	Address  string   `json:"address"`
	Workload Workload `json:"workload"`
}

// Protocols of a service's port; the empty one is found out by looking at what comes.
const (
	ProtocolHTTP = "http"
	ProtocolTCP  = "tcp"
)

// Outbound is an address of a service, "10.43.0.9:5432".
type Outbound struct {
	Address  string `json:"address"`
	Protocol string `json:"protocol,omitempty"`
	Cluster  string `json:"cluster"`
}

// Inbound is a port of the pod itself.
type Inbound struct {
	Port     int     `json:"port"`
	Protocol string  `json:"protocol,omitempty"`
	Service  Service `json:"service"`
}

// Kinds of tracing backends.
const (
	TracingZipkin   = "zipkin"
	TracingOTLPGRPC = "otlp-grpc"
	TracingOTLPHTTP = "otlp-http"
)

// Tracing says where spans go and which requests have some.
type Tracing struct {
	// Kind is one of the constants above; empty when spans have nowhere to go, and Reason says why.
	Kind string `json:"kind,omitempty"`
	// Addresses are alternatives, "10.42.0.8:4317" or "otel-collector.otel-system.svc.cluster.local:9411".
	Addresses []string `json:"addresses,omitempty"`
	// Path is where HTTP posts go.
	Path string `json:"path,omitempty"`
	// Sampling is the percentage of requests that are traced when they bring no decision with them.
	Sampling float64 `json:"sampling"`
	// W3C makes Zipkin's kind understand and send traceparent beside b3. OTLP's kinds know traceparent alone.
	W3C bool `json:"w3c,omitempty"`
	// Short makes Zipkin's trace ids 64 bits long.
	Short bool `json:"short,omitempty"`
	// UpstreamSpan gives a gateway a span of its own for the request that it sends on.
	UpstreamSpan bool   `json:"upstreamSpan,omitempty"`
	Reason       string `json:"reason,omitempty"`
}
