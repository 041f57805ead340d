package trace

import (
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// otlp writes spans as OpenTelemetry's protocol has them.
func otlp(origin Origin, spans []*Span) *collectorpb.ExportTraceServiceRequest {
	list := make([]*tracepb.Span, 0, len(spans))
	for _, span := range spans {
		one := &tracepb.Span{
			TraceId: span.Trace[:], SpanId: span.Span[:], TraceState: span.State, Name: span.Name, Kind: tracepb.Span_SPAN_KIND_SERVER,
			StartTimeUnixNano: nano(span.Start.UnixNano()), EndTimeUnixNano: nano(span.End.UnixNano()), Status: &tracepb.Status{},
		}
		if span.Kind == Client {
			one.Kind = tracepb.Span_SPAN_KIND_CLIENT
		}
		if span.Parent != (SpanID{}) {
			one.ParentSpanId = span.Parent[:]
		}
		if span.Failed {
			one.Status.Code = tracepb.Status_STATUS_CODE_ERROR
		}
		for key, value := range span.Tags {
			one.Attributes = append(one.Attributes, attribute(key, value))
		}
		list = append(list, one)
	}
	return &collectorpb.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{
		Resource:   &resourcepb.Resource{Attributes: []*commonpb.KeyValue{attribute("service.name", origin.Service)}},
		ScopeSpans: []*tracepb.ScopeSpans{{Spans: list}},
	}}}
}

func nano(at int64) uint64 { return uint64(max(0, at)) }

func attribute(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}
