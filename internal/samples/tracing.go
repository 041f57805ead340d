package samples

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// Exporter is the protocol in which HotROD sends its spans.
type Exporter string

// The exporters.
const (
	// ExporterJaeger sends Jaeger's Thrift over HTTP; it was the only one up to 1.41 and the default up to 1.48.
	ExporterJaeger Exporter = "jaeger"
	// ExporterOTLP sends OTLP over HTTP; it can be chosen from 1.42 on and is the only one from 1.49 on
	// (jaeger:examples/hotrod/pkg/tracing/init.go@v1.42.0, v1.49.0).
	ExporterOTLP Exporter = "otlp"
)

// Variables in which HotROD is told where spans go.
const (
	variableOld    = "JAEGER_ENDPOINT"               // up to 1.41, jaeger-client-go
	variableJaeger = "OTEL_EXPORTER_JAEGER_ENDPOINT" // 1.42 to 1.48
	variableOTLP   = "OTEL_EXPORTER_OTLP_ENDPOINT"   // from 1.49; from 1.42 with -x otlp
)

// Ports of collectors, by what is spoken at them over HTTP; every other well-known port speaks something that HotROD
// does not.
const (
	portJaegerHTTP = "14268"
	portOTLPHTTP   = "4318"
)

// wellKnown says what is spoken at ports that are mistaken for the right one.
var wellKnown = map[string]string{
	"4317": "OTLP over gRPC", portOTLPHTTP: "OTLP over HTTP", "9411": "Zipkin", "14250": "Jaeger over gRPC",
	portJaegerHTTP: "Jaeger Thrift over HTTP", "6831": "Jaeger Thrift over UDP", "6832": "Jaeger Thrift over UDP", "55678": "OpenCensus",
}

const (
	pathJaeger = "/api/traces"
	pathOTLP   = "/v1/traces"
)

// tracing is how one HotROD is told about its exporter.
type tracing struct {
	variable, url string
	// chosen says that the exporter is not the image's own default and must be named on the command line.
	chosen bool
}

func (t tracing) args() []any {
	if t.chosen {
		return []any{"all", "-x", string(ExporterOTLP)}
	}
	return []any{"all"}
}

// tracing finds exporter, variable and URL for the image and the endpoint.
func (h HotROD) tracing() (tracing, error) {
	if h.TracingEndpoint == "" {
		return tracing{}, nil
	}
	version, known := imageVersion(h.Image)
	exporter, err := h.exporter(version, known)
	if err != nil {
		return tracing{}, err
	}
	where, err := endpointURL(h.TracingEndpoint, exporter)
	if err != nil {
		return tracing{}, fault.Newf(fault.Invalid, "image %s sends spans as %s: %w", h.Image, exporter.words(), err)
	}
	t := tracing{variable: variableOTLP, url: where}
	switch {
	case exporter == ExporterJaeger && known && !version.AtLeast(1, 42, 0):
		t.variable = variableOld
	case exporter == ExporterJaeger:
		t.variable = variableJaeger
	case known && !version.AtLeast(1, 49, 0):
		t.chosen = true
	}
	return t, nil
}

// exporter is the one that was asked for, if the image has it, or the one that image and endpoint agree on.
func (h HotROD) exporter(version versions.Version, known bool) (Exporter, error) {
	if !known {
		if h.Exporter == "" {
			return "", fault.Newf(fault.Invalid, "the tag of image %s is no version, so it is not known whether it sends spans as %s (up to 1.48) or as %s (from 1.49); "+
				"name a version, or say the exporter", h.Image, ExporterJaeger.words(), ExporterOTLP.words())
		}
		return h.Exporter, nil
	}
	hasJaeger, hasOTLP := !version.AtLeast(1, 49, 0), version.AtLeast(1, 42, 0)
	switch {
	case h.Exporter == ExporterJaeger && !hasJaeger:
		return "", fault.Newf(fault.Invalid, "image %s has no Jaeger exporter: 1.48 was the last one with it", h.Image)
	case h.Exporter == ExporterOTLP && !hasOTLP:
		return "", fault.Newf(fault.Invalid, "image %s has no OTLP exporter: 1.42 was the first one with it", h.Image)
	case h.Exporter != "":
		return h.Exporter, nil
	case !hasJaeger, hasOTLP && portOf(h.TracingEndpoint) == portOTLPHTTP:
		return ExporterOTLP, nil
	}
	return ExporterJaeger, nil
}

func (e Exporter) words() string {
	if e == ExporterJaeger {
		return "Jaeger Thrift over HTTP"
	}
	return "OTLP over HTTP"
}

// endpointURL writes an endpoint as the exporter's variable takes it and refuses one that speaks another protocol.
func endpointURL(endpoint string, exporter Exporter) (string, error) {
	port := portOTLPHTTP
	if exporter == ExporterJaeger {
		port = portJaegerHTTP
	}
	u, err := parseEndpoint(endpoint)
	if err != nil {
		return "", err
	}
	if u.Port() == "" && u.Scheme != "https" {
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	if spoken, ok := wellKnown[u.Port()]; ok && u.Port() != port {
		return "", fault.Newf(fault.Invalid, "port %s of tracing endpoint %q is for %s; port %s is right", u.Port(), endpoint, spoken, port)
	}
	if u.Path, err = exportPath(strings.TrimSuffix(u.Path, "/"), exporter); err != nil {
		return "", fault.Newf(fault.Invalid, "tracing endpoint %q: %w", endpoint, err)
	}
	return u.String(), nil
}

// exportPath is the path that the exporter's variable takes: Jaeger's in full, OTLP's without what the exporter adds.
func exportPath(given string, exporter Exporter) (string, error) {
	own, others, plain := pathOTLP, pathJaeger, ""
	if exporter == ExporterJaeger {
		own, others, plain = pathJaeger, pathOTLP, pathJaeger
	}
	switch given {
	case "", own:
		return plain, nil
	case others:
		return "", fault.Newf(fault.Invalid, "path %s belongs to the other protocol", given)
	}
	return given, nil
}

// parseEndpoint reads host, host:port or a URL.
func parseEndpoint(endpoint string) (*url.URL, error) {
	text := endpoint
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.RawQuery != "" || u.User != nil {
		return nil, fault.Newf(fault.Invalid, "tracing endpoint %q is neither host:port nor a URL", endpoint)
	}
	if !slices.Contains([]string{"http", "https"}, u.Scheme) {
		return nil, fault.Newf(fault.Invalid, "tracing endpoint %q: HotROD exports over http or https, not %s", endpoint, u.Scheme)
	}
	return u, nil
}

func portOf(endpoint string) string {
	u, err := parseEndpoint(endpoint)
	if err != nil {
		return ""
	}
	return u.Port()
}

// imageVersion reads the version out of an image's tag; false for "latest", a digest alone, or no tag.
func imageVersion(image string) (versions.Version, bool) {
	image, _, _ = strings.Cut(image, "@")
	name := image[strings.LastIndex(image, "/")+1:]
	_, tag, tagged := strings.Cut(name, ":")
	if !tagged {
		return versions.Version{}, false
	}
	v, err := versions.Parse(tag)
	return v, err == nil
}
