package store

import (
	"sync"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

func batch(trace byte, spans ...byte) []*tracepb.ResourceSpans {
	scope := &tracepb.ScopeSpans{}
	for _, id := range spans {
		scope.Spans = append(scope.Spans, &tracepb.Span{TraceId: append(make([]byte, 15), trace), SpanId: []byte{id}})
	}
	return []*tracepb.ResourceSpans{{ScopeSpans: []*tracepb.ScopeSpans{scope}}}
}

func id(trace byte) ID { return ID{15: trace} }

func TestStore_MakesRoomByAge(t *testing.T) {
	t.Parallel()
	s := New(Limits{Traces: 2, Bytes: 1 << 20, TraceBytes: 1 << 20})
	for trace := range byte(5) {
		s.Put("t", batch(trace, 1))
	}
	if _, ok := s.Find("t", id(2)); ok {
		t.Error("there are more traces than allowed")
	}
	all := s.All("t")
	if len(all) != 2 || all[0].ID != id(4) || all[1].ID != id(3) {
		t.Errorf("traces %v", all)
	}
	one := New(Limits{Traces: 100, Bytes: 60, TraceBytes: 1 << 20})
	for trace := range byte(50) {
		one.Put("t", batch(trace, 1))
	}
	if n := len(one.All("t")); n == 0 || n > 3 {
		t.Errorf("60 bytes hold %d traces", n)
	}
}

func TestStore_DiscardsWhatATraceHasTooMuch(t *testing.T) {
	t.Parallel()
	s := New(Limits{Traces: 10, Bytes: 1 << 20, TraceBytes: 70})
	discarded, created := s.Put("t", batch(1, 1, 2, 3, 4, 5))
	trace, ok := s.Find("t", id(1))
	if !ok || discarded == 0 || discarded+len(trace.Spans) != 5 || created != 1 {
		t.Errorf("%d discarded, %d created, %d kept", discarded, created, len(trace.Spans))
	}
}

func TestStore_KeepsASpanOnce(t *testing.T) {
	t.Parallel()
	s := New(DefaultLimits())
	s.Put("t", batch(1, 1, 2))
	if _, created := s.Put("t", batch(1, 2, 3)); created != 0 {
		t.Error("a trace that was there is new")
	}
	if trace, _ := s.Find("t", id(1)); len(trace.Spans) != 3 {
		t.Errorf("%d spans", len(trace.Spans))
	}
	client, server := batch(2, 1), batch(2, 1)
	client[0].ScopeSpans[0].Spans[0].Kind = tracepb.Span_SPAN_KIND_CLIENT
	s.Put("t", append(client, server...))
	if trace, _ := s.Find("t", id(2)); len(trace.Spans) != 2 {
		t.Errorf("the two sides of a call are %d spans", len(trace.Spans))
	}
	if _, ok := s.Find("other", id(1)); ok {
		t.Error("a tenant sees what another has")
	}
}

func TestStore_ServesManyAtOnce(t *testing.T) {
	t.Parallel()
	s := New(Limits{Traces: 20, Bytes: 1 << 20, TraceBytes: 1 << 20})
	var all sync.WaitGroup
	for worker := range byte(8) {
		all.Go(func() {
			for i := range byte(200) {
				s.Put("t", batch(i%40, worker, i))
				if trace, ok := s.Find("t", id(i%40)); ok {
					trace.ResourceSpans()
					trace.Times()
				}
				for _, trace := range s.All("t") {
					trace.Root()
				}
			}
		})
	}
	all.Wait()
	if n := len(s.All("t")); n != 20 {
		t.Errorf("%d traces are kept", n)
	}
}
