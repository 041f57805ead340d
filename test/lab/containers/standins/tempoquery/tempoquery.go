// Package tempoquery knows what tempo-query, the Jaeger UI beside a Tempo of 2023, shows of itself: that it is well, and which services Tempo
// knows. It has no pages and no traces; who wants those asks Tempo.
package tempoquery

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"go.yaml.in/yaml/v3"
	"golang.org/x/sync/errgroup"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/serve"
)

// Ports of Jaeger's query service (https://www.jaegertracing.io/docs/1.42/deployment/#query-service--ui).
const (
	apiAddress   = ":16686"
	adminAddress = ":16687"
)

// Run serves until ctx ends. It takes the flags that the chart gives (tempo:cmd/tempo-query/main.go@v2.0.0).
func Run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("tempo-query", flag.ContinueOnError)
	base := flags.String("query.base-path", "/", "The base path for all HTTP routes, e.g. /jaeger")
	file := flags.String("grpc-storage-plugin.configuration-file", "", "A path pointing to the plugin's configuration file")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("reading the arguments of tempo-query: %w", err)
	}
	backend, err := readBackend(*file)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for address, answer := range map[string]http.Handler{apiAddress: handler(*base, backend), adminAddress: http.HandlerFunc(healthy)} {
		group.Go(func() error {
			return serve.HTTP(ctx, address, answer, func(at net.Addr) {
				slog.InfoContext(ctx, "stand-in for tempo-query listens", "address", at.String())
			})
		})
	}
	return group.Wait()
}

// readBackend reads where Tempo is, as HOST:PORT.
func readBackend(path string) (string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading the configuration: %w", err)
	}
	var file struct {
		Backend string `yaml:"backend"`
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		return "", fmt.Errorf("reading the configuration: %w", err)
	}
	if file.Backend == "" {
		return "", errors.New("the configuration names no backend")
	}
	return file.Backend, nil
}

func healthy(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, `{"status":"Server available"}`) // a client that went away is no matter
}

// handler answers below a base path: which services there are, in Jaeger's form, and that it cannot do more.
func handler(base, backend string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/services", func(w http.ResponseWriter, r *http.Request) {
		names, err := services(r.Context(), backend)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"data": names, "total": len(names), "errors": nil}) // a client that went away is no matter
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "this stand-in for tempo-query has no pages and no traces: ask Tempo at "+backend, http.StatusNotImplemented)
	})
	if base == "/" || base == "" {
		return mux
	}
	return http.StripPrefix(base, mux)
}

// services asks Tempo for the names of services.
func services(ctx context.Context, backend string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+backend+"/api/search/tag/service.name/values", http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking Tempo: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("tempo answers %s", response.Status)
	}
	var answer struct {
		Values []string `json:"tagValues"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("reading Tempo's answer: %w", err)
	}
	return answer.Values, nil
}
