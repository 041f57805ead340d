package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/jaegertracing/jaeger-idl/thrift-gen/jaeger"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// pipeline is a configuration as the operator writes it, with telemetry that can be asked for from outside the pod.
const pipeline = `
receivers:
  otlp: {protocols: {grpc: {endpoint: "%[1]s"}, http: {endpoint: "%[2]s"}}}
  zipkin: {endpoint: "%[3]s"}
  jaeger: {protocols: {thrift_http: {endpoint: "%[4]s"}}}
processors:
  memory_limiter: {check_interval: 1s, limit_percentage: 80, spike_limit_percentage: 25}
  batch: {timeout: 100ms}
exporters:
  otlp_grpc: {endpoint: "${env:STORE}", tls: {insecure: true}}
  debug: {}
extensions:
  health_check: {endpoint: "%[5]s"}
service:
  extensions: [health_check]
  telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %[6]s}}}}]}}
  pipelines:
    traces: {receivers: [otlp, jaeger, zipkin], processors: [memory_limiter, batch], exporters: [otlp_grpc, debug]}
`

// TestCollector_AllWaysIn sends one span by each protocol, looks for it in the store, and then for all of them in the counters.
func TestCollector_AllWaysIn(t *testing.T) {
	t.Parallel()
	spans := newStore(t)
	grpcAt, httpAt, zipkinAt, jaegerAt, health, telemetry := free(t), free(t), free(t), free(t), free(t), free(t)
	_, telemetryPort, _ := strings.Cut(telemetry, ":")
	start(t, fmt.Sprintf(pipeline, grpcAt, httpAt, zipkinAt, jaegerAt, health, telemetryPort), health, "STORE="+spans.address)

	for i, way := range []struct {
		name string
		send func(t *testing.T, id pcommon.TraceID, span string)
	}{
		{"OTLP over gRPC", func(t *testing.T, id pcommon.TraceID, span string) { sendGRPC(t, grpcAt, id, span) }},
		{"OTLP over HTTP", func(t *testing.T, id pcommon.TraceID, span string) {
			sendHTTP(t, "http://"+httpAt+"/v1/traces", id, span)
		}},
		{"Zipkin", func(t *testing.T, id pcommon.TraceID, span string) {
			sendZipkin(t, "http://"+zipkinAt+"/api/v2/spans", id, span)
		}},
		{"Jaeger", func(t *testing.T, id pcommon.TraceID, span string) {
			sendJaeger(t, "http://"+jaegerAt+"/api/traces", id, span)
		}},
	} {
		id, span := pcommon.TraceID{15: byte(i + 1)}, "span of "+way.name
		way.send(t, id, span)
		await(t, way.name+" arrives", func() bool { return spans.has(id.String(), span) })
	}
	text := get(t, "http://"+telemetry+"/metrics")
	for receiver, transports := range map[string]int{"otlp": 2, "zipkin": 1, "jaeger": 1} {
		want := regexp.MustCompile(`(?m)^otelcol_receiver_accepted_spans(_total|__spans__total)?\{[^}]*receiver="` + receiver + `"[^}]*\} 1$`)
		if got := want.FindAllString(text, -1); len(got) != transports {
			t.Errorf("counters of receiver %s: %q", receiver, got)
		}
	}
	if !regexp.MustCompile(`(?m)^otelcol_exporter_sent_spans(_total|__spans__total)?\{[^}]*exporter="otlp_grpc"[^}]*\} 4$`).MatchString(text) {
		t.Errorf("no counter of what was sent among\n%s", text)
	}
}

// TestCollector_RefusesWhatItHasNot is how a collector ends that is given a component of another distribution.
func TestCollector_RefusesWhatItHasNot(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ config, want string }{
		"receiver": {`{receivers: {opencensus: }, exporters: {debug: }, service: {pipelines: {traces: {receivers: [opencensus], exporters: [debug]}}}}`, `unknown type: "opencensus"`},
		"exporter": {`{receivers: {zipkin: }, exporters: {logging: }, service: {pipelines: {traces: {receivers: [zipkin], exporters: [logging]}}}}`, `the logging exporter has been deprecated, use the debug exporter instead`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := command(t.Context(), []string{"validate", "--config=yaml:" + c.config}).CombinedOutput()
			if err == nil || !strings.Contains(string(out), c.want) {
				t.Errorf("want %s, got %s (%v)", c.want, out, err)
			}
		})
	}
}

// TestCollector_TakesUsualComponents are settings that people add to a pipeline.
func TestCollector_TakesUsualComponents(t *testing.T) {
	t.Parallel()
	config := `
receivers: {otlp: {protocols: {grpc: {}}}, zipkin: {}, jaeger: {protocols: {grpc: {}, thrift_compact: {}, thrift_binary: {}}}}
processors:
  attributes: {actions: [{key: a, value: b, action: insert}]}
  resource: {attributes: [{key: cluster, value: lab, action: upsert}]}
  span: {name: {from_attributes: [a]}}
  filter: {trace_conditions: ['span.name == "health"']}
  transform: {trace_statements: ['set(span.attributes["a"], "b")']}
  probabilistic_sampler: {sampling_percentage: 10}
  tail_sampling: {policies: [{name: slow, type: latency, latency: {threshold_ms: 100}}]}
exporters: {otlp: {endpoint: "tempo:4317"}, otlp_http: {endpoint: "http://tempo:4318"}, debug: {verbosity: detailed}, nop: {}}
extensions: {zpages: {}, health_check: {}}
service:
  extensions: [zpages, health_check]
  pipelines:
    traces:
      receivers: [otlp, zipkin, jaeger]
      processors: [attributes, resource, span, filter, transform, probabilistic_sampler, tail_sampling]
      exporters: [otlp, otlp_http, debug, nop]
`
	if out, err := command(t.Context(), []string{"validate", "--config=yaml:" + config}).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestCollector_Version(t *testing.T) {
	t.Parallel()
	out, err := command(t.Context(), []string{"--version"}).Output()
	if err != nil || !regexp.MustCompile(`^\S+ version 0\.\d+\.\d+\n$`).Match(out) {
		t.Errorf("%q (%v)", out, err)
	}
}

// export is a request with one span.
func export(id pcommon.TraceID, name string) ptraceotlp.ExportRequest {
	traces := ptrace.NewTraces()
	span := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetTraceID(id)
	span.SetSpanID(pcommon.SpanID{7: 1})
	span.SetName(name)
	return ptraceotlp.NewExportRequestFromTraces(traces)
}

func sendGRPC(t *testing.T, address string, id pcommon.TraceID, name string) {
	t.Helper()
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	if _, err := ptraceotlp.NewGRPCClient(connection).Export(t.Context(), export(id, name)); err != nil {
		t.Fatal(err)
	}
}

func sendHTTP(t *testing.T, url string, id pcommon.TraceID, name string) {
	t.Helper()
	body, err := export(id, name).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	post(t, url, "application/x-protobuf", body)
}

// sendZipkin sends Zipkin's JSON, version 2, as proxies do.
func sendZipkin(t *testing.T, url string, id pcommon.TraceID, name string) {
	t.Helper()
	body, err := json.Marshal([]map[string]any{{
		"traceId": id.String(), "id": "0000000000000001", "name": name, "kind": "SERVER",
		"timestamp": time.Now().UnixMicro(), "duration": 1000, "localEndpoint": map[string]any{"serviceName": "proxy.default"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	post(t, url, "application/json", body)
}

// sendJaeger sends Jaeger's Thrift over HTTP, as HotROD did up to 1.48.
func sendJaeger(t *testing.T, url string, id pcommon.TraceID, name string) {
	t.Helper()
	batch := &jaeger.Batch{
		Process: &jaeger.Process{ServiceName: "hotrod"},
		Spans:   []*jaeger.Span{{TraceIdLow: int64(id[15]), SpanId: 1, OperationName: name, StartTime: time.Now().UnixMicro(), Duration: 1000, Flags: 1}},
	}
	body, err := thrift.NewTSerializer().Write(context.Background(), batch)
	if err != nil {
		t.Fatal(err)
	}
	post(t, url, "application/x-thrift", body)
}

func post(t *testing.T, url, mediaType string, body []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", mediaType)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		t.Fatalf("%s answered %s", url, answer.Status)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
