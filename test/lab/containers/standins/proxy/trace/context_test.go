package trace_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/trace"
)

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	spanID  = "b7ad6b7169203331"
)

func TestExtract_ReadsWhatItsTracerReads(t *testing.T) {
	t.Parallel()
	zipkin, w3c, otlp := &config.Tracing{Kind: config.TracingZipkin}, &config.Tracing{Kind: config.TracingZipkin, W3C: true}, &config.Tracing{Kind: config.TracingOTLPGRPC}
	many := map[string]string{"X-B3-TraceId": traceID, "X-B3-SpanId": spanID, "X-B3-Sampled": "1"}
	with := func(key, value string) map[string]string {
		changed := map[string]string{key: value}
		for k, v := range many {
			if k != key {
				changed[k] = v
			}
		}
		return changed
	}
	sampled := "00-" + traceID + "-" + spanID + "-01"
	cases := map[string]struct {
		tracing *config.Tracing
		header  map[string]string
		// want is "trace span sampled|unsampled|undecided", empty for none.
		want string
	}{
		"many headers":                {zipkin, many, traceID + " " + spanID + " sampled"},
		"many headers, not sampled":   {zipkin, with("X-B3-Sampled", "0"), traceID + " " + spanID + " unsampled"},
		"many headers, undecided":     {zipkin, with("X-B3-Sampled", ""), traceID + " " + spanID + " undecided"},
		"many headers, debug":         {zipkin, map[string]string{"X-B3-TraceId": traceID, "X-B3-SpanId": spanID, "X-B3-Flags": "1"}, traceID + " " + spanID + " sampled"},
		"a short trace id":            {zipkin, with("X-B3-TraceId", traceID[16:]), strings.Repeat("0", 16) + traceID[16:] + " " + spanID + " sampled"},
		"no span id":                  {zipkin, with("X-B3-SpanId", ""), ""},
		"no hexadecimal":              {zipkin, with("X-B3-TraceId", strings.Repeat("x", 32)), ""},
		"one header":                  {zipkin, map[string]string{"B3": traceID + "-" + spanID + "-1"}, traceID + " " + spanID + " sampled"},
		"one header, debug":           {zipkin, map[string]string{"B3": traceID + "-" + spanID + "-d-" + spanID}, traceID + " " + spanID + " sampled"},
		"one header, undecided":       {zipkin, map[string]string{"B3": traceID + "-" + spanID}, traceID + " " + spanID + " undecided"},
		"one header without ids":      {zipkin, map[string]string{"B3": "0"}, ""},
		"traceparent for b3":          {zipkin, map[string]string{"Traceparent": sampled}, ""},
		"traceparent for both":        {w3c, map[string]string{"Traceparent": sampled}, traceID + " " + spanID + " sampled"},
		"traceparent":                 {otlp, map[string]string{"Traceparent": sampled}, traceID + " " + spanID + " sampled"},
		"traceparent, not sampled":    {otlp, map[string]string{"Traceparent": sampled[:53] + "00"}, traceID + " " + spanID + " unsampled"},
		"traceparent of the future":   {otlp, map[string]string{"Traceparent": "cc-" + sampled[3:] + "-more"}, traceID + " " + spanID + " sampled"},
		"traceparent that is invalid": {otlp, map[string]string{"Traceparent": "ff-" + sampled[3:]}, ""},
		"traceparent of zeros":        {otlp, map[string]string{"Traceparent": "00-" + strings.Repeat("0", 32) + "-" + spanID + "-01"}, ""},
		"b3 for traceparent":          {otlp, many, ""},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{}
			for key, value := range test.header {
				header.Set(key, value)
			}
			got := ""
			if c, ok := trace.Extract(header, test.tracing); ok {
				got = fmt.Sprintf("%x %x %s", c.Trace, c.Span, map[bool]string{true: "sampled", false: "unsampled"}[c.Sampled])
				if c.Undecided {
					got = fmt.Sprintf("%x %x undecided", c.Trace, c.Span)
				}
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestInject_WritesWhatTheNextOneReads(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		tracing *config.Tracing
		want    []string
		absent  []string
	}{
		"b3":   {&config.Tracing{Kind: config.TracingZipkin}, []string{"X-B3-Traceid", "X-B3-Spanid", "X-B3-Parentspanid", "X-B3-Sampled"}, []string{"B3", "Traceparent"}},
		"both": {&config.Tracing{Kind: config.TracingZipkin, W3C: true}, []string{"X-B3-Traceid", "Traceparent"}, []string{"B3"}},
		"W3C":  {&config.Tracing{Kind: config.TracingOTLPHTTP}, []string{"Traceparent", "Tracestate"}, []string{"X-B3-Traceid"}},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := http.Header{}
			first.Set("B3", traceID+"-"+spanID+"-1")
			first.Set("Traceparent", "00-"+traceID+"-"+spanID+"-01")
			first.Set("Tracestate", "a=b")
			before, _ := trace.Extract(first, test.tracing)
			next := http.Header{"B3": {"old"}}
			if name == "W3C" {
				next = http.Header{}
			}
			trace.Inject(next, before, before.Span, test.tracing)
			after, ok := trace.Extract(next, test.tracing)
			if !ok || after.Trace != before.Trace || after.Span != before.Span || !after.Sampled {
				t.Errorf("%+v became %+v by %v", before, after, next)
			}
			for _, key := range test.want {
				if next.Get(key) == "" {
					t.Errorf("%s is missing in %v", key, next)
				}
			}
			for _, key := range test.absent {
				if next.Get(key) != "" {
					t.Errorf("%s is in %v", key, next)
				}
			}
		})
	}
}
