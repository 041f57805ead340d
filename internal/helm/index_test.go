package helm_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/helm/helmtest"
)

func TestIndex_Layouts(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"block":              "apiVersion: v1\nentries:\n  demo:\n  - version: 1.0.0\n    description: |\n      two\n      lines: here\n  - version: 1.10.0\n  other:\n  - version: 2.0.0\ngenerated: x\n",
		"entries first":      "entries:\n  demo:\n  - version: 1.0.0\n  - version: 1.10.0\n",
		"indented lists":     "entries:\n    demo:\n        - version: 1.0.0\n        - version: 1.10.0\n    other:\n        - version: 2.0.0\n",
		"quoted keys":        "entries:\n  \"demo\":\n  - version: \"1.0.0\"\n  - version: '1.10.0'\n",
		"comments, blanks":   "# made by hand\n\nentries:\n\n# the first\n  # demo\n  demo:\n\n  - version: 1.0.0\n# in between\n  - version: 1.10.0\n\n",
		"CRLF":               "entries:\r\n  demo:\r\n  - version: 1.0.0\r\n  - version: 1.10.0\r\n",
		"no newline at last": "entries:\n  demo:\n  - version: 1.0.0\n  - version: 1.10.0",
		"flow":               "entries: {demo: [{version: 1.0.0}, {version: 1.10.0}]}",
		"flow below":         "entries:\n  demo: [{version: 1.0.0}, {version: 1.10.0}]\n",
		"document marker":    "---\nentries:\n  demo:\n  - version: 1.0.0\n  - version: 1.10.0\n---\n",
		"no indentation":     "entries:\n  demo:\n  - {version: 1.0.0, urls: [a]}\n  - {version: 1.10.0, urls: [b]}\n",
		"JSON":               `{"apiVersion":"v1","entries":{"demo":[{"version":"1.0.0","urls":["a"]},{"version":"1.10.0"}]}}`,
		"not a version":      "entries:\n  demo:\n  - version: latest\n  - version: 1.0.0\n  - version: 1.10.0\n",
		"a broken neighbour": "entries:\n  broken:\n  - version: [\n  demo:\n  - version: 1.0.0\n  - version: 1.10.0\n",
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repository := helmtest.NewRepository(t)
			repository.Put("/index.yaml", []byte(text))
			got, err := newCharts(t, helm.ChartsOptions{}).Versions(t.Context(), repository.URL, "demo")
			if diff := cmp.Diff([]string{"1.10.0", "1.0.0"}, got); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func TestIndex_Malformed(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty": "", "a list": "- a\n", "no entries": "apiVersion: v1\n", "broken chart": "entries:\n  demo:\n  - version: [\n",
		"html": "<html></html>", "half JSON": `{"entries":{"demo":[`, "tabs": "entries:\n\tdemo:\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repository := helmtest.NewRepository(t)
			repository.Put("/index.yaml", []byte(text))
			_, err := newCharts(t, helm.ChartsOptions{}).Versions(t.Context(), repository.URL, "demo")
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), repository.URL) {
				t.Errorf("got %q: %v", fault.KindOf(err), err)
			}
		})
	}
}

// bigIndex is an index as large as those of the big public repositories.
func bigIndex(megabytes int) []byte {
	var out strings.Builder
	out.WriteString("apiVersion: v1\nentries:\n")
	for chart := 0; out.Len() < megabytes<<20; chart++ {
		fmt.Fprintf(&out, "  chart-%d:\n", chart)
		for version := range 200 {
			fmt.Fprintf(&out, "  - annotations:\n      artifacthub.io/links: |\n        - name: Upstream\n          url: https://example.com\n"+
				"    apiVersion: v2\n    appVersion: 1.%[2]d.0\n    created: \"2026-01-01T00:00:00.000000000Z\"\n    dependencies:\n"+
				"    - name: common\n      repository: https://charts.example.com\n      version: 2.x.x\n    description: A chart that does things\n"+
				"    digest: %064[2]d\n    home: https://example.com\n    maintainers:\n    - email: a@example.com\n      name: a\n"+
				"    name: chart-%[1]d\n    urls:\n    - https://example.com/charts/chart-%[1]d-1.%[2]d.0.tgz\n    version: 1.%[2]d.0\n", chart, version)
		}
	}
	return []byte(out.String())
}

func TestIndex_BigOnesCostTheirSizeOnce(t *testing.T) { //nolint:paralleltest // it measures the memory of the process
	const megabytes = 16
	repository := helmtest.NewRepository(t)
	repository.Put("/index.yaml", bigIndex(megabytes))
	charts := newCharts(t, helm.ChartsOptions{})
	used := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := used()
	for range 3 {
		if got, err := charts.Versions(t.Context(), repository.URL, "chart-7"); err != nil || len(got) != 200 || got[0] != "1.199.0" {
			t.Fatalf("%d versions, %v", len(got), err)
		}
	}
	if grown := used() - before; grown > 2*megabytes<<20 {
		t.Errorf("the heap has grown by %d MiB", grown>>20)
	}
	if diff := cmp.Diff(map[string]int{"/index.yaml": 1}, repository.Requests()); diff != "" {
		t.Error(diff)
	}
	runtime.KeepAlive(charts)
}

func BenchmarkIndex(b *testing.B) {
	repository := helmtest.NewRepository(b)
	repository.Put("/index.yaml", bigIndex(16))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := helm.NewCharts(helm.ChartsOptions{}).Versions(b.Context(), repository.URL, "chart-7"); err != nil {
			b.Fatal(err)
		}
	}
}
