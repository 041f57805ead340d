package main

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
)

// store is the receiving end of OTLP over gRPC: the ids of the traces that came, with the name of each one's span.
type store struct {
	ptraceotlp.UnimplementedGRPCServer
	address string
	mutex   sync.Mutex
	spans   map[string][]string
}

func newStore(t *testing.T) *store {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &store{address: listener.Addr().String(), spans: map[string][]string{}}
	server := grpc.NewServer()
	ptraceotlp.RegisterGRPCServer(server, s)
	go func() { _ = server.Serve(listener) }() // ends with Stop
	t.Cleanup(server.Stop)
	return s
}

func (s *store) Export(_ context.Context, request ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, resource := range request.Traces().ResourceSpans().All() {
		for _, scope := range resource.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				id := span.TraceID().String()
				s.spans[id] = append(s.spans[id], span.Name())
			}
		}
	}
	return ptraceotlp.NewExportResponse(), nil
}

func (s *store) has(trace, span string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Contains(s.spans[trace], span)
}
