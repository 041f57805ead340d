package reloader

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// look is how often it looks for changes. The real one is told by the kernel and waits for a second (--delay-interval).
const look = time.Second

type reloader struct {
	options

	registry          *prometheus.Registry
	reloads, failures prometheus.Counter
	successful        prometheus.Gauge
}

func newReloader(o options) *reloader {
	r := &reloader{
		options: o, registry: prometheus.NewRegistry(),
		reloads:    prometheus.NewCounter(prometheus.CounterOpts{Name: "reloader_reloads_total", Help: "Total number of reload requests."}),
		failures:   prometheus.NewCounter(prometheus.CounterOpts{Name: "reloader_reloads_failed_total", Help: "Total number of reload requests that failed."}),
		successful: prometheus.NewGauge(prometheus.GaugeOpts{Name: "reloader_last_reload_successful", Help: "Whether the last reload attempt was successful"}),
	}
	r.registry.MustRegister(r.reloads, r.failures, r.successful)
	return r
}

func (r *reloader) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(r.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"status":"up"}`)) // a client that went away is no matter
	})
	return mux
}

// watch expands the configuration and tells Prometheus whenever what it sees is not what Prometheus has been told last, until ctx ends. A
// Prometheus that is not up yet, or refuses, is asked again.
func (r *reloader) watch(ctx context.Context) error {
	var told [sha256.Size]byte
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	again := time.Time{}
	for {
		if seen, err := r.expand(); err != nil {
			slog.ErrorContext(ctx, "expanding the configuration", "err", err)
		} else if seen != told && time.Now().After(again) {
			r.reloads.Inc()
			if err := r.tell(ctx); err != nil {
				r.failures.Inc()
				r.successful.Set(0)
				slog.ErrorContext(ctx, "Failed to trigger reload. Retrying.", "err", err)
				again = time.Now().Add(r.retry)
			} else {
				told = seen
				r.successful.Set(1)
				slog.InfoContext(ctx, "Reload triggered", "cfg_in", r.config, "cfg_out", r.expanded)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// expand writes the expanded configuration where it has changed, and returns a sum of it and of all files of the watched folders.
func (r *reloader) expand() ([sha256.Size]byte, error) {
	sum := sha256.New()
	if r.config != "" {
		text, err := unpacked(r.config)
		if err != nil {
			return [sha256.Size]byte{}, err
		}
		if r.expanded != "" {
			text = expandVariables(text)
			if err := writeAtomically(r.expanded, text); err != nil {
				return [sha256.Size]byte{}, err
			}
		}
		sum.Write(text)
	}
	for _, folder := range r.folders {
		if err := sumFiles(sum, folder); err != nil {
			return [sha256.Size]byte{}, err
		}
	}
	return [sha256.Size]byte(sum.Sum(nil)), nil
}

func unpacked(path string) ([]byte, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read file: %w", err)
	}
	if !bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		return raw, nil
	}
	unpacker, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("create gzip reader: %w", err)
	}
	text, err := io.ReadAll(unpacker)
	if err != nil {
		return nil, fmt.Errorf("read compressed config file: %w", err)
	}
	return text, nil
}

var variable = regexp.MustCompile(`\$\(([a-zA-Z_0-9]+)\)`)

// expandVariables replaces $(NAME) by the variable of the environment; one that is not there is left as it is.
func expandVariables(text []byte) []byte {
	return variable.ReplaceAllFunc(text, func(found []byte) []byte {
		if value, ok := os.LookupEnv(string(found[2 : len(found)-1])); ok {
			return []byte(value)
		}
		return found
	})
}

// writeAtomically replaces a file unless it has that text already.
func writeAtomically(path string, text []byte) error {
	if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, text) {
		return nil
	}
	beside := path + ".tmp"
	if err := os.WriteFile(beside, text, 0o644); err != nil { // another user reads it
		return fmt.Errorf("write file: %w", err)
	}
	if err := os.Rename(beside, path); err != nil {
		return fmt.Errorf("rename file: %w", err)
	}
	return nil
}

// sumFiles adds names and contents of a folder's files, links followed, as a mounted Secret or ConfigMap has them.
func sumFiles(sum io.Writer, folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("walk: %w", err)
	}
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			continue // a link that is being replaced is seen the next time
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read file: %w", err)
		}
		_, _ = fmt.Fprintf(sum, "%s\x00%d\x00", entry.Name(), len(text)) // a hash takes everything
		_, _ = sum.Write(text)
	}
	return nil
}
