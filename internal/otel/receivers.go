package otel

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Protocols by which a collector takes traces in.
const (
	OTLPGRPC            = "otlp_grpc"
	OTLPHTTP            = "otlp_http"
	Zipkin              = "zipkin"
	JaegerGRPC          = "jaeger_grpc"
	JaegerThriftHTTP    = "jaeger_thrift_http"
	JaegerThriftCompact = "jaeger_thrift_compact"
	JaegerThriftBinary  = "jaeger_thrift_binary"
	OpenCensus          = "opencensus"
)

const openCensus = OpenCensus

// protocol is one way into a collector: the receiver that speaks it, the receiver's name for it where it speaks several,
// and the port that is usual.
type protocol struct {
	name, receiver, variant string
	port                    int
}

// protocols are in the order in which the receivers are written down.
var protocols = []protocol{
	{OTLPGRPC, "otlp", "grpc", 4317},
	{OTLPHTTP, "otlp", "http", 4318},
	{JaegerGRPC, "jaeger", "grpc", 14250},
	{JaegerThriftHTTP, "jaeger", "thrift_http", 14268},
	{JaegerThriftCompact, "jaeger", "thrift_compact", 6831},
	{JaegerThriftBinary, "jaeger", "thrift_binary", 6832},
	{Zipkin, "zipkin", "", 9411},
	{OpenCensus, openCensus, "", 55678},
}

// Protocols lists the protocols by name.
func Protocols() []string {
	names := make([]string, 0, len(protocols))
	for _, p := range protocols {
		names = append(names, p.name)
	}
	return names
}

// Receivers lists the receivers that a [Pipeline] can be given by name.
func Receivers() []string {
	var names []string
	for _, p := range protocols {
		if !slices.Contains(names, p.receiver) {
			names = append(names, p.receiver)
		}
	}
	return names
}

// defaultReceivers are there in every version.
var defaultReceivers = []string{"otlp", "jaeger", "zipkin"}

// receivers writes receivers down with all their protocols. Every endpoint is explicit: a collector's own default is an
// address that only its own pod reaches (localhost since 0.104), and the operator makes the Service's ports from them.
func receivers(names []string) map[string]any {
	out := map[string]any{}
	for _, p := range protocols {
		if !slices.Contains(names, p.receiver) {
			continue
		}
		endpoint := map[string]any{"endpoint": "0.0.0.0:" + strconv.Itoa(p.port)}
		if p.variant == "" {
			out[p.receiver] = endpoint
			continue
		}
		if out[p.receiver] == nil {
			out[p.receiver] = map[string]any{"protocols": map[string]any{}}
		}
		object.Set(out, endpoint, p.receiver, "protocols", p.variant)
	}
	return out
}

// ordered puts receivers in the order in which this file knows them, each once, and refuses others.
func ordered(names []string, d dialect) ([]string, error) {
	for _, name := range names {
		if !slices.Contains(Receivers(), name) {
			return nil, fault.Newf(fault.Invalid, "there is no receiver %q here; there are %s", name, strings.Join(Receivers(), ", "))
		}
	}
	if slices.Contains(names, openCensus) && !d.openCensus {
		return nil, goneOpenCensus(d)
	}
	var out []string
	for _, name := range Receivers() {
		if slices.Contains(names, name) {
			out = append(out, name)
		}
	}
	return out, nil
}

func goneOpenCensus(d dialect) error {
	return fault.Newf(fault.Invalid,
		"receiver opencensus is gone since collector 0.132.0 (opentelemetry-collector-releases:distributions/otelcol-contrib/manifest.yaml), and this is %s, which would not start with it; what sends OpenCensus can send OTLP", d.collector)
}

// portOf is the port that a protocol is served at in a configuration; zero when it is not.
func portOf(config map[string]any, receiver string, p protocol) int {
	path := []string{"receivers", receiver}
	if p.variant != "" {
		path = append(path, "protocols", p.variant)
	}
	settings, there := object.Lookup(config, path...)
	if !there {
		return 0
	}
	at, _ := settings.(map[string]any)
	endpoint := object.String(at, "endpoint")
	if endpoint == "" {
		return p.port
	}
	_, text, err := net.SplitHostPort(endpoint)
	if err != nil {
		return p.port
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return p.port
	}
	return port
}

// typeOf is the type of a component of a collector: its name up to the slash.
func typeOf(name string) string {
	kind, _, _ := strings.Cut(name, "/")
	return kind
}
