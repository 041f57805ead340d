// Package tempo knows what Grafana Tempo is on a cluster: its chart and values per version, its receivers, and the
// addresses at which it is written to and asked.
package tempo

import "github.com/dxlab/terraform-provider-lab/internal/versions"

// Defaults of the installation.
const (
	DefaultRelease   = "tempo"
	DefaultNamespace = "tempo"
)

// DefaultChart is the chart that is installed when the user names no version.
func DefaultChart() versions.Chart { return versions.Default().Chart(versions.Tempo) }

// RepositoryFor returns where upstream publishes a version of the chart: it moved to another repository in early 2026,
// and what was released before stays where it was (README of grafana/helm-charts:charts/tempo). A version that cannot
// be read is looked for in today's place.
func RepositoryFor(version string) string {
	v, err := versions.Parse(version)
	if err != nil || v.AtLeast(1, 25, 0) {
		return DefaultChart().Repository
	}
	if seed, err := versions.Get(versions.Seed2023); err == nil {
		return seed.Chart(versions.Tempo).Repository
	}
	return DefaultChart().Repository
}

// The receivers.
const (
	OTLP       = "otlp"
	Jaeger     = "jaeger"
	Zipkin     = "zipkin"
	OpenCensus = "opencensus"
)

// Receivers lists what Tempo can be asked to receive.
func Receivers() []string { return []string{Jaeger, OpenCensus, OTLP, Zipkin} }

// layout is what differs between versions of the chart, found by comparing the releases 1.0.0 to 1.24.4 of
// grafana/helm-charts and 1.25.0 to 2.2.4 of grafana-community/helm-charts.
type layout struct {
	// port is where the chart's Service and, without further values, Tempo listen (values.yaml
	// tempo.server.http_listen_port, templates/service.yaml; the Service's port is a literal in both).
	port int
	// probes are on from 1.16.0, with a literal port in values.yaml.
	probes bool
	// fromReceivers is whether the Service's ports are read out of the receivers' values, which ends the rendering
	// where they are null: from 1.15.0 (templates/_ports.tpl).
	fromReceivers bool
	// defaults is whether overrides have a section for all tenants under the key tempo.overrides: from 1.19.0. Before,
	// the key was tempo.global_overrides, and the chart names the generator's processors itself.
	defaults bool
	// openCensus is whether Tempo still has that receiver: it lost it in 2.10.6, chart 2.2.2.
	openCensus bool
}

func layoutOf(v versions.Version) layout {
	l := layout{
		port: 3100, probes: v.AtLeast(1, 16, 0), fromReceivers: v.AtLeast(1, 15, 0),
		defaults: v.AtLeast(1, 19, 0), openCensus: !v.AtLeast(2, 2, 2),
	}
	if v.AtLeast(1, 23, 1) {
		l.port = 3200
	}
	return l
}

// HTTPPort is the port at which a version of the chart lets Tempo be asked: 3100 below 1.23.1, 3200 from there. A
// version that cannot be read is [fault.Invalid].
func HTTPPort(version string) (int, error) {
	v, err := versions.Parse(version)
	if err != nil {
		return 0, err
	}
	return layoutOf(v).port, nil
}
