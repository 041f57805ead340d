package versions

import (
	"fmt"

	"github.com/Masterminds/semver/v3"
)

// Finding is a rule of upstream that a set of versions breaks.
type Finding struct {
	// Hard says that it cannot work; otherwise upstream only does not test it, or advises against it.
	Hard bool
	// Text says what does not go together, and Source where upstream says so.
	Text, Source string
}

// String is the finding with its source.
func (f Finding) String() string { return f.Text + " (" + f.Source + ")" }

// Piece is something with a version: a chart, or a collector by its image's tag.
type Piece struct {
	// Name is the chart's name in its repository, or [Collector].
	Name, Version string
}

// Collector names an OpenTelemetry collector among pieces.
const Collector = "opentelemetry-collector"

// Pinned returns the pinned chart of the same minor version, newest profile first, and whether there is one.
// Repositories call different things by one name, so only a chart of one of our homes should be asked for.
func Pinned(chart, version string) (Chart, bool) {
	v, err := Parse(version)
	if err != nil {
		return Chart{}, false
	}
	for _, p := range profiles {
		for _, key := range p.ChartKeys() {
			c := p.Charts[key]
			pinned, err := Parse(c.Version)
			if err == nil && c.Name == chart && pinned.v.Major() == v.v.Major() && pinned.v.Minor() == v.v.Minor() {
				c.Version = version
				return c, true
			}
		}
	}
	return Chart{}, false
}

// CheckCluster reports what keeps a chart from a Kubernetes version such as "v1.35.7+rke2r1": the range outside of which it
// cannot run, and the one that upstream tests. A chart or a version that nothing is known of breaks no rule.
func CheckCluster(chart Piece, kubernetes string) []Finding {
	known, ok := Pinned(chart.Name, chart.Version)
	if !ok {
		return nil
	}
	if f := outside(chart, known.Kubernetes, kubernetes); f != nil {
		f.Hard, f.Source = true, known.Source
		return []Finding{*f}
	}
	if f := outside(chart, known.Tested, kubernetes); f != nil {
		f.Text = fmt.Sprintf("chart %s %s is tested on Kubernetes %s, and the cluster has %s", chart.Name, chart.Version, known.Tested, kubernetes)
		f.Source = known.TestedSource
		return []Finding{*f}
	}
	return nil
}

// CheckKubeVersion reports whether the constraint in a chart's own Chart.yaml keeps it from a Kubernetes version. An
// empty constraint allows all. The comparison is Helm's (pkg/chartutil/compatible.go), which takes the version as the
// cluster tells it; a suffix of a distribution counts as metadata, or as a prerelease of the constraint's own kind.
func CheckKubeVersion(chart Piece, constraint, kubernetes string) []Finding {
	if f := outside(chart, constraint, kubernetes); f != nil {
		f.Hard, f.Source = true, "kubeVersion in its Chart.yaml"
		return []Finding{*f}
	}
	return nil
}

// outside compares the three numbers of a version with a constraint; a constraint or version that cannot be read says
// nothing.
func outside(chart Piece, constraint, kubernetes string) *Finding {
	v, err := Parse(kubernetes)
	if constraint == "" || err != nil {
		return nil
	}
	c, err := semver.NewConstraint(constraint)
	if err != nil || c.Check(v.release()) {
		return nil
	}
	return &Finding{Text: fmt.Sprintf("chart %s %s needs Kubernetes %s, and the cluster has %s", chart.Name, chart.Version, constraint, kubernetes)}
}
