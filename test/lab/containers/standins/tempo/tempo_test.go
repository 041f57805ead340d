package tempo

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
)

// running is a stand-in on free ports of the loopback.
type running struct {
	t  *testing.T
	at map[string]string
}

func start(t *testing.T, config string, wait pace) running {
	t.Helper()
	s := settings{}
	if config != "" {
		var err error
		if s, _, err = readSettings(written(t, config)); err != nil {
			t.Fatal(err)
		}
	}
	s.Server.Address, s.Server.Port = "127.0.0.1", 0
	listening, ended := make(chan [2]string, 4), make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		ended <- run(ctx, s, config, wait, func(name string, at net.Addr) { listening <- [2]string{name, at.String()} })
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("it ended with %v", err)
		}
	})
	r := running{t, map[string]string{}}
	for r.at["http"] == "" {
		select {
		case open := <-listening:
			r.at[open[0]] = open[1]
		case err := <-ended:
			ended <- nil
			t.Fatalf("it did not start: %v", err)
		}
	}
	return r
}

const everyReceiver = `
server: {http_listen_port: 3100}
distributor:
  receivers:
    otlp: {protocols: {grpc: {endpoint: "127.0.0.1:0"}, http: {endpoint: "127.0.0.1:0"}}}
    zipkin: {endpoint: "127.0.0.1:0"}
`

// ask returns the code and the body of an answer; header is a line, or empty.
func (r running) ask(path, header string) (int, string) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://"+r.at["http"]+path, http.NoBody)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.do(request, header)
}

func (r running) send(to, path, body string, headers ...string) (int, string) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, "http://"+r.at[to]+path, bytes.NewBufferString(body))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	return r.do(request, strings.Join(headers, ""))
}

func (r running) do(request *http.Request, header string) (int, string) {
	r.t.Helper()
	if name, value, ok := strings.Cut(header, ": "); ok {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func (r running) export(ctx context.Context, spans ...*tracepb.ResourceSpans) error {
	r.t.Helper()
	conn, err := grpc.NewClient(r.at["otlp grpc"], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = collectorpb.NewTraceServiceClient(conn).Export(ctx, &collectorpb.ExportTraceServiceRequest{ResourceSpans: spans}, grpc.UseCompressor(gzip.Name))
	return err
}

const (
	idHex    = "0af7651916cd43dd8448eb211c80319c"
	idBase64 = "CvdlGRbNQ92ESOshHIAxnA=="
)

func resourceSpans(service string, spans ...*tracepb.Span) *tracepb.ResourceSpans {
	name := &commonpb.KeyValue{Key: "service.name", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: service}}}
	return &tracepb.ResourceSpans{
		Resource: &resourcepb.Resource{Attributes: []*commonpb.KeyValue{name}}, ScopeSpans: []*tracepb.ScopeSpans{{Spans: spans}},
	}
}

func span(id, parent byte, name string) *tracepb.Span {
	now := uint64(time.Now().UnixNano())
	s := &tracepb.Span{
		TraceId: []byte("\x0a\xf7\x65\x19\x16\xcd\x43\xdd\x84\x48\xeb\x21\x1c\x80\x31\x9c"), SpanId: []byte{0, 0, 0, 0, 0, 0, 0, id},
		Name: name, Kind: tracepb.Span_SPAN_KIND_SERVER, StartTimeUnixNano: now, EndTimeUnixNano: now + 5_000_000,
	}
	if parent != 0 {
		s.ParentSpanId = []byte{0, 0, 0, 0, 0, 0, 0, parent}
	}
	return s
}

func TestTempo_FindsATraceByItsID(t *testing.T) {
	t.Parallel()
	r := start(t, everyReceiver, pace{})
	if err := r.export(t.Context(), resourceSpans("frontend", span(1, 0, "GET /")), resourceSpans("driver", span(2, 1, "FindNearest"))); err != nil {
		t.Fatal(err)
	}
	code, body := r.ask("/api/traces/"+idHex, "")
	var v1 struct {
		Batches []struct {
			Resource   json.RawMessage
			ScopeSpans []struct {
				Spans []struct{ TraceID, SpanID, Name, Kind, StartTimeUnixNano string }
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &v1); err != nil || code != http.StatusOK || len(v1.Batches) != 2 {
		t.Fatalf("%d, %v: %s", code, err, body)
	}
	first := v1.Batches[0].ScopeSpans[0].Spans[0]
	if first.TraceID != idBase64 || first.SpanID != "AAAAAAAAAAE=" || first.Kind != "SPAN_KIND_SERVER" || first.Name != "GET /" || len(first.StartTimeUnixNano) != 19 {
		t.Errorf("span %+v", first)
	}
	if !strings.Contains(string(v1.Batches[1].Resource), "driver") {
		t.Errorf("resource %s", v1.Batches[1].Resource)
	}
	code, body = r.ask("/api/v2/traces/"+idHex, "")
	if code != http.StatusOK || !strings.HasPrefix(body, `{"metrics":{},"trace":{"resourceSpans":[`) {
		t.Errorf("%d: %s", code, body)
	}
	if _, body = r.ask("/metrics", ""); !strings.Contains(body, `tempo_distributor_spans_received_total{tenant="single-tenant"} 2`) ||
		!strings.Contains(body, `tempo_receiver_accepted_spans{receiver="otlp/otlp_receiver",transport="grpc"} 2`) {
		t.Errorf("metrics %s", body)
	}
}

func TestTempo_HoldsThousandsOfSpans(t *testing.T) {
	t.Parallel()
	r := start(t, everyReceiver, pace{})
	const batches, each = 10, 500
	for batch := range batches {
		var spans []*tracepb.Span
		for i := range each {
			s := span(0, 0, "step")
			s.SpanId = binary.BigEndian.AppendUint64(nil, uint64(batch*each+i+1))
			spans = append(spans, s)
		}
		if err := r.export(t.Context(), resourceSpans("loop", spans...)); err != nil {
			t.Fatal(err)
		}
	}
	_, body := r.ask("/api/traces/"+idHex, "")
	if got := strings.Count(body, `"spanId"`); got != batches*each {
		t.Errorf("%d spans are left of %d", got, batches*each)
	}
	_, body = r.ask("/api/search?q="+url.QueryEscape(`{ name = "step" } | count() >= 5000`), "")
	if !strings.Contains(body, `"matched":5000`) || strings.Count(body, `"spanID"`) != 2*defaultSpansShown {
		t.Errorf("a search finds %s", body)
	}
}

// defaultSpansShown is how many spans of a spanset a search tells of, in each of the two fields that have the spanset.
const defaultSpansShown = 3

func TestTempo_SaysThatThereIsNoTrace(t *testing.T) {
	t.Parallel()
	r := start(t, everyReceiver, pace{})
	for path, want := range map[string]struct {
		code int
		body string
	}{
		"/api/traces/abc":                     {http.StatusNotFound, ""},
		"/api/v2/traces/abc":                  {http.StatusOK, `{"metrics":{},"trace":{}}`},
		"/api/traces/xyz":                     {http.StatusBadRequest, "trace IDs can only contain hex characters: invalid character 'x' at position 1"},
		"/api/traces/" + idHex + "00":         {http.StatusBadRequest, "trace IDs can't be larger than 128 bits"},
		"/api/traces/abc?start=5&end=4":       {http.StatusBadRequest, "http parameter start must be before end. received start=5 end=4"},
		"/api/search?q=%7B%7D&start=5&end=4":  {http.StatusBadRequest, "http parameter start must be before end. received start=5 end=4"},
		"/api/search?q=%7B%20name%20%3D%20":   {http.StatusBadRequest, "invalid TraceQL query: parse error at line 1, col 10: syntax error: unexpected $end"},
		"/api/search?q=%7B%7D&tags=a%3Db":     {http.StatusBadRequest, "invalid request: can't specify tags and q in the same query"},
		"/api/search?limit=0":                 {http.StatusBadRequest, "invalid limit: must be a positive number"},
		"/api/search?start=1&end=1700000000":  {http.StatusBadRequest, "range specified by start and end exceeds 168h0m0s. received start=1 end=1700000000"},
		"/api/search?q=%7B%7D":                {http.StatusOK, `{"traces":[],"metrics":{"completedJobs":1,"totalJobs":1}}`},
		"/api/echo":                           {http.StatusOK, "echo"},
		"/status/nonsense":                    {http.StatusNotFound, "nonsense is not valid\n"},
		"/api/search/tag/service.name/values": {http.StatusOK, `{"metrics":{},"tagValues":[]}`},
	} {
		if code, body := r.ask(path, ""); code != want.code || body != want.body {
			t.Errorf("%s answers %d %q", path, code, body)
		}
	}
}

func TestTempo_SearchesOnlyWhatIsQuiet(t *testing.T) {
	t.Parallel()
	r := start(t, everyReceiver, pace{idle: 300 * time.Millisecond})
	if err := r.export(t.Context(), resourceSpans("frontend", span(1, 0, "GET /"))); err != nil {
		t.Fatal(err)
	}
	search := "/api/search?q=" + url.QueryEscape(`{ resource.service.name = "frontend" }`)
	if _, body := r.ask(search, ""); strings.Contains(body, "traceID") {
		t.Errorf("a trace that may grow was found: %s", body)
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		_, body := r.ask(search, "")
		// The zero in front of the id is not there in a search.
		if strings.Contains(body, `"traceID":"`+strings.TrimPrefix(idHex, "0")+`","rootServiceName":"frontend","rootTraceName":"GET /"`) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("it was never found: %s", body)
		}
	}
	for path, want := range map[string]string{
		"/api/search/tag/service.name/values":             `"tagValues":["frontend"]`,
		"/api/v2/search/tag/resource.service.name/values": `"tagValues":[{"type":"string","value":"frontend"}]`,
		"/api/v2/search/tags?scope=resource":              `"scopes":[{"name":"resource","tags":["service.name"]}]`,
		"/api/search/tags":                                `"tagNames":["service.name"]`,
		"/api/search?tags=service.name%3DFRONT":           `"rootServiceName":"frontend"`,
	} {
		if code, body := r.ask(path, ""); code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s answers %d %s", path, code, body)
		}
	}
}

func TestTempo_TakesSpansOfOtherSenders(t *testing.T) {
	t.Parallel()
	r := start(t, everyReceiver, pace{})
	code, body := r.send("otlp http", "/v1/traces", `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"curl"}}]},
		"scopeSpans":[{"spans":[{"traceId":"`+idHex+`","spanId":"0000000000000007","name":"by hand","kind":2,"startTimeUnixNano":"1700000000000000001","endTimeUnixNano":"1700000000000000002"}]}]}]}`)
	if code != http.StatusOK {
		t.Fatalf("%d: %s", code, body)
	}
	code, body = r.send("zipkin", "/api/v2/spans", `[{"traceId":"`+idHex+`","id":"8","parentId":"7"}]`)
	if code != http.StatusBadRequest {
		t.Errorf("half a byte as an id: %d %s", code, body)
	}
	code, body = r.send("zipkin", "/api/v2/spans", `[{"traceId":"`+idHex+`","id":"08","parentId":"07","kind":"CLIENT","name":"out","timestamp":1700000000000001,"duration":9,
		"localEndpoint":{"serviceName":"gateway.edge"},"remoteEndpoint":{"serviceName":"far","port":80},"tags":{"http.status_code":"503","error":"true"}}]`)
	if code != http.StatusAccepted {
		t.Fatalf("%d: %s", code, body)
	}
	_, body = r.ask("/api/traces/"+idHex, "")
	for _, want := range []string{
		`"by hand"`, `"gateway.edge"`, `"1700000000000001000"`, `"1700000000000010000"`, `"STATUS_CODE_ERROR"`, `"http.status_code"`,
		`"peer.service"`, `"parentSpanId":"AAAAAAAAAAc="`, `"SPAN_KIND_CLIENT"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is missing in %s", want, body)
		}
	}
}

func TestTempo_WantsATenantWhereThereAreSeveral(t *testing.T) {
	t.Parallel()
	r := start(t, "multitenancy_enabled: true\n"+everyReceiver, pace{})
	if err := r.export(t.Context(), resourceSpans("frontend", span(1, 0, "GET /"))); err == nil || !strings.Contains(err.Error(), "no org id") {
		t.Errorf("spans of nobody: %v", err)
	}
	if code, body := r.ask("/api/traces/"+idHex, ""); code != http.StatusUnauthorized || body != "no org id\n" {
		t.Errorf("%d %q", code, body)
	}
	if code, _ := r.send("zipkin", "/api/v2/spans", `[{"traceId":"`+idHex+`","id":"08"}]`, "X-Scope-OrgID: lab"); code != http.StatusAccepted {
		t.Errorf("zipkin answers %d", code)
	}
	for tenant, want := range map[string]int{"lab": http.StatusOK, "other": http.StatusNotFound} {
		if code, body := r.ask("/api/traces/"+idHex, "X-Scope-OrgID: "+tenant); code != want {
			t.Errorf("tenant %s: %d %s", tenant, code, body)
		}
	}
	if _, body := r.ask("/metrics", ""); !strings.Contains(body, `tempo_receiver_refused_spans{receiver="otlp/otlp_receiver",transport="grpc"} 1`) {
		t.Errorf("metrics %s", body)
	}
}

func TestTempo_IsReadyAfterAWhile(t *testing.T) {
	t.Parallel()
	r := start(t, everyReceiver, pace{ready: time.Hour})
	if code, body := r.ask("/ready", ""); code != http.StatusServiceUnavailable || !strings.Contains(body, "Ingester not ready: ") {
		t.Errorf("%d %s", code, body)
	}
	r = start(t, everyReceiver, pace{})
	if code, body := r.ask("/ready", ""); code != http.StatusOK || body != "ready\n" {
		t.Errorf("%d %q", code, body)
	}
}
