package containers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers"
)

// TestPrometheus_ScrapesAndAnswers runs what is in the image, with a configuration as the operator writes it.
func TestPrometheus_ScrapesAndAnswers(t *testing.T) {
	t.Parallel()
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = io.WriteString(w, "# TYPE lab_requests counter\nlab_requests{path=\"/\"} 42\n")
	}))
	t.Cleanup(target.Close)
	url := startPrometheus(t, fmt.Sprintf(`
global: {scrape_interval: 1s}
scrape_configs:
- job_name: lab
  static_configs: [{targets: [%q]}]
- job_name: pods # must be a way of discovery that it knows; there is no cluster here
  kubernetes_sd_configs: [{role: pod, api_server: "http://127.0.0.1:1"}]
`, strings.TrimPrefix(target.URL, "http://")))

	var answer struct {
		Data struct {
			Version string
			Result  []struct {
				Metric map[string]string
				Value  []any
			}
		}
	}
	await(t, "the target is scraped", func() bool {
		return getJSON(t, url+"/api/v1/query?query=lab_requests", &answer) && len(answer.Data.Result) == 1
	})
	result := answer.Data.Result[0]
	if result.Metric["job"] != "lab" || result.Metric["path"] != "/" || result.Value[1] != "42" {
		t.Errorf("got %+v", result)
	}
	if !getJSON(t, url+"/api/v1/status/buildinfo", &answer) || !strings.HasPrefix(answer.Data.Version, "3.") {
		t.Errorf("its version is %q", answer.Data.Version)
	}
}

// startPrometheus runs the image's program until the test ends and returns its URL.
func startPrometheus(t *testing.T, config string) string {
	t.Helper()
	set, err := containers.Ensure(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(set.Handler())
	defer server.Close()
	dir := t.TempDir()
	binary, file := filepath.Join(dir, "prometheus"), filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(binary, content(t, pull(t, server.URL, "prometheus/prometheus:v3"), "/bin/prometheus"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var network net.ListenConfig
	listener, err := network.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close() // only to find out a free port
	ctx, stop := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, binary, "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Log(output.String())
		}
	})
	return "http://" + address
}

// getJSON tells whether there was an answer of status 200.
func getJSON(t *testing.T, url string, into any) bool {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer func() { _ = answer.Body.Close() }()
	return answer.StatusCode == http.StatusOK && json.NewDecoder(answer.Body).Decode(into) == nil
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		<-tick.C
	}
}
