package traceql

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/tempo/store"
)

func attribute(name string, value any) *commonpb.KeyValue {
	v := &commonpb.AnyValue{}
	switch of := value.(type) {
	case string:
		v.Value = &commonpb.AnyValue_StringValue{StringValue: of}
	case int64:
		v.Value = &commonpb.AnyValue_IntValue{IntValue: of}
	case bool:
		v.Value = &commonpb.AnyValue_BoolValue{BoolValue: of}
	}
	return &commonpb.KeyValue{Key: name, Value: v}
}

// ride is a trace of three spans: the frontend's root of 100 ms, a failed one of the driver's of 20 ms, and one of redis.
func ride() store.Trace {
	resource := func(name string) *resourcepb.Resource {
		return &resourcepb.Resource{Attributes: []*commonpb.KeyValue{attribute("service.name", name), attribute("zone", "a")}}
	}
	const ms = 1_000_000
	return store.Trace{ID: store.ID{15: 9}, Spans: []store.Span{
		{Resource: resource("frontend"), Span: &tracepb.Span{
			SpanId: []byte{1}, Name: "GET /dispatch", Kind: tracepb.Span_SPAN_KIND_SERVER, StartTimeUnixNano: 0, EndTimeUnixNano: 100 * ms,
			Attributes: []*commonpb.KeyValue{attribute("http.status_code", int64(200)), attribute("cached", true)},
		}},
		{Resource: resource("driver"), Span: &tracepb.Span{
			SpanId: []byte{2}, ParentSpanId: []byte{1}, Name: "FindNearest", Kind: tracepb.Span_SPAN_KIND_CLIENT, StartTimeUnixNano: 10 * ms, EndTimeUnixNano: 30 * ms,
			Status: &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: "timeout"}, Attributes: []*commonpb.KeyValue{attribute("http.status_code", int64(503))},
		}},
		{Resource: resource("redis-manual"), Span: &tracepb.Span{SpanId: []byte{3}, ParentSpanId: []byte{2}, Name: "GetDriver", StartTimeUnixNano: 15 * ms, EndTimeUnixNano: 16 * ms}},
	}}
}

func TestQuery_FindsSpans(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		query string
		want  []int
	}{
		{`{}`, []int{0, 1, 2}},
		{`{ true }`, []int{0, 1, 2}},
		{`{ resource.service.name = "driver" }`, []int{1}},
		{`{resource.service.name="driver"}`, []int{1}},
		{`{ .service.name != "driver" }`, []int{0, 2}},
		{`{ resource.service.name =~ "redis.*" }`, []int{2}},
		{`{ resource.service.name =~ "redis" }`, nil},
		{`{ resource.service.name !~ "redis.*|driver" }`, []int{0}},
		{"{ name = `GET /dispatch` }", []int{0}},
		{`{ span:name = "GetDriver" }`, []int{2}},
		{`{ status = error }`, []int{1}},
		{`{ status != error && kind = server }`, []int{0}},
		{`{ statusMessage = "timeout" }`, []int{1}},
		{`{ duration > 15ms }`, []int{0, 1}},
		{`{ duration >= 20ms && duration < 1.5s && resource.zone = "a" }`, []int{0, 1}},
		{`{ duration > 15 }`, nil},
		{`{ span.http.status_code >= 500 }`, []int{1}},
		{`{ span.http.status_code = 200 || name = "GetDriver" }`, []int{0, 2}},
		{`{ name = "GetDriver" || status = error && kind = server }`, []int{2}},
		{`{ (name = "GetDriver" || status = error) && kind = client }`, []int{1}},
		{`{ !(kind = client) }`, []int{0, 2}},
		{`{ span.cached }`, []int{0}},
		{`{ span.cached = true }`, []int{0}},
		{`{ span.cached = nil }`, []int{1, 2}},
		{`{ span.cached != nil }`, []int{0}},
		{`{ resource."service.name" = "driver" }`, []int{1}},
		{`{ .missing = "x" }`, nil},
		{`{ rootServiceName = "frontend" && trace:rootName = "GET /dispatch" && status = error }`, []int{1}},
		{`{ traceDuration = 100ms && name =~ "Find.+" }`, []int{1}},
		{`{ trace:id = "00000000000000000000000000000009" && span:id = "01" }`, []int{0}},
		{`{ resource.service.name = "driver" } && { resource.service.name = "frontend" }`, []int{0, 1}},
		{`{ resource.service.name = "driver" } && { resource.service.name = "nobody" }`, nil},
		{`{ resource.service.name = "driver" } || { resource.service.name = "nobody" }`, []int{1}},
		{`({ status = error } || { name = "nothing" }) && { kind = server }`, []int{0, 1}},
		{`{ resource.zone = "a" } | count() > 2`, []int{0, 1, 2}},
		{`{ resource.zone = "a" } | count() > 3`, nil},
		{`{ status = error } | select(span.http.status_code, resource.service.name) | count() = 1`, []int{1}},
	} {
		t.Run(c.query, func(t *testing.T) {
			t.Parallel()
			q, err := Parse(c.query)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, q.Match(ride())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParse_RefusesWhatIsNoQuery(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		``:                                   "parse error at line 1, col 1: syntax error: unexpected $end, expecting {",
		`service.name = "x"`:                 "expecting {",
		`{ name = }`:                         "col 10: syntax error: unexpected }",
		`{ name = "x"`:                       "expecting }",
		`{ name = "x }`:                      "literal not terminated",
		`{ nonsense = "x" }`:                 `unexpected IDENTIFIER "nonsense"`,
		`{ duration > 5 parsecs }`:           "expecting }",
		`{ name =~ "(" }`:                    "reading the pattern",
		`{ name =~ 5 }`:                      "unexpected operand of =~",
		`{} extra`:                           "unexpected extra",
		`{} | rate()`:                        `does not know the stage "rate"`,
		`{} >> {}`:                           "unexpected >>",
		`{ event.name = "x" }`:               `does not know the scope "event"`,
		`{ name = "x" } | count() =~ 2`:      "unexpected =~",
		`{ name = "x" } | count() > {`:       `unexpected "{"`,
		`{ name = "x" } | select(name, "y")`: "unexpected y",
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			if _, err := Parse(query); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestQuery_ShowsWhatItSpeaksOf(t *testing.T) {
	t.Parallel()
	q, err := Parse(`{ name = "FindNearest" && status = error && resource.service.name = "driver" } | select(span.http.status_code, span.missing)`)
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	for _, s := range q.Show(ride(), 1) {
		shown = append(shown, s.Name+"="+s.Value.String()+" "+s.Value.Type())
	}
	if diff := cmp.Diff([]string{"status=error keyword", "service.name=driver string", "http.status_code=503 int"}, shown); diff != "" {
		t.Error(diff)
	}
}
