package store

import (
	"encoding/hex"
	"slices"
	"strings"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// String is the id as Tempo's search writes it: in hex and without the zeros in front (tempo:pkg/util/traceid.go@v2.10.8).
func (id ID) String() string { return strings.TrimLeft(hex.EncodeToString(id[:]), "0") }

// Service is the name of the service that a span comes from, empty when it has none.
func (s Span) Service() string { return s.ResourceAttribute("service.name").GetStringValue() }

// ResourceAttribute returns the value of an attribute of the span's resource, nil when it has none.
func (s Span) ResourceAttribute(name string) *commonpb.AnyValue {
	return attribute(s.Resource.GetAttributes(), name)
}

// Attribute returns the value of an attribute of the span itself, nil when it has none.
func (s Span) Attribute(name string) *commonpb.AnyValue { return attribute(s.GetAttributes(), name) }

func attribute(all []*commonpb.KeyValue, name string) *commonpb.AnyValue {
	for _, kv := range all {
		if kv.GetKey() == name {
			return kv.GetValue()
		}
	}
	return nil
}

// Root is the span that has no parent; false while it has not arrived.
func (t Trace) Root() (Span, bool) {
	i := slices.IndexFunc(t.Spans, func(s Span) bool { return strings.Trim(string(s.GetParentSpanId()), "\x00") == "" })
	if i < 0 {
		return Span{}, false
	}
	return t.Spans[i], true
}

// Times are the first start and the last end of its spans, in nanoseconds since 1970.
func (t Trace) Times() (start, end uint64) {
	for i, span := range t.Spans {
		if i == 0 || span.GetStartTimeUnixNano() < start {
			start = span.GetStartTimeUnixNano()
		}
		end = max(end, span.GetEndTimeUnixNano())
	}
	return start, end
}

// ResourceSpans are the spans as OTLP groups them. Neighbours that came with the same resource and scope stay together.
func (t Trace) ResourceSpans() []*tracepb.ResourceSpans {
	var out []*tracepb.ResourceSpans
	var last Span
	for i, span := range t.Spans {
		if i == 0 || span.Resource != last.Resource {
			out = append(out, &tracepb.ResourceSpans{Resource: span.Resource, SchemaUrl: span.ResourceSchema})
		}
		resource := out[len(out)-1]
		if len(resource.ScopeSpans) == 0 || span.Scope != last.Scope {
			resource.ScopeSpans = append(resource.ScopeSpans, &tracepb.ScopeSpans{Scope: span.Scope, SchemaUrl: span.ScopeSchema})
		}
		scope := resource.ScopeSpans[len(resource.ScopeSpans)-1]
		scope.Spans = append(scope.Spans, span.Span)
		last = span
	}
	return out
}
