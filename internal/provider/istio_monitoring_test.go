package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

const (
	boardAddress = "https://dashboards.example/mesh.json"
	board        = `{"title": "Mesh", "uid": "mesh", "panels": []}`
)

// boards is a world with one dashboard on the web and a chart with two.
func boards(t *testing.T) (*fakeWorld, *fakeEngine, *fakeLibrary) {
	t.Helper()
	w, e := withCluster(t)
	configMap := object.New(object.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: "default", Name: "rendered"})
	configMap["data"] = map[string]any{"c.json": `{"title": "C", "panels": []}`}
	w.library = &fakeLibrary{
		t: t, web: map[string]string{boardAddress: board},
		files:   map[string]map[string][]byte{"boards": {"files/a.json": []byte(`{"title": "A", "panels": []}`), "files/b.txt": []byte("no"), "Chart.yaml": nil}},
		objects: map[string][]object.Object{"boards": {configMap}},
	}
	return w, e, w.library
}

func TestIstioMonitoring_FetchesOnlyWhatItInstalls(t *testing.T) {
	t.Parallel()
	w, e, library := boards(t)
	c := newCore(t, w, nil)
	config := attrs{"dashboards": []any{attrs{"url": boardAddress, "sha256": digestOf(board)}, attrs{"builtin": "mesh-overview"}}}
	s := must2(t)(c.apply("lab_istio_monitoring", nil, config))
	if diff := cmp.Diff([]string{"download " + boardAddress}, library.taken()); diff != "" {
		t.Error(diff)
	}
	if got := s.text(t, "titles"); got != "{lab-mesh-overview.json=Mesh overview (lab) mesh.json=Mesh}" {
		t.Errorf("titles %s", got)
	}
	if got := s.text(t, "source_digests"); got != "{"+boardAddress+"="+digestOf(board)+"}" {
		t.Errorf("sources %s", got)
	}
	if got := s.text(t, "config_maps"); !strings.HasPrefix(got, "{istio-dashboards=sha256:") {
		t.Errorf("config maps %s", got)
	}
	if strings.Contains(words(t, s.value), "panels") {
		t.Error("the state has the content of a dashboard")
	}
	s = must2(t)(c.refresh("lab_istio_monitoring", s))
	if p := c.plan("lab_istio_monitoring", s, config); p.action != "nothing" || p.warnings != "" {
		t.Errorf("the second plan has action %q: %s", p.action, p.warnings)
	}
	if asked := library.taken(); len(asked) > 0 {
		t.Errorf("a plan without changes fetched %v", asked)
	}
	e.set(func(e *fakeEngine) { e.drift = []string{"ConfigMap istio-system/istio-dashboards data: differs"} })
	s = must2(t)(c.refresh("lab_istio_monitoring", s))
	must2(t)(c.apply("lab_istio_monitoring", s, config))
	if diff := cmp.Diff([]string{"download " + boardAddress}, library.taken()); diff != "" {
		t.Errorf("the correction: %s", diff)
	}
}

func TestIstioMonitoring_TakesDashboardsOutOfCharts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		chart attrs
		want  string
		says  string
	}{
		"files":         {attrs{"name": "boards", "version": "1.0.0", "repository": "https://charts.example", "files": []any{"files/*.json"}}, "{a.json=A}", ""},
		"config maps":   {attrs{"name": "boards", "version": "1.0.0", "repository": "https://charts.example"}, "{c.json=C}", ""},
		"no such file":  {attrs{"name": "boards", "files": []any{"*.json"}}, "", "it has no file that matches *.json"},
		"no dashboards": {attrs{"name": "boards", "files": []any{"files/b.*"}}, "", "files/b.txt"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _, _ := boards(t)
			s, r := newCore(t, w, nil).apply("lab_istio_monitoring", nil, attrs{"dashboards": []any{attrs{"chart": c.chart}}})
			if c.says != "" {
				if !strings.Contains(r.errors, c.says) {
					t.Errorf("errors %q", r.errors)
				}
				return
			}
			if got := must(t, s, r).text(t, "titles"); got != c.want {
				t.Errorf("titles %s", got)
			}
		})
	}
}

func TestIstioMonitoring_RefusesDashboards(t *testing.T) {
	t.Parallel()
	w, _, library := boards(t)
	library.web["https://dashboards.example/page"] = "<html></html>"
	broken := filepath.Join(t.TempDir(), "broken.json")
	if err := os.WriteFile(broken, []byte(`{"title": "A"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newCore(t, w, nil)
	for name, test := range map[string]struct {
		source attrs
		says   string
		atPlan bool
	}{
		"wrong checksum":            {attrs{"url": boardAddress, "sha256": digestOf("other")}, "its sha256 is " + digestOf(board), false},
		"a page":                    {attrs{"url": "https://dashboards.example/page", "sha256": digestOf("<html></html>")}, "neither JSON nor YAML", false},
		"no checksum":               {attrs{"url": boardAddress}, "sha256", true},
		"two sources in one":        {attrs{"url": boardAddress, "sha256": digestOf(board), "builtin": "mesh-overview"}, "url", true},
		"no file":                   {attrs{"file": broken + ".not"}, "no such file", true},
		"a file that is no board":   {attrs{"file": broken}, "it has no title, or no panels", true},
		"checksum of a local file":  {attrs{"file": broken, "sha256": digestOf("other")}, "was promised", true},
		"a checksum that is no sum": {attrs{"file": broken, "sha256": "abc"}, "64 hex digits", true},
	} {
		config := attrs{"dashboards": []any{test.source}}
		r := c.plan("lab_istio_monitoring", nil, config).report
		if !test.atPlan {
			if r.errors != "" {
				t.Errorf("%s: the plan says %q", name, r.errors)
			}
			_, r = c.apply("lab_istio_monitoring", nil, config)
		}
		if !strings.Contains(r.errors, test.says) {
			t.Errorf("%s: errors %q", name, r.errors)
		}
	}
	if got := c.plan("lab_istio_monitoring", nil, attrs{"monitors": false, "dashboards": []any{}}).errors; !strings.Contains(got, "neither monitors nor dashboards") {
		t.Errorf("nothing to make: %q", got)
	}
}

func TestIstioMonitoring_FollowsALocalFile(t *testing.T) {
	t.Parallel()
	w, _, _ := boards(t)
	c := newCore(t, w, nil)
	file := filepath.Join(t.TempDir(), "own.json")
	write := func(title string) {
		if err := os.WriteFile(file, []byte(`{"title": "`+title+`", "panels": []}`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("One")
	config := attrs{"dashboards": []any{attrs{"file": file}}}
	s := must2(t)(c.apply("lab_istio_monitoring", nil, config))
	if p := c.plan("lab_istio_monitoring", s, config); p.action != "nothing" {
		t.Errorf("the same file: action %q", p.action)
	}
	write("Two")
	if p := c.plan("lab_istio_monitoring", s, config); p.action != "update" || textOf(t, p.value, "config_maps") != "unknown" {
		t.Errorf("another file: action %q, config maps %s", p.action, textOf(t, p.value, "config_maps"))
	}
	s = must2(t)(c.apply("lab_istio_monitoring", s, config))
	if got := s.text(t, "titles"); got != "{own.json=Two}" {
		t.Errorf("titles %s", got)
	}
}

func TestIstioMonitoring_ImportFindsItsConfigMaps(t *testing.T) {
	t.Parallel()
	w, e, library := boards(t)
	c := newCore(t, w, nil)
	config := attrs{"relabelings": "seed-2023", "interval": "30s", "labels": attrs{"team": "mesh"}}
	made := must2(t)(c.apply("lab_istio_monitoring", nil, config))
	for _, installed := range e.installed {
		for _, o := range installed.Objects {
			e.live[object.RefOf(o)] = o
		}
	}
	s := must2(t)(c.imported("lab_istio_monitoring", "istio-system/istio-monitoring"))
	if got, want := s.text(t, "config_maps"), made.text(t, "config_maps"); got != want {
		t.Errorf("imported %s, made %s", got, want)
	}
	if p := c.plan("lab_istio_monitoring", s, config); p.action != "nothing" {
		t.Errorf("the plan after the import has action %q: %s", p.action, p.errors)
	}
	if asked := library.taken(); len(asked) > 0 {
		t.Errorf("it fetched %v", asked)
	}
}
