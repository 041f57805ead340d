package traceql

import (
	"encoding/hex"
	"fmt"
	"strings"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/tempo/store"
)

// field is something that a span has: an attribute or an intrinsic.
type field struct {
	// name is the attribute's without its scope, or the intrinsic's.
	name string
	of   func(store.Trace, store.Span) Value
}

func (f field) eval(t store.Trace, s store.Span) Value { return f.of(t, s) }

// Lookup returns the field of a name: "resource.service.name", ".http.method", "span:duration", "name".
func Lookup(name string) (func(store.Trace, store.Span) Value, error) {
	f, err := fieldOf(name)
	return f.of, err
}

func fieldOf(name string) (field, error) {
	if of := intrinsic(name); of != nil {
		return field{name, of}, nil
	}
	scope, attribute, found := strings.Cut(name, ".")
	if !found || attribute == "" {
		return field{}, fmt.Errorf("syntax error: unexpected IDENTIFIER %q", name)
	}
	switch scope {
	case "resource":
		return field{attribute, func(_ store.Trace, s store.Span) Value { return attributeValue(s.ResourceAttribute(attribute)) }}, nil
	case "span":
		return field{attribute, func(_ store.Trace, s store.Span) Value { return attributeValue(s.Attribute(attribute)) }}, nil
	case "":
		return field{attribute, func(_ store.Trace, s store.Span) Value {
			if v := attributeValue(s.Attribute(attribute)); v.Known() {
				return v
			}
			return attributeValue(s.ResourceAttribute(attribute))
		}}, nil
	}
	return field{}, fmt.Errorf("this stand-in does not know the scope %q", scope)
}

// Statuses and kinds have these names (tempo:pkg/traceql/enum_statics.go@v2.10.8).
var (
	statuses = map[tracepb.Status_StatusCode]string{
		tracepb.Status_STATUS_CODE_UNSET: "unset", tracepb.Status_STATUS_CODE_OK: "ok", tracepb.Status_STATUS_CODE_ERROR: "error",
	}
	kinds = map[tracepb.Span_SpanKind]string{
		tracepb.Span_SPAN_KIND_UNSPECIFIED: "unspecified", tracepb.Span_SPAN_KIND_INTERNAL: "internal", tracepb.Span_SPAN_KIND_SERVER: "server",
		tracepb.Span_SPAN_KIND_CLIENT: "client", tracepb.Span_SPAN_KIND_PRODUCER: "producer", tracepb.Span_SPAN_KIND_CONSUMER: "consumer",
	}
)

// keyword returns the constant of a name; false when there is none.
func keyword(name string) (Value, bool) {
	switch name {
	case "true", "false":
		return boolean(name == "true"), true
	case "nil":
		return Value{}, true
	}
	for _, status := range statuses {
		if status == name {
			return Value{kind: kindStatus, text: name}, true
		}
	}
	for _, kind := range kinds {
		if kind == name {
			return Value{kind: kindSpanKind, text: name}, true
		}
	}
	return Value{}, false
}

// intrinsic returns what a span has under a name of its own; nil when that is no intrinsic. Both forms of their names are taken: the older
// ones without a scope, and "span:" and "trace:".
func intrinsic(name string) func(store.Trace, store.Span) Value {
	switch strings.TrimPrefix(name, "span:") {
	case "name":
		return func(_ store.Trace, s store.Span) Value { return text(s.GetName()) }
	case "status":
		return func(_ store.Trace, s store.Span) Value {
			return Value{kind: kindStatus, text: statuses[s.GetStatus().GetCode()]}
		}
	case "statusMessage":
		return func(_ store.Trace, s store.Span) Value { return text(s.GetStatus().GetMessage()) }
	case "kind":
		return func(_ store.Trace, s store.Span) Value { return Value{kind: kindSpanKind, text: kinds[s.GetKind()]} }
	case "duration":
		return func(_ store.Trace, s store.Span) Value {
			return duration(s.GetEndTimeUnixNano() - s.GetStartTimeUnixNano())
		}
	}
	return ofTrace(name)
}

// ofTrace returns what all spans of a trace have in common under a name, or an id; nil when there is no such name.
func ofTrace(name string) func(store.Trace, store.Span) Value {
	switch name {
	case "span:id":
		return func(_ store.Trace, s store.Span) Value { return text(hex.EncodeToString(s.GetSpanId())) }
	case "span:parentID":
		return func(_ store.Trace, s store.Span) Value { return text(hex.EncodeToString(s.GetParentSpanId())) }
	case "trace:id":
		return func(t store.Trace, _ store.Span) Value { return text(hex.EncodeToString(t.ID[:])) }
	case "rootName", "trace:rootName":
		return func(t store.Trace, _ store.Span) Value {
			root, _ := t.Root()
			return text(root.GetName())
		}
	case "rootServiceName", "trace:rootService":
		return func(t store.Trace, _ store.Span) Value {
			root, _ := t.Root()
			return text(root.Service())
		}
	case "traceDuration", "trace:duration":
		return func(t store.Trace, _ store.Span) Value {
			start, end := t.Times()
			return duration(end - start)
		}
	}
	return nil
}
