package tempo

import (
	"fmt"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// Install is Tempo in one process. The zero value keeps traces for a day in the pod's own file system.
type Install struct {
	// Chart are the user's choices; its Values win over everything below.
	Chart component.ChartOptions
	// HTTPPort is where Tempo is asked; zero is the chart's own port, see [HTTPPort].
	HTTPPort int
	// Retention is how long traces are kept, as Go writes a duration ("24h"). Empty is the chart's: a day.
	Retention string
	// Receivers are what Tempo is written to by; empty is jaeger and otlp. While Tempo had opencensus the chart has it on
	// in any case.
	Receivers []string
	// Persistence keeps traces on a volume; nil loses them with the pod.
	Persistence *Persistence
	// MetricsGenerator makes metrics and the service graph out of traces; nil makes none.
	MetricsGenerator *MetricsGenerator
	// Reporting sends anonymous usage statistics to Grafana Labs, which is the chart's default and not ours.
	Reporting bool
	// ImageTag is the version of Tempo; empty is the chart's.
	ImageTag string
}

// Persistence is a volume for traces.
type Persistence struct {
	// Size is a quantity; empty is the chart's 10Gi. StorageClass empty is the cluster's default class.
	Size, StorageClass string
}

// MetricsGenerator says where metrics go.
type MetricsGenerator struct {
	// RemoteWriteURL is a Prometheus that takes remote writes: "http://.../api/v1/write".
	RemoteWriteURL string
}

// Component builds the installation. It fails with [fault.Invalid] when the version cannot be read or cannot do what
// is asked.
func (i Install) Component() (component.Component, error) {
	built, err := i.build()
	if err != nil {
		return component.Component{}, fmt.Errorf("tempo: %w", err)
	}
	chart := built.chart
	full := fullName(chart)
	chart.Ready = []component.Condition{
		component.StatefulSetCurrent(chart.Namespace, full),
		endpointsReady(chart.Namespace, full),
	}
	c := component.Component{
		Name:       "tempo",
		Namespaces: []component.Namespace{{Name: chart.Namespace}},
		Charts:     []component.Chart{chart},
	}
	if built.port != built.layout.port {
		c.Objects = []object.Object{built.service()}
		c.Ready = []component.Condition{endpointsReady(chart.Namespace, built.host())}
	}
	return c, nil
}

// built is an installation with everything decided.
type built struct {
	chart  component.Chart
	layout layout
	port   int
}

func (i Install) build() (built, error) {
	pinned := DefaultChart()
	chart := i.Chart.Over(component.Chart{Release: DefaultRelease, Namespace: DefaultNamespace, Name: pinned.Name, Version: pinned.Version})
	if chart.Repository == "" {
		chart.Repository = RepositoryFor(chart.Version)
	}
	version, err := versions.Parse(chart.Version)
	if err != nil {
		return built{}, fmt.Errorf("chart: %w", err)
	}
	l := layoutOf(version)
	if err := i.check(version, l); err != nil {
		return built{}, err
	}
	values, err := i.values(l)
	if err != nil {
		return built{}, fmt.Errorf("values: %w", err)
	}
	chart.Values = component.MergeValues(values, i.Chart.Values)
	return built{chart: chart, layout: l, port: portOf(chart.Values, l)}, nil
}

// portOf is where Tempo listens by its values, the user's own included.
func portOf(values map[string]any, l layout) int {
	port, _ := object.Lookup(values, "tempo", "server", "http_listen_port")
	if n := portNumber(port); n != 0 {
		return n
	}
	return l.port
}

// fullName repeats the template tempo.fullname (templates/_helpers.tpl, the same in 1.0.0 and 2.2.4).
func fullName(chart component.Chart) string {
	if full := object.String(chart.Values, "fullnameOverride"); full != "" {
		return cut(full)
	}
	name := baseName(chart)
	if strings.Contains(chart.Release, name) {
		return cut(chart.Release)
	}
	return cut(chart.Release + "-" + name)
}

// baseName repeats the template tempo.name, which pods are labelled with.
func baseName(chart component.Chart) string {
	if override := object.String(chart.Values, "nameOverride"); override != "" {
		return cut(override)
	}
	return DefaultChart().Name
}

// cut keeps a name within the 63 characters of a DNS label, as the chart does.
func cut(name string) string {
	if len(name) > 63 {
		name = name[:63]
	}
	return strings.TrimSuffix(name, "-")
}

func endpointsReady(namespace, service string) component.Condition {
	return component.Condition{
		Name:  "Service " + namespace + "/" + service + " has endpoints",
		Ref:   object.Ref{APIVersion: "v1", Kind: "Service", Namespace: namespace, Name: service},
		Check: component.Check{Kind: component.EndpointsReady},
	}
}
