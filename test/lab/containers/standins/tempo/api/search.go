package api

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/tempo/store"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/tempo/traceql"
)

// rootMissing stands for the service of a root span that has not arrived (tempo:pkg/search/util.go).
const rootMissing = "<root span not yet received>"

// The answer of a search (tempo:pkg/tempopb/tempo.proto@v2.10.8), as its JSON has it: 64-bit numbers are texts, zeros are left out.
type (
	searchAnswer struct {
		Traces  []foundTrace  `json:"traces"`
		Metrics searchMetrics `json:"metrics"`
	}
	searchMetrics struct {
		Inspected     int `json:"inspectedTraces,omitempty"`
		CompletedJobs int `json:"completedJobs,omitempty"`
		TotalJobs     int `json:"totalJobs,omitempty"`
	}
	foundTrace struct {
		ID       string                  `json:"traceID"`
		Service  string                  `json:"rootServiceName,omitempty"`
		Name     string                  `json:"rootTraceName,omitempty"`
		Start    string                  `json:"startTimeUnixNano,omitempty"`
		Duration uint64                  `json:"durationMs,omitempty"`
		SpanSet  *foundSpans             `json:"spanSet,omitempty"`
		SpanSets []foundSpans            `json:"spanSets,omitempty"`
		Services map[string]serviceStats `json:"serviceStats,omitempty"`
	}
	serviceStats struct {
		Spans  int `json:"spanCount,omitempty"`
		Errors int `json:"errorCount,omitempty"`
	}
	foundSpans struct {
		Spans   []foundSpan `json:"spans,omitempty"`
		Matched int         `json:"matched,omitempty"`
	}
	foundSpan struct {
		ID         string           `json:"spanID"`
		Name       string           `json:"name,omitempty"`
		Start      string           `json:"startTimeUnixNano,omitempty"`
		Duration   string           `json:"durationNanos,omitempty"`
		Attributes []foundAttribute `json:"attributes,omitempty"`
	}
	foundAttribute struct {
		Key   string `json:"key"`
		Value any    `json:"value"`
	}
)

func (a *api) search(w http.ResponseWriter, r *http.Request, tenant string) {
	want, err := readSearch(r.URL.Query())
	if err != nil {
		refuse(w, err)
		return
	}
	answer := searchAnswer{Traces: []foundTrace{}, Metrics: searchMetrics{CompletedJobs: 1, TotalJobs: 1}}
	for _, trace := range a.searchable(tenant) {
		answer.Metrics.Inspected++
		if !want.covers(trace) {
			continue
		}
		if spans := want.match(trace); len(spans) > 0 {
			answer.Traces = append(answer.Traces, want.show(trace, spans))
		}
		if len(answer.Traces) == want.limit {
			break
		}
	}
	slices.SortStableFunc(answer.Traces, func(a, b foundTrace) int { return compareNumbers(b.Start, a.Start) })
	writeJSON(w, answer)
}

// compareNumbers compares two numbers that are written without zeros in front.
func compareNumbers(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// show is what a search tells of a trace that it has found.
func (s search) show(trace store.Trace, spans []int) foundTrace {
	start, end := trace.Times()
	found := foundTrace{
		ID: trace.ID.String(), Service: rootMissing, Start: strconv.FormatUint(start, 10), Duration: (end - start) / uint64(time.Millisecond),
		Services: map[string]serviceStats{},
	}
	if root, ok := trace.Root(); ok {
		found.Service, found.Name = root.Service(), root.GetName()
	}
	for _, span := range trace.Spans {
		stats := found.Services[span.Service()]
		stats.Spans++
		if span.GetStatus().GetCode() == tracepb.Status_STATUS_CODE_ERROR {
			stats.Errors++
		}
		found.Services[span.Service()] = stats
	}
	if s.query == nil {
		return found // a search by tags tells of no spans
	}
	set := foundSpans{Matched: len(spans)}
	for _, i := range spans[:min(len(spans), s.spansPerSet)] {
		set.Spans = append(set.Spans, showSpan(s.query, trace, i))
	}
	found.SpanSet, found.SpanSets = &set, []foundSpans{set}
	return found
}

func showSpan(query *traceql.Query, trace store.Trace, i int) foundSpan {
	span := trace.Spans[i]
	out := foundSpan{
		ID: hex.EncodeToString(span.GetSpanId()), Name: span.GetName(), Start: strconv.FormatUint(span.GetStartTimeUnixNano(), 10),
		Duration: strconv.FormatUint(span.GetEndTimeUnixNano()-span.GetStartTimeUnixNano(), 10),
	}
	for _, shown := range query.Show(trace, i) {
		out.Attributes = append(out.Attributes, foundAttribute{shown.Name, anyValueJSON(shown.Value.AnyValue())})
	}
	return out
}

func anyValueJSON(v *commonpb.AnyValue) any {
	switch of := v.GetValue().(type) {
	case *commonpb.AnyValue_IntValue:
		return map[string]string{"intValue": strconv.FormatInt(of.IntValue, 10)}
	case *commonpb.AnyValue_DoubleValue:
		return map[string]float64{"doubleValue": of.DoubleValue}
	case *commonpb.AnyValue_BoolValue:
		return map[string]bool{"boolValue": of.BoolValue}
	}
	return map[string]string{"stringValue": fmt.Sprint(v.GetStringValue())}
}
