package proxy

import (
	"context"
	"net/http"
	"time"
)

// Ports of pilot-agent and Envoy that others ask (istio.io/docs/ops/deployment/application-requirements, ports used by Istio).
const (
	agentAddress  = ":15020"
	healthAddress = ":15021"
	statsAddress  = ":15090"
)

// status answers probes and those who collect metrics.
type status struct {
	ready   func() bool
	metrics http.Handler
}

// listen answers from now on, until ctx ends.
func (s *status) listen(ctx context.Context) error {
	health := func(w http.ResponseWriter, _ *http.Request) {
		if !s.ready() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusOK)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz/ready", health)
	probes := mux
	metrics := http.NewServeMux()
	metrics.Handle("GET /stats/prometheus", s.metrics)
	metrics.HandleFunc("GET /healthz/ready", health)
	for address, handler := range map[string]http.Handler{agentAddress: metrics, healthAddress: probes, statsAddress: metrics} {
		listener, err := listen(ctx, address)
		if err != nil {
			return err
		}
		server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		context.AfterFunc(ctx, func() { _ = server.Close() })
		go func() { _ = server.Serve(listener) }() // it ends with Close
	}
	return nil
}
