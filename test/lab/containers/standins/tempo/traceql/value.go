package traceql

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
)

type valueKind int

const (
	kindNil valueKind = iota
	kindString
	kindNumber
	kindBool
	kindDuration
	kindStatus
	kindSpanKind
)

// Value is a value of TraceQL. Values of different kinds are never equal and have no order.
type Value struct {
	kind  valueKind
	text  string  // of a string, a status or a kind
	num   float64 // of a number, in nanoseconds of a duration, one or zero of a bool
	whole bool    // tells whether the number is an integer
}

func text(s string) Value      { return Value{kind: kindString, text: s} }
func number(f float64) Value   { return Value{kind: kindNumber, num: f} }
func duration(ns uint64) Value { return Value{kind: kindDuration, num: float64(ns)} }

func boolean(b bool) Value {
	if b {
		return Value{kind: kindBool, num: 1}
	}
	return Value{kind: kindBool}
}

// attributeValue is an attribute's value; lists and bytes have none here.
func attributeValue(v *commonpb.AnyValue) Value {
	switch of := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return text(of.StringValue)
	case *commonpb.AnyValue_IntValue:
		return Value{kind: kindNumber, num: float64(of.IntValue), whole: true}
	case *commonpb.AnyValue_DoubleValue:
		return number(of.DoubleValue)
	case *commonpb.AnyValue_BoolValue:
		return boolean(of.BoolValue)
	}
	return Value{}
}

// AnyValue is the value as OTLP writes it; statuses and kinds are texts there.
func (v Value) AnyValue() *commonpb.AnyValue {
	switch v.kind {
	case kindNumber:
		if v.whole {
			return &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: int64(v.num)}}
		}
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: v.num}}
	case kindBool:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_BoolValue{BoolValue: v.truth()}}
	}
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: v.String()}}
}

// String is the value in words, without quotes.
func (v Value) String() string {
	switch v.kind {
	case kindNumber:
		return strconv.FormatFloat(v.num, 'f', -1, 64)
	case kindBool:
		return strconv.FormatBool(v.truth())
	case kindDuration:
		return time.Duration(v.num).String()
	case kindNil:
		return "nil"
	}
	return v.text
}

// Type is the name that the API gives to a value's kind (tempo:pkg/tempopb, TagValue).
func (v Value) Type() string {
	switch v.kind {
	case kindNumber:
		if v.whole {
			return "int"
		}
		return "float"
	case kindBool:
		return "bool"
	case kindDuration:
		return "duration"
	case kindStatus, kindSpanKind:
		return "keyword"
	}
	return "string"
}

// Known tells whether there is a value.
func (v Value) Known() bool { return v.kind != kindNil }

func (v Value) truth() bool { return v.kind == kindBool && v.num == 1 }

// compare applies an operator. What has no value equals nil and nothing else, and no comparison with it holds. A pattern is given compiled.
func compare(operator string, a, b Value, pattern *regexp.Regexp) bool {
	if b.kind == kindNil {
		return (operator == "=") == (a.kind == kindNil)
	}
	switch operator {
	case "=~", "!~":
		return a.kind == kindString && pattern.MatchString(a.text) == (operator == "=~")
	}
	if a.kind != b.kind {
		return false
	}
	order := 0
	switch {
	case a.text < b.text, a.num < b.num:
		order = -1
	case a != b && (a.text != b.text || a.num != b.num):
		order = 1
	}
	return map[string]bool{
		"=": order == 0, "!=": order != 0, "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0,
	}[operator]
}

// anchored compiles a pattern as TraceQL means it: it has to match the whole text (tempo:pkg/regexp@v2.10.8).
func anchored(pattern string) (*regexp.Regexp, error) {
	compiled, err := regexp.Compile("^(?:" + pattern + ")$")
	if err != nil {
		return nil, fmt.Errorf("reading the pattern: %w", err)
	}
	return compiled, nil
}

// literalNumber reads a number or a duration such as 1.5, 200ms and 1m30s.
func literalNumber(s string) (Value, error) {
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		_, notWhole := strconv.ParseInt(s, 10, 64)
		return Value{kind: kindNumber, num: f, whole: notWhole == nil}, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return Value{}, fmt.Errorf("syntax error: unexpected %q", s)
	}
	return Value{kind: kindDuration, num: float64(d)}, nil
}
