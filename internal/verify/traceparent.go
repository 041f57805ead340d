package verify

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
)

// TraceID is the id of a trace: 32 lower-case hexadecimal digits, as W3C trace context writes it.
type TraceID string

// NewTraceID returns a random id. Its randomness is what samplers that go by the id look at
// (W3C trace context level 2, random-trace-id).
func NewTraceID() TraceID { return TraceID(randomHex(16)) }

// randomHex returns n random bytes in hexadecimal. crypto/rand never fails (since Go 1.24), and neither format allows
// an id of zeros, which it does not make either.
func randomHex(n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw)
	return hex.EncodeToString(raw)
}

// Propagate makes a request part of a trace, sampled, for receivers of both kinds: W3C trace context
// (https://www.w3.org/TR/trace-context/) and B3 in both of its forms (openzipkin/b3-propagation), which Envoy's Zipkin
// tracer reads.
func (id TraceID) Propagate(h http.Header) {
	span := randomHex(8)
	h.Set("Traceparent", "00-"+string(id)+"-"+span+"-01")
	h.Set("B3", string(id)+"-"+span+"-1")
	h.Set("X-B3-Traceid", string(id))
	h.Set("X-B3-Spanid", span)
	h.Set("X-B3-Sampled", "1")
}
