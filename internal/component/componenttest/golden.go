// Package componenttest knows how a component is written down for a reader and compared with what was written before.
package componenttest

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// Golden compares a component with testdata/<name>.yaml in the package under test; `go test -update` writes the file.
func Golden(t *testing.T, name string, c component.Component) {
	t.Helper()
	got, err := yaml.Marshal(describe(c))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name+".yaml")
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; -update accepts it):\n%s", path, diff)
	}
}

// description leaves out what a component does not use and says references and checks in one line each.
type description struct {
	Name       string                       `json:"name"`
	Requires   []string                     `json:"requires,omitempty"`
	Needs      []string                     `json:"needs,omitempty"`
	Namespaces map[string]map[string]string `json:"namespaces,omitempty"`
	Charts     []chart                      `json:"charts,omitempty"`
	Objects    []object.Object              `json:"objects,omitempty"`
	Labels     map[string]labelling         `json:"labels,omitempty"`
	Restarts   []string                     `json:"restarts,omitempty"`
	Ready      []string                     `json:"ready,omitempty"`
	Outputs    []string                     `json:"outputs,omitempty"`
	Ignore     []string                     `json:"ignore,omitempty"`
	Leaves     []string                     `json:"leaves,omitempty"`
}

type labelling struct {
	Set    map[string]string `json:"set"`
	Absent map[string]string `json:"absent,omitempty"`
}

type chart struct {
	Release      string         `json:"release"`
	Chart        string         `json:"chart"`
	Repository   string         `json:"repository"`
	Digest       string         `json:"digest,omitempty"`
	Adopt        bool           `json:"adopt,omitempty"`
	Values       map[string]any `json:"values,omitempty"`
	SecretValues map[string]any `json:"secretValues,omitempty"`
	Ready        []string       `json:"ready,omitempty"`
}

func describe(c component.Component) description {
	d := description{Name: c.Name, Objects: c.Objects, Needs: Conditions(c.Needs), Ready: Conditions(c.Ready)}
	for _, r := range c.Requires {
		d.Requires = append(d.Requires, r.APIVersion+" "+r.Kind+" from "+r.BroughtBy)
	}
	for _, n := range c.Namespaces {
		if d.Namespaces == nil {
			d.Namespaces = map[string]map[string]string{}
		}
		d.Namespaces[n.Name] = n.Labels
	}
	for _, h := range c.Charts {
		d.Charts = append(d.Charts, chart{
			Release: h.Namespace + "/" + h.Release, Chart: h.Name + " " + h.Version, Repository: h.Repository, Digest: h.Digest,
			Adopt: h.Adopt, Values: h.Values, SecretValues: h.SecretValues, Ready: Conditions(h.Ready),
		})
	}
	for _, l := range c.Labels {
		if d.Labels == nil {
			d.Labels = map[string]labelling{}
		}
		d.Labels[l.Ref.String()] = labelling{l.Labels, l.Absent}
	}
	for _, r := range c.Restarts {
		d.Restarts = append(d.Restarts, r.Namespace)
	}
	for _, o := range c.Outputs {
		d.Outputs = append(d.Outputs, o.Name+": "+o.Ref.String()+" "+o.Path)
	}
	for _, r := range c.Ignore {
		d.Ignore = append(d.Ignore, ignored(r))
	}
	for _, r := range c.Leaves {
		d.Leaves = append(d.Leaves, r.String())
	}
	return d
}

func ignored(r component.IgnoreRule) string {
	kind := r.Kind
	if r.Group != "" {
		kind += "." + r.Group
	}
	return object.Ref{Kind: kind, Namespace: r.Namespace, Name: r.Name}.String() + " " + r.Path
}

// Conditions says each condition in one line: what is looked at and what it must be.
func Conditions(conditions []component.Condition) []string {
	var lines []string
	for _, c := range conditions {
		words := []string{c.Ref.String() + ":", string(c.Kind)}
		for _, more := range []string{c.Type, c.Path, c.Value} {
			if more != "" {
				words = append(words, more)
			}
		}
		lines = append(lines, strings.Join(words, " "))
	}
	return lines
}
