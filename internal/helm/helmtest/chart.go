// Package helmtest knows how to make small charts and to serve them from a classic repository or an OCI registry.
package helmtest

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
)

// Chart is a chart to be made. Only Name and Version are needed.
type Chart struct {
	Name, Version, AppVersion, KubeVersion string
	// Values is values.yaml, Schema is values.schema.json.
	Values, Schema string
	// Files are further files by path: templates/x.yaml, crds/y.yaml.
	Files map[string]string
	// Dependencies are put into charts/; Conditions switch them by name.
	Dependencies []Chart
	Conditions   map[string]string
	// Type is "library", or empty for an application.
	Type string
	// Deprecated marks the version so.
	Deprecated bool
	// Missing names dependencies that Chart.yaml lists and charts/ lacks.
	Missing []string
}

func (c Chart) build() *chart.Chart {
	out := &chart.Chart{Metadata: &chart.Metadata{
		APIVersion: chart.APIVersionV2, Name: c.Name, Version: c.Version, AppVersion: c.AppVersion,
		KubeVersion: c.KubeVersion, Type: c.Type, Deprecated: c.Deprecated,
	}}
	if c.Values != "" {
		out.Raw = append(out.Raw, &chart.File{Name: chartutil.ValuesfileName, Data: []byte(c.Values)})
	}
	if c.Schema != "" {
		out.Schema = []byte(c.Schema)
	}
	for name, text := range c.Files {
		f := &chart.File{Name: name, Data: []byte(text)}
		if strings.HasPrefix(name, "templates/") {
			out.Templates = append(out.Templates, f)
		} else {
			out.Files = append(out.Files, f)
		}
	}
	for _, d := range c.Dependencies {
		out.Metadata.Dependencies = append(out.Metadata.Dependencies,
			&chart.Dependency{Name: d.Name, Version: d.Version, Condition: c.Conditions[d.Name]})
		out.AddDependency(d.build())
	}
	for _, name := range c.Missing {
		out.Metadata.Dependencies = append(out.Metadata.Dependencies, &chart.Dependency{Name: name, Version: "1.0.0"})
	}
	return out
}

// Archive makes the chart's .tgz.
func (c Chart) Archive(t testing.TB) []byte {
	t.Helper()
	path, err := chartutil.Save(c.build(), t.TempDir())
	if err != nil {
		t.Fatalf("saving chart %s: %v", c.Name, err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Write puts the chart's .tgz into a directory and returns its path.
func (c Chart) Write(t testing.TB, dir string) string {
	t.Helper()
	path := filepath.Join(dir, c.Name+"-"+c.Version+".tgz")
	if err := os.WriteFile(path, c.Archive(t), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Unpack puts the chart's files below a directory and returns the chart's own.
func (c Chart) Unpack(t testing.TB, dir string) string {
	t.Helper()
	if err := chartutil.ExpandFile(dir, c.Write(t, t.TempDir())); err != nil {
		t.Fatalf("unpacking chart %s: %v", c.Name, err)
	}
	path := filepath.Join(dir, c.Name)
	if _, err := loader.LoadDir(path); err != nil {
		t.Fatalf("loading chart %s: %v", c.Name, err)
	}
	return path
}

// Digest is the sha256 of an archive, as in "sha256:<hex>".
func Digest(archive []byte) string {
	sum := sha256.Sum256(archive)
	return "sha256:" + hex.EncodeToString(sum[:])
}
