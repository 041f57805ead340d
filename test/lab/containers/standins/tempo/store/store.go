// Package store knows the traces of a stand-in Tempo: in memory, by tenant and trace id, and no more than it was told to keep.
package store

import (
	"slices"
	"sync"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// ID is a trace's id. Shorter ones have zeros in front, as Tempo pads them (tempo:pkg/util/traceid.go@v2.10.8).
type ID [16]byte

// Limits bound what is kept. All are to be positive.
type Limits struct {
	// Traces and Bytes are how much all tenants have together; the oldest traces make room.
	Traces, Bytes int
	// TraceBytes is how big one trace can grow; spans beyond are discarded (tempo: overrides.defaults.global.max_bytes_per_trace).
	TraceBytes int
}

// DefaultLimits are enough for the traffic of a lab. The bound of one trace is Tempo's own.
func DefaultLimits() Limits { return Limits{Traces: 20000, Bytes: 128 << 20, TraceBytes: 5_000_000} }

// Span is a span with the resource and the scope that it came with. None of the three is ever changed.
type Span struct {
	*tracepb.Span

	Resource *resourcepb.Resource
	Scope    *commonpb.InstrumentationScope
	// ResourceSchema and ScopeSchema are the URLs of the conventions that the two follow.
	ResourceSchema, ScopeSchema string
}

// Trace is what is known of a trace at some moment.
type Trace struct {
	ID    ID
	Spans []Span
	// Grown is when its newest span arrived.
	Grown time.Time
}

// Store keeps traces. Its methods may be called at the same time.
type Store struct {
	limits Limits

	mu    sync.RWMutex
	byKey map[key]*kept
	// order has the oldest trace first.
	order []key
	bytes int
}

type key struct {
	tenant string
	id     ID
}

type kept struct {
	Trace

	bytes int
	has   map[identity]bool
}

// identity tells spans of a trace apart. A span that is sent twice, because its sender saw no answer, is one span, while the two sides of
// a call may share an id (tempo:pkg/model/trace/combine.go@v2.10.8).
type identity struct {
	id   string
	kind tracepb.Span_SpanKind
}

// New makes an empty store.
func New(limits Limits) *Store { return &Store{limits: limits, byKey: map[key]*kept{}} }

// Put keeps spans of a tenant and returns how many were discarded since their trace is too large, and how many traces are new.
func (s *Store) Put(tenant string, batch []*tracepb.ResourceSpans) (discarded, created int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for _, resource := range batch {
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				k := key{tenant, idOf(span.GetTraceId())}
				trace := s.byKey[k]
				if trace == nil {
					trace = &kept{Trace: Trace{ID: k.id}, has: map[identity]bool{}}
					s.byKey[k], s.order = trace, append(s.order, k)
					created++
				}
				discarded += s.add(trace, Span{
					Span: span, Resource: resource.GetResource(), Scope: scope.GetScope(),
					ResourceSchema: resource.GetSchemaUrl(), ScopeSchema: scope.GetSchemaUrl(),
				}, now)
			}
		}
	}
	s.makeRoom()
	return discarded, created
}

// add returns how many spans it discarded: one or none.
func (s *Store) add(trace *kept, span Span, now time.Time) int {
	which := identity{string(span.GetSpanId()), span.GetKind()}
	size := proto.Size(span.Span)
	switch {
	case trace.has[which]:
		return 0
	case trace.bytes+size > s.limits.TraceBytes:
		return 1
	}
	trace.has[which] = true
	trace.Spans, trace.Grown = append(trace.Spans, span), now
	trace.bytes += size
	s.bytes += size
	return 0
}

func (s *Store) makeRoom() {
	gone := 0
	for ; len(s.order)-gone > s.limits.Traces || s.bytes > s.limits.Bytes; gone++ {
		k := s.order[gone]
		s.bytes -= s.byKey[k].bytes
		delete(s.byKey, k)
	}
	s.order = slices.Delete(s.order, 0, gone)
}

// Find returns a trace of a tenant; false when there is none.
func (s *Store) Find(tenant string, id ID) (Trace, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	trace, ok := s.byKey[key{tenant, id}]
	if !ok || len(trace.Spans) == 0 {
		return Trace{}, false
	}
	return trace.snapshot(), true
}

// All returns the traces of a tenant, the newest first.
func (s *Store) All(tenant string) []Trace {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []Trace
	for _, k := range slices.Backward(s.order) {
		if trace := s.byKey[k]; k.tenant == tenant && len(trace.Spans) > 0 {
			all = append(all, trace.snapshot())
		}
	}
	return all
}

// snapshot does not change when the trace grows: spans are appended behind its end.
func (k *kept) snapshot() Trace {
	t := k.Trace
	t.Spans = slices.Clip(t.Spans)
	return t
}

func idOf(raw []byte) ID {
	var id ID
	if len(raw) <= len(id) {
		copy(id[len(id)-len(raw):], raw)
	}
	return id
}
