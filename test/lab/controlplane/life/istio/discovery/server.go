package discovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Port is where proxies ask, on the address of their node. Istiod's own ports are those of its pod, which is simulated.
const Port = "15080"

const (
	// longest is for how long a question without a new answer may be held.
	longest = 30 * time.Second
	// settle lets a burst of changes become one answer (istio:pilot/pkg/features, DebounceAfter).
	settle = 100 * time.Millisecond
)

// Server answers proxies as istiod's discovery does, from whichever server of the cluster they ask.
type Server struct {
	// World is the cluster of this moment; false while it is not known yet.
	World func() (*World, bool)
	// Changes returns a channel that tells of changes, and what ends it.
	Changes func() (<-chan struct{}, func())
	Logger  *slog.Logger
}

// Listen answers at all addresses of the host until ctx ends.
func (s *Server) Listen(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", ":"+Port)
	if err != nil {
		return fmt.Errorf("listening for proxies: %w", err)
	}
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(s.Logger.Handler(), slog.LevelDebug)}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(listener) }() // it ends with Close
	return nil
}

// Handler answers `GET /proxy?namespace=&pod=` with the configuration of a proxy. With the version that the proxy has, and wait, it holds
// the question until there is another one and else answers 304. Without istiod it answers 503, to which proxies keep what they have.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /proxy", s.proxy)
	return mux
}

func (s *Server) proxy(w http.ResponseWriter, r *http.Request) {
	changed, stop := s.Changes()
	defer stop()
	query := r.URL.Query()
	wait, err := time.ParseDuration(query.Get("wait"))
	if err != nil {
		wait = 0
	}
	ctx, cancel := context.WithTimeout(r.Context(), min(wait, longest))
	defer cancel()
	for {
		config, err := s.build(query.Get("namespace"), query.Get("pod"))
		if err != nil {
			code := http.StatusServiceUnavailable
			if errors.Is(err, errNoProxy) {
				code = http.StatusNotFound
			}
			http.Error(w, err.Error(), code)
			return
		}
		if config.Version != query.Get("version") {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(config) // a proxy that went away asks again
			return
		}
		if !next(ctx, changed) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
}

// next waits for a change, and a moment longer; false when ctx ended before.
func next(ctx context.Context, changed <-chan struct{}) bool {
	select {
	case <-ctx.Done():
		return false
	case <-changed:
	}
	timer := time.NewTimer(settle)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
	return true
}

func (s *Server) build(namespace, pod string) (*Config, error) {
	world, known := s.World()
	if !known {
		return nil, errors.New("the cluster is not known yet")
	}
	return world.Build(namespace, pod)
}
