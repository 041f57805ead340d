package trace

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
)

// Kind is which end of a request a span is about.
type Kind int

// Server spans are about requests that came in, Client spans about those that went out.
const (
	Server Kind = iota
	Client
)

// Span is one proxy's part of a trace. The nil span is that of a request that is not traced: all its methods do nothing.
type Span struct {
	Context

	Parent     SpanID
	Kind       Kind
	Name       string
	Start, End time.Time
	Tags       map[string]string
	// Failed marks the span as that of an error.
	Failed  bool
	Tracing *config.Tracing

	report func(*Span)
}

// Tracer makes spans.
type Tracer struct {
	// Report takes the spans that are finished and sampled.
	Report func(*Span)
}

// Begin makes the span of a request and writes its context into the request's headers; nil where nothing is traced. A request without a
// context begins a trace; the percentage decides whether it is sampled. A decision that was made before is honoured, also at 0 percent.
func (t *Tracer) Begin(header http.Header, tracing *config.Tracing, kind Kind, name string) *Span {
	if tracing == nil || tracing.Kind == "" {
		return nil
	}
	span := &Span{Kind: kind, Name: name, Start: time.Now(), Tracing: tracing, Tags: map[string]string{}, report: t.Report}
	context, known := Extract(header, tracing)
	if known {
		span.Context, span.Parent = context, context.Span
	} else {
		span.Context = Context{Trace: newID(tracing.Short), Short: tracing.Short}
	}
	if !known || context.Undecided {
		span.Sampled = rand.Float64()*100 < tracing.Sampling
	}
	span.Span = newSpanID()
	span.Undecided = false
	Inject(header, span.Context, span.Parent, tracing)
	return span
}

// Child makes a span below s for the request that s's proxy sends on, and writes its context into that request's headers.
func (s *Span) Child(header http.Header, name string) *Span {
	if s == nil {
		return nil
	}
	child := &Span{Context: s.Context, Parent: s.Span, Kind: Client, Name: name, Start: time.Now(), Tracing: s.Tracing, Tags: map[string]string{}, report: s.report}
	child.Span = newSpanID()
	Inject(header, child.Context, child.Parent, s.Tracing)
	return child
}

// Finish ends the span and hands it on.
func (s *Span) Finish(tags map[string]string, failed bool) {
	if s == nil {
		return
	}
	s.End, s.Failed = time.Now(), failed
	maps.Copy(s.Tags, tags)
	if s.Sampled {
		s.report(s)
	}
}
