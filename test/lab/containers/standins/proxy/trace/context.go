// Package trace knows the spans that a proxy makes: where they belong, what they say, and how they are sent.
package trace

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
)

// ID is a trace's id; 64 bits long ones are in its second half.
type ID [16]byte

// SpanID is a span's id; all zero is none.
type SpanID [8]byte

// Context is the place of a request in a trace.
type Context struct {
	Trace   ID
	Span    SpanID
	Sampled bool
	// Undecided says that whoever sent the context left sampling to its receiver, which only b3 can.
	Undecided bool
	// State is W3C's tracestate, which goes along untouched.
	State string
	// Short writes the trace's id with 64 bits.
	Short bool
}

// Headers of both ways of propagation (openzipkin/b3-propagation, README; W3C Trace Context, section 3).
const (
	headerB3       = "B3"
	headerTraceID  = "X-B3-Traceid"
	headerSpanID   = "X-B3-Spanid"
	headerParentID = "X-B3-Parentspanid"
	headerSampled  = "X-B3-Sampled"
	headerFlags    = "X-B3-Flags"
	headerParent   = "Traceparent"
	headerState    = "Tracestate"
)

// Extract reads the context that a request brings; false when it brings none that the kind of tracing understands: Envoy's Zipkin tracer
// reads b3, in one header or in many, and traceparent only when it is told to and there is no b3 (envoy:
// source/extensions/tracers/zipkin/span_context_extractor.cc); its OpenTelemetry tracer reads traceparent alone
// (source/extensions/tracers/opentelemetry/span_context_extractor.cc).
func Extract(header http.Header, t *config.Tracing) (Context, bool) {
	if t.Kind != config.TracingZipkin {
		return parent(header)
	}
	if c, ok := b3(header); ok {
		c.Short = len(header.Get(headerTraceID)) == 16
		return c, true
	}
	if t.W3C {
		return parent(header)
	}
	return Context{}, false
}

func b3(header http.Header) (Context, bool) {
	if single := header.Get(headerB3); single != "" {
		parts := strings.Split(single, "-")
		if len(parts) < 2 {
			return Context{}, false
		}
		sampled := ""
		if len(parts) > 2 {
			sampled = parts[2]
		}
		return b3From(parts[0], parts[1], sampled)
	}
	sampled := header.Get(headerSampled)
	if header.Get(headerFlags) == "1" {
		sampled = "1"
	}
	return b3From(header.Get(headerTraceID), header.Get(headerSpanID), sampled)
}

func b3From(traceID, spanID, sampled string) (Context, bool) {
	if len(traceID) == 16 {
		traceID = strings.Repeat("0", 16) + traceID
	}
	c := Context{Sampled: sampled == "1" || sampled == "d" || sampled == "true", Undecided: sampled == ""}
	return c, bytesOf(c.Trace[:], traceID) && bytesOf(c.Span[:], spanID) && c.Trace != ID{}
}

func parent(header http.Header) (Context, bool) {
	parts := strings.Split(header.Get(headerParent), "-")
	if len(parts) < 4 || len(parts[0]) != 2 || parts[0] == "ff" {
		return Context{}, false
	}
	var flags [1]byte
	c := Context{State: strings.Join(header.Values(headerState), ",")}
	ok := bytesOf(c.Trace[:], parts[1]) && bytesOf(c.Span[:], parts[2]) && bytesOf(flags[:], parts[3])
	c.Sampled = flags[0]&1 == 1
	return c, ok && c.Trace != ID{} && c.Span != SpanID{}
}

// bytesOf fills into with the hexadecimal text; false when that is not of its length.
func bytesOf(into []byte, text string) bool {
	if len(text) != 2*len(into) {
		return false
	}
	_, err := hex.Decode(into, []byte(text))
	return err == nil
}

// Inject writes the context of a span, and its parent's id, into the request that goes on.
func Inject(header http.Header, c Context, parent SpanID, t *config.Tracing) {
	if t.Kind == config.TracingZipkin {
		header.Del(headerB3)
		header.Set(headerTraceID, c.traceText())
		header.Set(headerSpanID, hex.EncodeToString(c.Span[:]))
		header.Del(headerParentID)
		if parent != (SpanID{}) {
			header.Set(headerParentID, hex.EncodeToString(parent[:]))
		}
		header.Set(headerSampled, map[bool]string{true: "1", false: "0"}[c.Sampled])
	}
	if t.Kind != config.TracingZipkin || t.W3C {
		flags := map[bool]string{true: "01", false: "00"}[c.Sampled]
		header.Set(headerParent, "00-"+hex.EncodeToString(c.Trace[:])+"-"+hex.EncodeToString(c.Span[:])+"-"+flags)
		if c.State != "" {
			header.Set(headerState, c.State)
		}
	}
}

func (c Context) traceText() string {
	if c.Short {
		return hex.EncodeToString(c.Trace[8:])
	}
	return hex.EncodeToString(c.Trace[:])
}

func newSpanID() SpanID {
	var id SpanID
	_, _ = rand.Read(id[:]) // it never fails
	return id
}

func newID(short bool) ID {
	var id ID
	if short {
		_, _ = rand.Read(id[8:])
	} else {
		_, _ = rand.Read(id[:])
	}
	return id
}
