package otel

import "github.com/dxlab/terraform-provider-lab/internal/versions"

// collectors says which collector the operator of a chart runs by default, at the charts in which the words of the
// configuration change (opentelemetry-helm-charts:charts/opentelemetry-operator/values.yaml at each tag). The first
// entry stands for all that is older.
var collectors = []struct {
	minor     uint64 // the chart is 0.<minor>.0
	collector string
}{
	{0, "0.71.0"}, {58, "0.99.0"}, {72, "0.111.0"}, {94, "0.132.4"}, {105, "0.144.0"}, {122, "0.158.0"},
}

// dialect is how a collector's version names things, and what it no longer has.
type dialect struct {
	// collector is the version, for messages.
	collector string
	// debug says that the exporter that writes traces to the log is called debug. It was called logging, which is gone
	// since 0.111.0 (opentelemetry-collector:CHANGELOG.md).
	debug bool
	// openCensus says that there is a receiver opencensus. It is gone since 0.132.0
	// (opentelemetry-collector-releases:distributions/otelcol-contrib/manifest.yaml).
	openCensus bool
	// otlpGRPC says that the exporter otlp is called otlp_grpc, as since 0.144.0 (opentelemetry-collector #14403).
	otlpGRPC bool
}

// dialectOf is the dialect of the collector in image or, where its tag is no version, of the one that the operator of a
// chart runs by default.
func dialectOf(chart versions.Version, image string) dialect {
	_, tag := splitImage(image)
	v, err := versions.Parse(tag)
	if err != nil {
		v, err = versions.Parse(defaultCollector(chart))
	}
	if err != nil {
		return dialect{} // the table is of this file
	}
	return dialect{
		collector:  v.String(),
		debug:      v.AtLeast(0, 111, 0),
		openCensus: !v.AtLeast(0, 132, 0),
		otlpGRPC:   v.AtLeast(0, 144, 0),
	}
}

func defaultCollector(chart versions.Version) string {
	found := collectors[0].collector
	for _, c := range collectors {
		if chart.AtLeast(0, c.minor, 0) {
			found = c.collector
		}
	}
	return found
}

// debugExporter is the name of the exporter that writes traces to the log.
func (d dialect) debugExporter() string {
	if d.debug {
		return "debug"
	}
	return "logging"
}

// otlpExporter is the name of the exporter that speaks OTLP over gRPC.
func (d dialect) otlpExporter() string {
	if d.otlpGRPC {
		return "otlp_grpc"
	}
	return "otlp"
}
