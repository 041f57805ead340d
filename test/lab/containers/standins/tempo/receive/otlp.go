package receive

import (
	"context"
	"fmt"
	"net"
	"net/http"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // what collectors send is compressed
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

const otlpReceiver = "otlp/otlp_receiver"

// otlpService answers OTLP's export calls.
type otlpService struct {
	collectorpb.UnimplementedTraceServiceServer

	sink Sink
}

// Export implements collectorpb.TraceServiceServer. A refusal is told as one that may be tried again, because Tempo's does not say that it
// is permanent (opentelemetry-collector:receiver/otlpreceiver/internal/errors).
func (s *otlpService) Export(ctx context.Context, r *collectorpb.ExportTraceServiceRequest) (*collectorpb.ExportTraceServiceResponse, error) {
	tenant := ""
	if from, ok := metadata.FromIncomingContext(ctx); ok {
		if names := from.Get(TenantHeader); len(names) > 0 {
			tenant = names[0]
		}
	}
	if err := s.sink(tenant, otlpReceiver, "grpc", r.GetResourceSpans()); err != nil {
		return nil, status.Error(codes.Unavailable, err.Error())
	}
	return &collectorpb.ExportTraceServiceResponse{}, nil
}

func serveGRPC(ctx context.Context, listener net.Listener, sink Sink) error {
	server := grpc.NewServer()
	collectorpb.RegisterTraceServiceServer(server, &otlpService{sink: sink})
	stop := context.AfterFunc(ctx, server.Stop)
	defer stop()
	if err := server.Serve(listener); err != nil && ctx.Err() == nil {
		return fmt.Errorf("serving OTLP over gRPC: %w", err)
	}
	return nil
}

// otlpHandler answers OTLP over HTTP, in both of its encodings (https://opentelemetry.io/docs/specs/otlp, OTLP/HTTP).
func otlpHandler(sink Sink) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", func(w http.ResponseWriter, r *http.Request) {
		body, err := read(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		var request collectorpb.ExportTraceServiceRequest
		inJSON := mediaType(r) == "application/json"
		switch {
		case inJSON:
			err = decodeJSON(body, &request)
		case mediaType(r) == "application/x-protobuf":
			err = proto.Unmarshal(body, &request)
		default:
			http.Error(w, "415 unsupported media type, supported: [application/json, application/x-protobuf]", http.StatusUnsupportedMediaType)
			return
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := sink(r.Header.Get(TenantHeader), otlpReceiver, "http", request.GetResourceSpans()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		answer(w, inJSON)
	})
	return mux
}

func answer(w http.ResponseWriter, inJSON bool) {
	if inJSON {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"partialSuccess":{}}`)) // a sender that went away is no matter
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// decodeJSON reads OTLP's JSON, which is that of protobuf but for ids, which are in hex.
func decodeJSON(body []byte, into proto.Message) error {
	inBase64, err := hexToBase64(body)
	if err != nil {
		return err
	}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(inBase64, into); err != nil {
		return fmt.Errorf("reading OTLP: %w", err)
	}
	return nil
}
