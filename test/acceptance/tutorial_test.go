package acceptance_test

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
)

// tutorial is what testdata/tutorial.yaml says of the end state.
type tutorial struct {
	Releases []struct {
		Release, Chart, Version string
	}
	Files []struct {
		expectation
		Path string
	}
	Commands []struct {
		Step, Run, Says string
	}
	Objects []struct {
		expectation
		Object string
	}
}

// expectation is what is said of one thing.
type expectation struct {
	Step    string
	Has     map[string]any
	Differs []difference
}

// difference is a field in which the lab is not like the tutorial, on purpose.
type difference struct {
	Path          string
	Tutorial, Lab any
	Because       string
}

const (
	tutorialFile = "testdata/tutorial.yaml"
	guideFile    = "../../templates/guides/tutorial.md"
)

// readTutorial reads the table with its names in braces replaced.
func readTutorial(t testing.TB, names map[string]string) tutorial {
	t.Helper()
	raw, err := os.ReadFile(tutorialFile)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for name, value := range names {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	var table tutorial
	if err := yamlStrict(text, &table); err != nil {
		t.Fatalf("%s: %v", tutorialFile, err)
	}
	return table
}

// tutorialRef reads "apps/v1 Deployment default/nginx"; what has no namespace begins with a slash.
func tutorialRef(t testing.TB, text string) object.Ref {
	t.Helper()
	parts := strings.Fields(text)
	if len(parts) != 3 {
		t.Fatalf("%q is not an object", text)
	}
	namespace, name, ok := strings.Cut(parts[2], "/")
	if !ok {
		t.Fatalf("%q has no namespace", text)
	}
	return object.Ref{APIVersion: parts[0], Kind: parts[1], Namespace: namespace, Name: name}
}

// exact compares one thing with what the tutorial says of it.
func (e expectation) exact(t *testing.T, live map[string]any) {
	t.Helper()
	for path, want := range e.Has {
		got, err := field(live, path)
		if err != nil {
			t.Error(err)
			continue
		}
		if !holds(got, want) {
			t.Errorf("%s: the tutorial has %v, the lab %v", path, want, got)
		}
	}
	for _, d := range e.Differs {
		got, err := field(live, d.Path)
		if err != nil {
			t.Error(err)
			continue
		}
		if !holds(got, d.Lab) {
			t.Errorf("%s (%s): the guide says that the lab has %v, it has %v", d.Path, d.Because, d.Lab, got)
		}
		if holds(got, d.Tutorial) {
			t.Errorf("%s (%s): it is %v as in the tutorial, so that it is no difference", d.Path, d.Because, got)
		}
	}
}

// exactly compares a cluster and its first server with the whole tutorial.
func (table tutorial) exactly(t *testing.T, host *hosts.Host) {
	t.Helper()
	for _, f := range table.Files {
		t.Run(f.Path, func(t *testing.T) {
			out, err := host.Run(t.Context(), "stat -c %a '"+f.Path+"' && cat '"+f.Path+"'")
			if err != nil {
				t.Fatal(err)
			}
			mode, content, _ := strings.Cut(out, "\n")
			f.exact(t, map[string]any{"path": f.Path, "mode": mode, "content": content})
		})
	}
	for _, c := range table.Commands {
		t.Run(c.Run, func(t *testing.T) {
			out, err := host.Run(t.Context(), c.Run)
			if err != nil || !strings.Contains(out, c.Says) {
				t.Errorf("%q, %v; the tutorial has %q", out, err, c.Says)
			}
		})
	}
	client := beside(t, host).client
	table.releases(t, client)
	for _, o := range table.Objects {
		t.Run(o.Object, func(t *testing.T) {
			live, err := client.Get(t.Context(), tutorialRef(t, o.Object))
			if err != nil {
				t.Fatalf("%s: %v", o.Step, err)
			}
			o.exact(t, live)
		})
	}
}

func (table tutorial) releases(t *testing.T, client *kube.Client) {
	t.Helper()
	for _, r := range table.Releases {
		t.Run(r.Release, func(t *testing.T) {
			namespace, name, _ := strings.Cut(r.Release, "/")
			chart, version := deployed(t, client, namespace, name)
			if chart != r.Chart || version != r.Version {
				t.Errorf("it is %s %s; the tutorial has %s %s", chart, version, r.Chart, r.Version)
			}
		})
	}
}

// deployed reads the chart of a release from Helm's own record: gzipped JSON, twice in base64.
func deployed(t *testing.T, client *kube.Client, namespace, release string) (chart, version string) {
	t.Helper()
	records, err := client.List(t.Context(), kube.ListOptions{
		APIVersion: "v1", Kind: "Secret", Namespace: namespace, LabelSelector: "owner=helm,status=deployed,name=" + release,
	})
	if err != nil || len(records) != 1 {
		t.Fatalf("there are %d deployed revisions (%v)", len(records), err)
	}
	text := object.String(records[0], "data", "release")
	for range 2 {
		plain, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		text = string(plain)
	}
	unzipped, err := gzip.NewReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var record struct {
		Chart struct {
			Metadata struct{ Name, Version string }
		}
	}
	if err := json.NewDecoder(unzipped).Decode(&record); err != nil {
		t.Fatal(err)
	}
	return record.Chart.Metadata.Name, record.Chart.Metadata.Version
}

// expectations are all that are in the table, by what they are about.
func (table tutorial) expectations() map[string]expectation {
	all := map[string]expectation{}
	for _, f := range table.Files {
		all[f.Path] = f.expectation
	}
	for _, o := range table.Objects {
		all[o.Object] = o.expectation
	}
	return all
}

// TestTutorial_GuideSaysWhatTheTableSays keeps the guide and the table of expectations together: the guide names every
// object, and gives a reason, with both values, for every difference and for no other.
func TestTutorial_GuideSaysWhatTheTableSays(t *testing.T) {
	t.Parallel()
	table := readTutorial(t, nil)
	guide := readGuide(t)
	reasons := guideReasons(guide)
	used := map[string]bool{}
	for about, e := range table.expectations() {
		for _, d := range e.Differs {
			used[d.Because] = true
			row := reasons[d.Because]
			if row == "" {
				t.Errorf("%s %s: the guide gives no reason %q", about, d.Path, d.Because)
			}
			for _, value := range []any{d.Tutorial, d.Lab} {
				if text, ok := value.(string); ok && !strings.Contains(row, text) {
					t.Errorf("%s: the guide does not say %q:\n%s", d.Because, text, row)
				}
			}
		}
	}
	for reason := range reasons {
		if !used[reason] {
			t.Errorf("no object of the table has the difference %q of the guide", reason)
		}
	}
	for _, o := range table.Objects {
		r := tutorialRef(t, o.Object)
		if name := "`" + r.String() + "`"; r.Kind != "Node" && !strings.Contains(guide, name) {
			t.Errorf("the guide does not name %s", name)
		}
	}
}

func readGuide(t testing.TB) string {
	t.Helper()
	raw, err := os.ReadFile(guideFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// guideReasons are the rows of the guide's table of differences, by the name in their first column.
func guideReasons(guide string) map[string]string {
	rows := map[string]string{}
	_, section, _ := strings.Cut(guide, "## Deliberate differences")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, line := range strings.Split(section, "\n") {
		if name, _, ok := strings.Cut(strings.TrimPrefix(line, "| `"), "`"); ok && strings.HasPrefix(line, "| `") {
			rows[name] = line
		}
	}
	return rows
}

// TestTutorial_TableIsSound finds steps that are not named, objects that are there twice, and expectations that say nothing.
func TestTutorial_TableIsSound(t *testing.T) {
	t.Parallel()
	table := readTutorial(t, nil)
	var seen []string
	for _, o := range table.Objects {
		if o.Step == "" || slices.Contains(seen, o.Object) {
			t.Errorf("%s has no step, or is there twice", o.Object)
		}
		seen = append(seen, o.Object)
		for _, d := range o.Differs {
			if d.Because == "" || fmt.Sprint(d.Tutorial) == fmt.Sprint(d.Lab) {
				t.Errorf("%s %s is no difference", o.Object, d.Path)
			}
		}
	}
	if len(table.Objects) < 50 || len(table.Releases) < 10 {
		t.Errorf("the table has %d objects and %d releases", len(table.Objects), len(table.Releases))
	}
}
