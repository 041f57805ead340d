package trace_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/trace"
)

// outcome is what a reporter says became of spans.
type outcome struct {
	kind string
	sent bool
	n    int
}

// report makes one span and its child, has them sent and returns what became of them.
func report(t *testing.T, tracing *config.Tracing) outcome {
	t.Helper()
	done := make(chan outcome, 9)
	reporter := trace.NewReporter(slog.New(slog.DiscardHandler), func(kind string, sent bool, n int) { done <- outcome{kind, sent, n} })
	reporter.From(trace.Origin{Service: "web.shop", Address: "10.42.0.3"})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go reporter.Run(ctx)
	tracer := &trace.Tracer{Report: reporter.Report}
	header := http.Header{}
	header.Set("Traceparent", "00-"+traceID+"-"+spanID+"-01")
	header.Set("B3", traceID+"-"+spanID+"-1")
	span := tracer.Begin(header, tracing, trace.Server, "web:80/*")
	child := span.Child(header, "web:80/*")
	child.Finish(map[string]string{"http.status_code": "503"}, true)
	span.Finish(map[string]string{"http.status_code": "200"}, false)
	cancel() // what is left is sent at the end
	select {
	case got := <-done:
		return got
	case <-time.After(10 * time.Second):
		t.Fatal("nothing became of the spans")
		return outcome{}
	}
}

// collected is a collector's HTTP server and what was posted to it, "path type\nbody".
func collected(t *testing.T, code int) (string, <-chan string) {
	t.Helper()
	posts := make(chan string, 9)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		posts <- r.URL.Path + " " + r.Header.Get("Content-Type") + "\n" + string(body)
		w.WriteHeader(code)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), posts
}

func TestReporter_SendsZipkin(t *testing.T) {
	t.Parallel()
	address, posts := collected(t, http.StatusAccepted)
	if got := report(t, &config.Tracing{Kind: config.TracingZipkin, Addresses: []string{address}, Path: "/api/v2/spans"}); got != (outcome{config.TracingZipkin, true, 2}) {
		t.Fatalf("%+v", got)
	}
	head, body, _ := strings.Cut(<-posts, "\n")
	if head != "/api/v2/spans application/json" {
		t.Errorf("posted to %s", head)
	}
	var spans []struct {
		TraceID, ID, ParentID, Name, Kind string
		Timestamp, Duration               int64
		LocalEndpoint                     struct{ ServiceName, IPv4 string }
		Tags                              map[string]string
	}
	if err := json.Unmarshal([]byte(body), &spans); err != nil || len(spans) != 2 {
		t.Fatalf("%v in %s", err, body)
	}
	client, server := spans[0], spans[1]
	if client.TraceID != traceID || server.ParentID != spanID || client.ParentID != server.ID || client.Kind != "CLIENT" || server.Kind != "SERVER" ||
		client.Tags["error"] != "true" || server.Tags["error"] != "" || server.LocalEndpoint.ServiceName != "web.shop" || server.Duration < 1 ||
		time.Since(time.UnixMicro(server.Timestamp)) > time.Minute {
		t.Errorf("sent %s", body)
	}
}

func check(t *testing.T, request *collectorpb.ExportTraceServiceRequest) {
	t.Helper()
	resource := request.GetResourceSpans()[0]
	if name := resource.GetResource().GetAttributes()[0]; name.GetKey() != "service.name" || name.GetValue().GetStringValue() != "web.shop" {
		t.Errorf("the resource is %v", name)
	}
	spans := resource.GetScopeSpans()[0].GetSpans()
	if len(spans) != 2 {
		t.Fatalf("%d spans", len(spans))
	}
	client, server := spans[0], spans[1]
	if fmt.Sprintf("%x", server.GetTraceId()) != traceID || fmt.Sprintf("%x", server.GetParentSpanId()) != spanID ||
		string(client.GetParentSpanId()) != string(server.GetSpanId()) || client.GetKind().String() != "SPAN_KIND_CLIENT" ||
		client.GetStatus().GetCode().String() != "STATUS_CODE_ERROR" || server.GetEndTimeUnixNano() < server.GetStartTimeUnixNano() {
		t.Errorf("sent %v", spans)
	}
}

func TestReporter_SendsOTLPByHTTP(t *testing.T) {
	t.Parallel()
	address, posts := collected(t, http.StatusOK)
	if got := report(t, &config.Tracing{Kind: config.TracingOTLPHTTP, Addresses: []string{address}, Path: "/v1/traces"}); got != (outcome{config.TracingOTLPHTTP, true, 2}) {
		t.Fatalf("%+v", got)
	}
	head, body, _ := strings.Cut(<-posts, "\n")
	if head != "/v1/traces application/x-protobuf" {
		t.Errorf("posted to %s", head)
	}
	var request collectorpb.ExportTraceServiceRequest
	if err := proto.Unmarshal([]byte(body), &request); err != nil {
		t.Fatal(err)
	}
	check(t, &request)
}

// receiver takes OTLP by gRPC.
type receiver struct {
	collectorpb.UnimplementedTraceServiceServer

	requests chan *collectorpb.ExportTraceServiceRequest
}

func (r *receiver) Export(_ context.Context, request *collectorpb.ExportTraceServiceRequest) (*collectorpb.ExportTraceServiceResponse, error) {
	r.requests <- request
	return &collectorpb.ExportTraceServiceResponse{}, nil
}

func TestReporter_SendsOTLPByGRPC(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, taken := grpc.NewServer(), &receiver{requests: make(chan *collectorpb.ExportTraceServiceRequest, 9)}
	collectorpb.RegisterTraceServiceServer(server, taken)
	t.Cleanup(server.Stop)
	go func() { _ = server.Serve(listener) }()
	if got := report(t, &config.Tracing{Kind: config.TracingOTLPGRPC, Addresses: []string{listener.Addr().String()}}); got != (outcome{config.TracingOTLPGRPC, true, 2}) {
		t.Fatalf("%+v", got)
	}
	check(t, <-taken.requests)
}

func TestReporter_DropsWhatNobodyTakes(t *testing.T) {
	t.Parallel()
	refusing, _ := collected(t, http.StatusServiceUnavailable)
	for name, tracing := range map[string]*config.Tracing{
		"nobody listens for Zipkin": {Kind: config.TracingZipkin, Addresses: []string{"127.0.0.1:1"}, Path: "/"},
		"nobody listens for OTLP":   {Kind: config.TracingOTLPGRPC, Addresses: []string{"127.0.0.1:1"}},
		"it is refused":             {Kind: config.TracingOTLPHTTP, Addresses: []string{refusing}, Path: "/"},
		"there is no address":       {Kind: config.TracingOTLPGRPC, Reason: "no endpoints"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := report(t, tracing); got != (outcome{tracing.Kind, false, 2}) {
				t.Errorf("%+v", got)
			}
		})
	}
}
