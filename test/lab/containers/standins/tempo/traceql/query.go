// Package traceql knows the part of Tempo's query language that people use to find a trace: spansets of conditions on attributes and
// intrinsics, joined by && and ||, and count() and select() behind them. What it does not know it refuses
// (https://grafana.com/docs/tempo/latest/traceql, tempo:pkg/traceql/expr.y@v2.10.8).
package traceql

import (
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/tempo/store"
)

// Query is a parsed query.
type Query struct {
	spans  spanset
	stages []stage
	// named are the fields that the query speaks of; a search shows their values.
	named []field
}

// spanset finds spans of a trace.
type spanset interface {
	// find returns the indexes of the spans that are in the set, in their order; none when the trace does not match.
	find(t store.Trace) []int
}

// stage is what follows a pipe: it keeps a spanset or drops it.
type stage interface {
	keep(t store.Trace, spans []int) bool
}

// Match returns the indexes of the spans of a trace that a query finds; none when it does not find the trace.
func (q *Query) Match(t store.Trace) []int {
	spans := q.spans.find(t)
	for _, s := range q.stages {
		if len(spans) == 0 || !s.keep(t, spans) {
			return nil
		}
	}
	return spans
}

// Shown is a field of a span and its value there.
type Shown struct {
	Name  string
	Value Value
}

// Show returns the values that a span has of the fields that the query speaks of, each once. The name and the duration are left out:
// answers have a place of their own for them.
func (q *Query) Show(t store.Trace, span int) []Shown {
	var out []Shown
	seen := map[string]bool{"name": true, "duration": true}
	for _, f := range q.named {
		value := f.of(t, t.Spans[span])
		if seen[f.name] || value.kind == kindNil {
			continue
		}
		seen[f.name] = true
		out = append(out, Shown{f.name, value})
	}
	return out
}

// filter is one pair of braces. Without a condition it takes every span.
type filter struct{ condition expression }

func (f filter) find(t store.Trace) []int {
	var spans []int
	for i, span := range t.Spans {
		if f.condition == nil || f.condition.eval(t, span).truth() {
			spans = append(spans, i)
		}
	}
	return spans
}

// joined are two spansets of which both, or either, must be there.
type joined struct {
	left, right spanset
	both        bool
}

func (j joined) find(t store.Trace) []int {
	left, right := j.left.find(t), j.right.find(t)
	if j.both && (len(left) == 0 || len(right) == 0) {
		return nil
	}
	return union(left, right)
}

// union merges two sorted lists.
func union(a, b []int) []int {
	var out []int
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0] < b[0]:
			out, a = append(out, a[0]), a[1:]
		case len(a) == 0 || b[0] < a[0]:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, a[0]), a[1:], b[1:]
		}
	}
	return out
}

// counted is the stage count() with a comparison.
type counted struct {
	operator string
	with     Value
}

func (c counted) keep(_ store.Trace, spans []int) bool {
	return compare(c.operator, number(float64(len(spans))), c.with, nil)
}

// selected is the stage select(): it drops nothing.
type selected struct{}

func (selected) keep(store.Trace, []int) bool { return true }
