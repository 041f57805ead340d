package receive

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

const zipkinReceiver = "zipkin/zipkin_receiver"

// zipkinSpan is a span of Zipkin's second version (https://zipkin.io/zipkin-api, zipkin2-api.yaml). Times are microseconds.
type zipkinSpan struct {
	TraceID        string             `json:"traceId"`
	ID             string             `json:"id"`
	ParentID       string             `json:"parentId"`
	Kind           string             `json:"kind"`
	Name           string             `json:"name"`
	Timestamp      uint64             `json:"timestamp"`
	Duration       uint64             `json:"duration"`
	LocalEndpoint  *zipkinEndpoint    `json:"localEndpoint"`
	RemoteEndpoint *zipkinEndpoint    `json:"remoteEndpoint"`
	Annotations    []zipkinAnnotation `json:"annotations"`
	Tags           map[string]string  `json:"tags"`
}

type zipkinEndpoint struct {
	ServiceName string `json:"serviceName"`
	IPv4        string `json:"ipv4"`
	IPv6        string `json:"ipv6"`
	Port        int64  `json:"port"`
}

type zipkinAnnotation struct {
	Timestamp uint64 `json:"timestamp"`
	Value     string `json:"value"`
}

// zipkinHandler answers Zipkin's POST of spans with 202, as the collector's receiver does.
func zipkinHandler(sink Sink) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v2/spans", func(w http.ResponseWriter, r *http.Request) {
		batch, err := zipkinBatch(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := sink(r.Header.Get(TenantHeader), zipkinReceiver, "http", batch); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	})
	return mux
}

func zipkinBatch(r *http.Request) ([]*tracepb.ResourceSpans, error) {
	body, err := read(r)
	if err != nil {
		return nil, err
	}
	var spans []zipkinSpan
	if err := json.Unmarshal(body, &spans); err != nil {
		return nil, fmt.Errorf("reading Zipkin's JSON: %w", err)
	}
	return fromZipkin(spans)
}

// fromZipkin groups spans by their service, which becomes their resource
// (opentelemetry-collector-contrib:pkg/translator/zipkin/zipkinv2/to_translator.go).
func fromZipkin(spans []zipkinSpan) ([]*tracepb.ResourceSpans, error) {
	var out []*tracepb.ResourceSpans
	byService := map[string]*tracepb.ScopeSpans{}
	for _, span := range spans {
		made, err := span.otlp()
		if err != nil {
			return nil, err
		}
		service := ""
		if span.LocalEndpoint != nil {
			service = span.LocalEndpoint.ServiceName
		}
		group := byService[service]
		if group == nil {
			group = &tracepb.ScopeSpans{}
			byService[service] = group
			resource := &resourcepb.Resource{}
			if service != "" {
				resource.Attributes = []*commonpb.KeyValue{textAttribute("service.name", service)}
			}
			out = append(out, &tracepb.ResourceSpans{Resource: resource, ScopeSpans: []*tracepb.ScopeSpans{group}})
		}
		group.Spans = append(group.Spans, made)
	}
	return out, nil
}

var zipkinKinds = map[string]tracepb.Span_SpanKind{
	"CLIENT": tracepb.Span_SPAN_KIND_CLIENT, "SERVER": tracepb.Span_SPAN_KIND_SERVER,
	"PRODUCER": tracepb.Span_SPAN_KIND_PRODUCER, "CONSUMER": tracepb.Span_SPAN_KIND_CONSUMER,
}

const microsecond = 1000

func (z zipkinSpan) otlp() (*tracepb.Span, error) {
	span := &tracepb.Span{
		Name: z.Name, Kind: zipkinKinds[z.Kind], Status: &tracepb.Status{},
		StartTimeUnixNano: z.Timestamp * microsecond, EndTimeUnixNano: (z.Timestamp + z.Duration) * microsecond,
	}
	for _, id := range []struct {
		name, hex string
		size      int
		to        *[]byte
	}{{"traceId", z.TraceID, 16, &span.TraceId}, {"id", z.ID, 8, &span.SpanId}, {"parentId", z.ParentID, 8, &span.ParentSpanId}} {
		raw, err := hex.DecodeString(id.hex)
		if err != nil || len(raw) > id.size || len(raw) == 0 && id.name != "parentId" {
			return nil, fmt.Errorf("reading Zipkin's JSON: %q is no %s", id.hex, id.name)
		}
		if len(raw) > 0 {
			*id.to = append(make([]byte, id.size-len(raw)), raw...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(z.Tags)) {
		if name == "error" && z.Tags[name] == "true" {
			span.Status.Code = tracepb.Status_STATUS_CODE_ERROR
			continue
		}
		span.Attributes = append(span.Attributes, textAttribute(name, z.Tags[name]))
	}
	span.Attributes = append(span.Attributes, z.RemoteEndpoint.attributes()...)
	for _, note := range z.Annotations {
		span.Events = append(span.Events, &tracepb.Span_Event{TimeUnixNano: note.Timestamp * microsecond, Name: note.Value})
	}
	return span, nil
}

// attributes say who is on the other side.
func (e *zipkinEndpoint) attributes() []*commonpb.KeyValue {
	if e == nil {
		return nil
	}
	var out []*commonpb.KeyValue
	for _, a := range []struct{ name, value string }{
		{"peer.service", e.ServiceName}, {"net.peer.ip", e.IPv4}, {"net.peer.ip", e.IPv6},
	} {
		if a.value != "" {
			out = append(out, textAttribute(a.name, a.value))
		}
	}
	if e.Port != 0 {
		out = append(out, &commonpb.KeyValue{
			Key: "net.peer.port", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: e.Port}},
		})
	}
	return out
}

func textAttribute(name, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: name, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}
