package verify

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// Trace is what a store has of a trace.
type Trace struct {
	ID    TraceID
	Spans []Span
}

// Span is one part of a trace.
type Span struct {
	Service, Name string
	// ID and Parent are as the store writes them; Parent is empty for a root.
	ID, Parent string
	Start      time.Time
	Duration   time.Duration
	// Failed says that the span's status is an error.
	Failed bool
}

// Services lists the services that have spans, sorted.
func (t Trace) Services() []string {
	seen := map[string]bool{}
	for _, s := range t.Spans {
		seen[s.Service] = true
	}
	return sortedKeys(seen)
}

// Duration is the time from the begin of the first span to the end of the last one.
func (t Trace) Duration() time.Duration {
	var first, last time.Time
	for _, s := range t.Spans {
		if first.IsZero() || s.Start.Before(first) {
			first = s.Start
		}
		if end := s.Start.Add(s.Duration); end.After(last) {
			last = end
		}
	}
	return last.Sub(first)
}

// Missing lists the wanted services that have no span.
func (t Trace) Missing(wanted []string) []string {
	have := t.Services()
	var missing []string
	for _, w := range wanted {
		if !slices.Contains(have, w) {
			missing = append(missing, w)
		}
	}
	return missing
}

// otlpTrace is a trace in OTLP's JSON form, as Tempo's GET /api/traces/<id> writes it (tempo:docs/sources/tempo/api_docs):
// batches of resource spans, which /api/v2/traces calls trace.resourceSpans. Before OTLP 0.15 scopes were called
// instrumentation libraries.
type otlpTrace struct {
	Batches       []otlpBatch `json:"batches"`
	ResourceSpans []otlpBatch `json:"resourceSpans"`
	Trace         *otlpTrace  `json:"trace"`
}

type otlpBatch struct {
	Resource struct {
		Attributes []otlpAttribute `json:"attributes"`
	} `json:"resource"`
	ScopeSpans   []otlpScope `json:"scopeSpans"`
	LibrarySpans []otlpScope `json:"instrumentationLibrarySpans"`
}

type otlpScope struct {
	Spans []otlpSpan `json:"spans"`
}

type otlpSpan struct {
	SpanID            string     `json:"spanId"`
	ParentSpanID      string     `json:"parentSpanId"`
	Name              string     `json:"name"`
	StartTimeUnixNano unixNano   `json:"startTimeUnixNano"`
	EndTimeUnixNano   unixNano   `json:"endTimeUnixNano"`
	Status            otlpStatus `json:"status"`
}

type otlpStatus struct {
	// Code is a number or the name of one.
	Code any `json:"code"`
}

type otlpAttribute struct {
	Key   string `json:"key"`
	Value struct {
		StringValue string `json:"stringValue"`
	} `json:"value"`
}

// unixNano reads a time that is a string of digits in protobuf's JSON, and a number in some others.
type unixNano time.Time

func (u *unixNano) UnmarshalJSON(raw []byte) error {
	text := strings.Trim(string(raw), `"`)
	nano, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return fmt.Errorf("%q is no time in nanoseconds", text)
	}
	*u = unixNano(time.Unix(0, nano))
	return nil
}

// parseTrace reads an answer; one without spans is fault.NotFound, because that is how some versions say it.
func parseTrace(id TraceID, body []byte) (Trace, error) {
	var raw otlpTrace
	if err := json.Unmarshal(body, &raw); err != nil {
		return Trace{}, fault.Newf(fault.Invalid, "the trace store answered something that is no trace (%d bytes, %w): %s", len(body), err, excerpt(body))
	}
	if raw.Trace != nil {
		raw = *raw.Trace
	}
	trace := Trace{ID: id}
	for _, batch := range slices.Concat(raw.Batches, raw.ResourceSpans) {
		service := batch.service()
		for _, scope := range slices.Concat(batch.ScopeSpans, batch.LibrarySpans) {
			for _, s := range scope.Spans {
				trace.Spans = append(trace.Spans, s.span(service))
			}
		}
	}
	if len(trace.Spans) == 0 && !isEmptyTrace(body) {
		return Trace{}, fault.Newf(fault.Invalid, "the trace store answered JSON that is no trace: %s", excerpt(body))
	}
	if len(trace.Spans) == 0 {
		return Trace{}, fault.Newf(fault.NotFound, "the trace store has no span of trace %s", id)
	}
	return trace, nil
}

// isEmptyTrace tells a trace without spans from JSON of another kind, such as somebody's error.
func isEmptyTrace(body []byte) bool {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return false
	}
	for _, known := range []string{"batches", "resourceSpans", "trace"} {
		if _, ok := members[known]; ok {
			return true
		}
	}
	return len(members) == 0
}

func (b otlpBatch) service() string {
	for _, a := range b.Resource.Attributes {
		if a.Key == "service.name" {
			return a.Value.StringValue
		}
	}
	return "unknown_service" // OpenTelemetry's own word for it (semantic conventions, service.name)
}

func (s otlpSpan) span(service string) Span {
	start, end := time.Time(s.StartTimeUnixNano), time.Time(s.EndTimeUnixNano)
	code := fmt.Sprint(s.Status.Code)
	return Span{
		Service: service, Name: s.Name, ID: s.SpanID, Parent: s.ParentSpanID, Start: start, Duration: end.Sub(start),
		Failed: code == "2" || code == "STATUS_CODE_ERROR",
	}
}
