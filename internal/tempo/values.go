package tempo

import (
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// chartValues are the chart's keys that we set (charts/tempo/values.yaml@tempo-1.0.0 and tempo-2.2.4).
type chartValues struct {
	Tempo       tempoValues        `json:"tempo"`
	Persistence *persistenceValues `json:"persistence,omitempty"`
}

type tempoValues struct {
	Tag              string           `json:"tag,omitempty"`
	Retention        string           `json:"retention,omitempty"`
	ReportingEnabled bool             `json:"reportingEnabled"`
	MemBallast       int              `json:"memBallastSizeMbs"`
	Resources        object.Object    `json:"resources"`
	Server           *serverValues    `json:"server,omitempty"`
	Liveness         *probeValues     `json:"livenessProbe,omitempty"`
	Readiness        *probeValues     `json:"readinessProbe,omitempty"`
	Receivers        object.Object    `json:"receivers,omitempty"`
	MetricsGenerator *generatorValues `json:"metricsGenerator,omitempty"`
	Overrides        object.Object    `json:"overrides,omitempty"`
}

type serverValues struct {
	Port int `json:"http_listen_port"`
}

type probeValues struct {
	Get struct {
		Port int `json:"port"`
	} `json:"httpGet"`
}

type generatorValues struct {
	Enabled bool   `json:"enabled"`
	URL     string `json:"remoteWriteUrl"`
}

type persistenceValues struct {
	Enabled      bool   `json:"enabled"`
	Size         string `json:"size,omitempty"`
	StorageClass string `json:"storageClassName,omitempty"`
}

// labResources fit a lab's nodes. The ballast, a gigabyte that Tempo holds to calm the garbage collector, would not
// leave room below the limit.
func labResources() object.Object {
	return object.Object{
		"requests": object.Object{"cpu": "50m", "memory": "256Mi"},
		"limits":   object.Object{"memory": "1Gi"},
	}
}

func (i Install) values(l layout) (map[string]any, error) {
	v := chartValues{Tempo: tempoValues{
		Tag: i.ImageTag, Retention: i.Retention, ReportingEnabled: i.Reporting, Resources: labResources(), Receivers: i.receivers(),
	}}
	if i.HTTPPort != 0 && i.HTTPPort != l.port {
		v.Tempo.Server = &serverValues{Port: i.HTTPPort}
		if l.probes {
			v.Tempo.Liveness, v.Tempo.Readiness = probe(i.HTTPPort), probe(i.HTTPPort)
		}
	}
	if g := i.MetricsGenerator; g != nil {
		v.Tempo.MetricsGenerator = &generatorValues{Enabled: true, URL: g.RemoteWriteURL}
		if l.defaults {
			v.Tempo.Overrides = object.Object{"defaults": object.Object{"metrics_generator": object.Object{"processors": []any{"service-graphs", "span-metrics"}}}}
		}
	}
	if p := i.Persistence; p != nil {
		v.Persistence = &persistenceValues{Enabled: true, Size: p.Size, StorageClass: p.StorageClass}
	}
	return object.Encode(v)
}

func probe(port int) *probeValues {
	p := &probeValues{}
	p.Get.Port = port
	return p
}

// receivers writes out what differs from the chart's own choice: null takes a receiver out. It cannot take out opencensus,
// whose default is a null itself, which Helm keeps (helm:pkg/chartutil/coalesce.go, coalesceTablesFullKey).
func (i Install) receivers() object.Object {
	if len(i.Receivers) == 0 {
		return nil
	}
	out := object.Object{}
	for _, name := range []string{Jaeger, OTLP} {
		if !slices.Contains(i.Receivers, name) {
			out[name] = nil
		}
	}
	if slices.Contains(i.Receivers, Zipkin) {
		out[Zipkin] = object.Object{"endpoint": "0.0.0.0:9411"}
	}
	return out
}

// check refuses what the chart's version cannot do.
func (i Install) check(version versions.Version, l layout) error {
	for _, name := range i.Receivers {
		switch {
		case !slices.Contains(Receivers(), name):
			return fault.Newf(fault.Invalid, "there is no receiver %q; there are %s", name, strings.Join(Receivers(), ", "))
		case name == OpenCensus && !l.openCensus:
			return fault.Newf(fault.Invalid, "receiver opencensus is gone: Tempo 2.10.6 lost it, with it chart 2.2.2, and this is chart %s; "+
				"leave it out and send OTLP, or take an older chart_version", version)
		}
	}
	if len(i.Receivers) > 0 && l.fromReceivers {
		for _, name := range []string{Jaeger, OTLP} {
			if !slices.Contains(i.Receivers, name) {
				return fault.Newf(fault.Invalid, "receiver %s cannot be switched off in chart %s, whose Service is made from its ports (templates/_ports.tpl); add it to the receivers",
					name, version)
			}
		}
	}
	return checkTag(i.ImageTag, version)
}

// checkTag refuses images that end at once with the chart's arguments and configuration: Tempo 3 has no flag
// mem-ballast-size-mbs (CHANGELOG.md@v3.0.3), which charts up to 2.2.4 give it, and Tempo 2.0 does not know
// stream_over_http_enabled, which charts from 2.2.0 write.
func checkTag(tag string, chart versions.Version) error {
	image, err := versions.Parse(tag)
	if err != nil {
		return nil //nolint:nilerr // a tag need not be a version
	}
	switch {
	case image.AtLeast(3, 0, 0):
		return fault.Newf(fault.Invalid, "image tag %s: Tempo 3 refuses the flag -mem-ballast-size-mbs that chart %s starts it with; take a 2.x tag", tag, chart)
	case chart.AtLeast(2, 2, 0) && !image.AtLeast(2, 1, 0):
		return fault.Newf(fault.Invalid, "image tag %s: this Tempo does not know the key stream_over_http_enabled that chart %s writes; leave image_tag out", tag, chart)
	}
	return nil
}
