package helm_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/helm/helmtest"
)

func TestCharts_DamagedCacheIsMended(t *testing.T) {
	t.Parallel()
	repository := helmtest.NewRepository(t, demo("1.0.0"))
	charts := newCharts(t, helm.ChartsOptions{})
	ref := helm.ChartRef{Repository: repository.URL, Name: "demo", Version: "1.0.0"}
	got, err := charts.Resolve(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(got.Path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	ref.Digest = got.Digest
	if _, err := charts.Resolve(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	if n := repository.Requests()["/charts/demo-1.0.0.tgz"]; n != 2 {
		t.Errorf("downloaded %d times", n)
	}
}

func TestCharts_LocalPaths(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	archive := demo("1.0.0").Write(t, dir)
	unpacked := demo("1.0.0").Unpack(t, dir)
	charts := newCharts(t, helm.ChartsOptions{Mirror: "https://charts.invalid"})
	for name, path := range map[string]string{"archive": archive, "directory": unpacked} {
		got, err := charts.Resolve(t.Context(), helm.ChartRef{Name: path})
		if err != nil || got.Version != "1.0.0" || got.Path != path || got.Digest == "" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if _, err := charts.Resolve(t.Context(), helm.ChartRef{Name: path, Version: "^2"}); !fault.Is(err, fault.Invalid, fault.Integrity) {
			t.Errorf("%s: version ^2: %v", name, err)
		}
		ref := helm.ChartRef{Name: path, Digest: got.Digest}
		if _, err := charts.Resolve(t.Context(), ref); err != nil {
			t.Errorf("%s: locked: %v", name, err)
		}
		changed := filepath.Join(path, "templates", "new.yaml")
		if name == "archive" {
			changed = path
		} else if err := os.MkdirAll(filepath.Dir(changed), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(changed, []byte("a: b"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := charts.Resolve(t.Context(), ref); !fault.Is(err, fault.Integrity) {
			t.Errorf("%s: changed: %v", name, err)
		}
	}
}

func TestCharts_UnusableChartsAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.tgz")
	if err := os.WriteFile(broken, []byte("not a tgz"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct{ path, text string }{
		"not an archive": {broken, "not a chart archive"},
		"library":        {helmtest.Chart{Name: "lib", Version: "1.0.0", Type: "library"}.Write(t, dir), "library"},
		"incomplete":     {helmtest.Chart{Name: "partial", Version: "1.0.0", Missing: []string{"database"}}.Write(t, dir), "missing in charts/ directory: database"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newCharts(t, helm.ChartsOptions{}).CRDs(t.Context(), helm.ChartRef{Name: c.path})
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestCharts_CacheThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	repository := helmtest.NewRepository(t, demo("1.0.0"))
	_, err := newCharts(t, helm.ChartsOptions{CacheDir: filepath.Join(file, "cache")}).Resolve(t.Context(), helm.ChartRef{Repository: repository.URL, Name: "demo"})
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v", err)
	}
}

func TestCharts_CRDs(t *testing.T) {
	t.Parallel()
	crd := func(name string) map[string]string {
		return map[string]string{"crds/" + name + ".yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: " + name + "\n---\n# nothing\n"}
	}
	chart := helmtest.Chart{
		Name: "stack", Version: "1.0.0", Values: "sub:\n  enabled: true\n", Files: crd("tops.example.com"),
		Dependencies: []helmtest.Chart{{Name: "sub", Version: "1.0.0", Files: crd("subs.example.com")}},
		Conditions:   map[string]string{"sub": "sub.enabled"},
	}
	ref := helm.ChartRef{Name: chart.Write(t, t.TempDir())}
	charts := newCharts(t, helm.ChartsOptions{})
	all, err := charts.CRDs(t.Context(), ref)
	if err != nil || len(all) != 2 {
		t.Fatalf("got %d CRDs, %v", len(all), err)
	}
	some, err := charts.CRDsFor(t.Context(), ref, map[string]any{"sub": map[string]any{"enabled": false}})
	if err != nil || len(some) != 1 {
		t.Fatalf("got %d CRDs, %v", len(some), err)
	}
	if _, has := some[0]["metadata"].(map[string]any)["namespace"]; has {
		t.Error("a CRD got a namespace")
	}
}
