package reloader

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// pod is the folders of a Prometheus pod.
type pod struct{ config, out string }

func newPod(t *testing.T) pod {
	t.Helper()
	return pod{t.TempDir(), t.TempDir()}
}

func (p pod) write(t *testing.T, text string) {
	t.Helper()
	var packed bytes.Buffer
	packer := gzip.NewWriter(&packed)
	if _, err := packer.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := packer.Close(); err != nil {
		t.Fatal(err)
	}
	beside := filepath.Join(p.config, "..data")
	if err := os.WriteFile(beside, packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(beside, filepath.Join(p.config, "prometheus.yaml.gz")); err != nil {
		t.Fatal(err)
	}
}

func (p pod) args(more ...string) []string {
	return append([]string{
		"--config-file=" + filepath.Join(p.config, "prometheus.yaml.gz"), "--config-envsubst-file=" + filepath.Join(p.out, "prometheus.env.yaml"),
		"--watched-dir=" + p.config,
	}, more...)
}

func (p pod) expanded(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.out, "prometheus.env.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRun_ExpandsOnceBeforePrometheusStarts(t *testing.T) {
	t.Setenv("POD_NAME", "prometheus-p-0")
	p := newPod(t)
	p.write(t, "replica: $(POD_NAME)\nregex: ${1}\nother: $(NOT_SET_ANYWHERE)\n")
	if err := Run(t.Context(), p.args("--watch-interval=0", "--listen-address=:8081")); err != nil {
		t.Fatal(err)
	}
	if got, want := p.expanded(t), "replica: prometheus-p-0\nregex: ${1}\nother: $(NOT_SET_ANYWHERE)\n"; got != want {
		t.Errorf("expanded %q", got)
	}
}

func TestRun_SaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	p := newPod(t)
	if err := Run(t.Context(), p.args("--watch-interval=0")); err == nil {
		t.Error("a Secret that is not mounted was taken")
	}
	p.write(t, "")
	if err := Run(t.Context(), p.args("--watch-interval=0", "--no-such-flag")); err == nil {
		t.Error("a flag that is not there was taken")
	}
}

func TestRun_TellsOfEveryChange(t *testing.T) {
	t.Parallel()
	p := newPod(t)
	p.write(t, "first\n")
	asked, answer := make(chan string), make(chan int)
	prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.URL.Path + " " + p.expanded(t)
		w.WriteHeader(<-answer)
	}))
	t.Cleanup(prometheus.Close)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, p.args("--reload-url="+prometheus.URL+"/-/reload", "--listen-address=127.0.0.1:0", "--retry-interval=1ms"))
	}()
	expect := func(want string, code int) {
		t.Helper()
		select {
		case got := <-asked:
			if got != want {
				t.Errorf("asked %q, not %q", got, want)
			}
			answer <- code
		case err := <-ended:
			t.Fatalf("it ended with %v", err)
		case <-time.After(20 * time.Second):
			t.Fatalf("nobody asked for %q", want)
		}
	}
	expect("POST /-/reload first\n", http.StatusServiceUnavailable)
	expect("POST /-/reload first\n", http.StatusOK)
	p.write(t, "second\n")
	expect("POST /-/reload second\n", http.StatusOK)
	select {
	case got := <-asked:
		t.Errorf("asked %q though nothing changed", got)
		answer <- http.StatusOK
	case <-time.After(3 * look):
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
