package verify_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/verify"
)

// serve answers like handler and ends with the test.
func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func TestSend_CountsWhatComesBack(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	var mu sync.Mutex
	traces := map[string]bool{}
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Host != "bookinfo.example" || r.Header.Get("X-Test") != "yes" {
			t.Errorf("asked %s with %v", r.Host, r.Header)
		}
		parts := strings.Split(r.Header.Get("Traceparent"), "-")
		if !regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-01$`).MatchString(r.Header.Get("Traceparent")) || r.Header.Get("X-B3-Traceid") != parts[1] || !strings.HasPrefix(r.Header.Get("B3"), parts[1]) {
			t.Errorf("trace headers %v", r.Header)
		}
		traces[parts[1]] = true
		if asked.Add(1)%4 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	got, err := verify.Send(t.Context(), server.Client(), verify.TrafficOptions{
		URL: server.URL, Host: "bookinfo.example", Headers: map[string]string{"X-Test": "yes"}, Requests: 20, Concurrency: 4, KeepTraces: 3,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Sent != 20 || got.Succeeded != 15 || got.Status[200] != 15 || got.Status[503] != 5 || len(got.Errors) > 0 {
		t.Errorf("got %+v", got)
	}
	if len(traces) != 20 || len(got.TraceIDs) != 3 || !traces[string(got.TraceIDs[0])] {
		t.Errorf("%d traces, kept %v", len(traces), got.TraceIDs)
	}
	if got.P50 <= 0 || got.P50 > got.P90 || got.P90 > got.P99 || got.P99 > got.Max || got.Ended.Before(got.Started) {
		t.Errorf("latencies %v %v %v %v", got.P50, got.P90, got.P99, got.Max)
	}
	if text := got.String(); !strings.HasPrefix(text, "20 sent, 15 answered well, 5 x 503, p50 ") {
		t.Errorf("%q", text)
	}
}

func TestSend_KeepsToRateAndConcurrency(t *testing.T) {
	t.Parallel()
	var now, most atomic.Int64
	server := serve(t, func(http.ResponseWriter, *http.Request) {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		time.Sleep(5 * time.Millisecond)
		now.Add(-1)
	})
	began := time.Now()
	got, err := verify.Send(t.Context(), server.Client(), verify.TrafficOptions{URL: server.URL, Requests: 11, Rate: 50, Concurrency: 2})
	if err != nil || got.Sent != 11 {
		t.Fatalf("%+v %v", got, err)
	}
	if took := time.Since(began); took < 190*time.Millisecond || most.Load() > 2 {
		t.Errorf("11 requests at 50 a second took %s, %d at once", took, most.Load())
	}
}

func TestSend_StopsWhenCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var asked atomic.Int64
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 3 {
			cancel()
			<-r.Context().Done()
		}
	})
	got, err := verify.Send(ctx, server.Client(), verify.TrafficOptions{URL: server.URL, Requests: 1000})
	if !strings.Contains(err.Error(), "canceled") || got.Sent != 2 {
		t.Errorf("%+v %v", got, err)
	}
}

func TestSend_CountsRequestsWithoutAnswer(t *testing.T) {
	t.Parallel()
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	got, err := verify.Send(t.Context(), server.Client(), verify.TrafficOptions{URL: server.URL, Requests: 2, Timeout: 20 * time.Millisecond})
	if err != nil || got.Sent != 2 || got.Errors["no answer in time"] != 2 {
		t.Errorf("%+v %v", got, err)
	}
	for _, o := range []verify.TrafficOptions{{URL: "ftp://x", Requests: 1}, {URL: "http://", Requests: 1}, {URL: "http://x", Requests: 0}, {URL: ":", Requests: 1}} {
		if _, err := verify.Send(t.Context(), server.Client(), o); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
