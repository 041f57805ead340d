package helm_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func TestCharts_Download(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/board.json" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte("hello"))
	}))
	t.Cleanup(server.Close)
	charts := helm.NewCharts(helm.ChartsOptions{CacheDir: t.TempDir(), RetryPause: 1})
	const hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
	for name, c := range map[string]struct {
		address, digest string
		kind            fault.Kind
		says            string
	}{
		"as promised":    {server.URL + "/board.json", hello, fault.Unknown, ""},
		"no promise":     {server.URL + "/board.json", "", fault.Unknown, ""},
		"something else": {server.URL + "/board.json?token=geheim", strings.Repeat("0", 64), fault.Integrity, hello},
		"not there":      {server.URL + "/other.json", hello, fault.Invalid, "not found"},
		"no address":     {"board.json", hello, fault.Invalid, "is not an address"},
		"no digest":      {server.URL + "/board.json", "abc", fault.Invalid, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content, err := charts.Download(t.Context(), c.address, c.digest)
			if c.kind == fault.Unknown {
				if err != nil || string(content) != "hello" {
					t.Errorf("got %q, %v", content, err)
				}
				return
			}
			if !fault.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "geheim") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestCharts_FilesAndObjects(t *testing.T) {
	t.Parallel()
	charts := helm.NewCharts(helm.ChartsOptions{CacheDir: t.TempDir()})
	ref := helm.ChartRef{Name: "../../test/lab/charts/miniature/web-1.0.0"}
	files, chart, err := charts.Files(t.Context(), ref)
	if err != nil || len(files["templates/web.yaml"]) == 0 || !strings.HasPrefix(chart.Digest, "sha256:") {
		t.Errorf("%d files of %+v, %v", len(files), chart, err)
	}
	objects, _, err := charts.Objects(t.Context(), ref)
	if err != nil || len(objects) == 0 || object.RefOf(objects[0]).Name == "" {
		t.Errorf("%d objects, %v", len(objects), err)
	}
	if _, _, err := charts.Files(t.Context(), helm.ChartRef{Name: t.TempDir() + "/none"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a chart that is not there: %v", err)
	}
}
