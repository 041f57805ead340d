package verify_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/verify"
)

const id = verify.TraceID("0af7651916cd43dd8448eb211c80319c")

// batch is one service's span in OTLP's JSON form, with the name that the list of spans has.
func batch(scopes, service, span, parent string) string {
	return fmt.Sprintf(`{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":%q}}]},
		%q:[{"spans":[{"spanId":%q,"parentSpanId":%q,"name":"GET /","startTimeUnixNano":"1000000000","endTimeUnixNano":"1500000000","status":{"code":"STATUS_CODE_ERROR"}}]}]}`,
		service, scopes, span, parent)
}

func TestStore_ReadsEveryFormOfATrace(t *testing.T) {
	t.Parallel()
	spans := func(scopes string) string {
		return batch(scopes, "frontend", "a", "") + "," + batch(scopes, "driver", "b", "a")
	}
	for name, body := range map[string]string{
		"batches":   `{"batches":[` + spans("scopeSpans") + `]}`,
		"of old":    `{"batches":[` + spans("instrumentationLibrarySpans") + `]}`,
		"version 2": `{"trace":{"resourceSpans":[` + spans("scopeSpans") + `]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/api/traces/"+string(id) || r.Header.Get("X-Scope-OrgID") != "lab" {
					t.Errorf("asked %s %v", r.URL, r.Header)
				}
				_, _ = w.Write([]byte(body))
			})
			trace, err := verify.NewStore(verify.StoreOptions{URL: server.URL + "/", Tenant: "lab", Client: server.Client()}).Trace(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(trace.Services(), []string{"driver", "frontend"}) || trace.Spans[0].Duration != 500*time.Millisecond || !trace.Spans[1].Failed {
				t.Errorf("got %+v", trace)
			}
			want := verify.Graph{Counted: true, Nodes: []string{"driver", "frontend"}, Edges: []verify.Edge{{From: "frontend", To: "driver", Rate: 1, Errors: 1}}}
			if diff := cmp.Diff(want, trace.Graph()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestStore_AwaitsWhatComesLate(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		switch asked.Add(1) {
		case 1:
			w.WriteHeader(http.StatusNotFound)
		case 2:
			w.WriteHeader(http.StatusTooManyRequests)
		case 3:
			w.WriteHeader(http.StatusBadGateway)
		case 4:
			_, _ = w.Write([]byte(`{"batches":[]}`))
		case 5:
			_, _ = w.Write([]byte(`{"batches":[` + batch("scopeSpans", "a", "1", "") + `]}`))
		default:
			_, _ = w.Write([]byte(`{"batches":[` + batch("scopeSpans", "a", "1", "") + "," + batch("scopeSpans", "b", "2", "1") + `]}`))
		}
	})
	store := verify.NewStore(verify.StoreOptions{URL: server.URL, Client: server.Client()})
	trace, err := store.Await(t.Context(), id, verify.AwaitOptions{Services: []string{"a", "b"}, Timeout: 20 * time.Second})
	if err != nil || len(trace.Spans) != 2 || asked.Load() != 6 {
		t.Errorf("%+v %v after %d", trace, err, asked.Load())
	}
	trace, err = store.Await(t.Context(), id, verify.AwaitOptions{Services: []string{"a", "c"}, Timeout: 300 * time.Millisecond})
	if !fault.Is(err, fault.Timeout) || !strings.Contains(err.Error(), "none of c") || len(trace.Spans) != 2 {
		t.Errorf("%+v %v", trace, err)
	}
}

func TestStore_TellsGarbageFromWhatPasses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		kind   fault.Kind
	}{
		"garbage":     {200, "<html>welcome</html>", fault.Invalid},
		"a bad time":  {200, `{"batches":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"soon"}]}]}]}`, fault.Invalid},
		"no login":    {401, "", fault.Auth},
		"no right":    {403, "", fault.Denied},
		"too many":    {429, "", fault.Unreachable},
		"broken":      {500, "", fault.Unreachable},
		"bad request": {400, "no org id", fault.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			})
			store := verify.NewStore(verify.StoreOptions{URL: server.URL, Client: server.Client()})
			if _, err := store.Trace(t.Context(), id); !fault.Is(err, c.kind) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestStore_Search(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		want := "end=200&limit=20&minDuration=1s&q=%7B+resource.service.name+%3D+%22a%22+%7D&start=100"
		if r.URL.Path != "/api/search" || r.URL.RawQuery != want {
			t.Errorf("asked %s", r.URL)
		}
		_, _ = w.Write([]byte(`{"traces":[{"traceID":"af7651916cd43dd8448eb211c80319c","rootServiceName":"a","rootTraceName":"GET /","startTimeUnixNano":"5000000000","durationMs":12}]}`))
	})
	found, err := verify.NewStore(verify.StoreOptions{URL: server.URL, Client: server.Client()}).Search(t.Context(), verify.SearchOptions{
		Query: `{ resource.service.name = "a" }`, Start: time.Unix(100, 0), End: time.Unix(200, 0), MinDuration: time.Second,
	})
	want := []verify.Found{{ID: id, RootService: "a", RootName: "GET /", Start: time.Unix(5, 0), Duration: 12 * time.Millisecond}}
	if err != nil || cmp.Diff(want, found) != "" {
		t.Errorf("%v %v", found, err)
	}
}

func TestStore_ReadsThousandsOfSpans(t *testing.T) {
	t.Parallel()
	const count = 5000
	var spans []string
	for i := range count {
		spans = append(spans, batch("scopeSpans", fmt.Sprintf("s%d", i%7), fmt.Sprint(i+1), fmt.Sprint(i)))
	}
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"batches":[` + strings.Join(spans, ",") + `]}`))
	})
	trace, err := verify.NewStore(verify.StoreOptions{URL: server.URL, Client: server.Client()}).Trace(t.Context(), id)
	if err != nil || len(trace.Spans) != count || len(trace.Services()) != 7 || len(trace.Graph().Edges) != 7 {
		t.Errorf("%d spans, %v", len(trace.Spans), err)
	}
}
