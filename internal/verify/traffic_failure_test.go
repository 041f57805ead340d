package verify_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/verify"
)

// Every kind of failure is one entry, whatever ports its text names.
func TestSend_CountsFailuresByKind(t *testing.T) {
	t.Parallel()
	reset := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // makes closing a reset
		}
		_ = conn.Close()
	})
	half := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("half"))
		panic(http.ErrAbortHandler)
	})
	encrypted := httptest.NewUnstartedServer(http.NotFoundHandler())
	encrypted.Config.ErrorLog = log.New(io.Discard, "", 0)
	encrypted.StartTLS()
	t.Cleanup(encrypted.Close)
	denied := roundTripper(func(*http.Request) (*http.Response, error) { return nil, fault.Newf(fault.Denied, "no") })
	lost := roundTripper(func(*http.Request) (*http.Response, error) { return nil, fault.Newf(fault.Unreachable, "down") })
	for name, c := range map[string]struct {
		url    string
		client http.RoundTripper
		kind   string
	}{
		"refused":     {"http://127.0.0.1:1/", nil, verify.ErrRefused},
		"reset":       {reset.URL, nil, verify.ErrReset},
		"half":        {half.URL, nil, verify.ErrClosed},
		"a name":      {"http://page.invalid/", nil, verify.ErrName},
		"TLS":         {encrypted.URL, nil, verify.ErrTLS},
		"denied":      {"http://x/", denied, verify.ErrDenied},
		"unreachable": {"http://x/", lost, verify.ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.client == nil {
				c.client = &http.Transport{}
			}
			got, err := verify.Send(t.Context(), &http.Client{Transport: c.client}, verify.TrafficOptions{URL: c.url, Requests: 5, Concurrency: 2})
			if err != nil || got.Sent != 5 || got.Succeeded != 0 || len(got.Errors) != 1 || got.Errors[c.kind] != 5 {
				t.Errorf("%v %+v", err, got)
			}
			if got.FirstError == "" || !strings.Contains(got.String(), "5 x "+c.kind) {
				t.Errorf("%s", got)
			}
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A limiter that sees that the time is too short must not make fewer requests look like all of them.
func TestSend_TooLittleTimeIsAnError(t *testing.T) {
	t.Parallel()
	server := serve(t, func(http.ResponseWriter, *http.Request) {})
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	got, err := verify.Send(ctx, server.Client(), verify.TrafficOptions{URL: server.URL, Requests: 100, Rate: 10})
	if !fault.Is(err, fault.Timeout) || got.Sent == 0 || got.Sent > 10 {
		t.Errorf("%v %+v", err, got)
	}
}

func TestSend_FollowsNoRedirect(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int64
	other := serve(t, func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) })
	server := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) })
	got, err := verify.Send(t.Context(), server.Client(), verify.TrafficOptions{URL: server.URL, Requests: 3})
	if err != nil || elsewhere.Load() != 0 || got.Status[302] != 3 || got.Redirected != 3 || got.RedirectedTo != other.URL {
		t.Errorf("%v, %d went elsewhere, %+v", err, elsewhere.Load(), got)
	}
	if !strings.Contains(got.String(), "3 of them redirects (to "+other.URL+"), which are not followed") {
		t.Error(got)
	}
}

// Cancelling returns at once, however many requests hang, and tells what was under way.
func TestSend_CancelLetsNothingHang(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var under sync.WaitGroup
	under.Add(8)
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		under.Done()
		<-r.Context().Done()
	})
	go func() {
		under.Wait()
		cancel()
	}()
	began := time.Now()
	got, err := verify.Send(ctx, server.Client(), verify.TrafficOptions{URL: server.URL, Requests: 1000, Concurrency: 8, Timeout: time.Minute})
	if err == nil || got.Sent != 0 || got.Cut != 8 || time.Since(began) > 5*time.Second || !strings.Contains(got.String(), "8 more were under way") {
		t.Errorf("%v after %s: %s", err, time.Since(began), got)
	}
}

func TestSend_PercentilesAreOfTheNearestRank(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := serve(t, func(http.ResponseWriter, *http.Request) {
		if asked.Add(1) == 10 {
			time.Sleep(200 * time.Millisecond)
		}
	})
	got, err := verify.Send(t.Context(), server.Client(), verify.TrafficOptions{URL: server.URL, Requests: 10})
	if err != nil || got.P90 >= 200*time.Millisecond || got.P99 != got.Max || got.Max < 200*time.Millisecond {
		t.Errorf("%v: p90 %s, p99 %s, max %s", err, got.P90, got.P99, got.Max)
	}
}

func TestGraph_DrawsABoundedNumberOfCalls(t *testing.T) {
	t.Parallel()
	trace := verify.Trace{Spans: []verify.Span{{Service: "root", ID: "0"}}}
	for i := range 3000 {
		trace.Spans = append(trace.Spans, verify.Span{Service: fmt.Sprintf("s%04d", i), ID: fmt.Sprint(i + 1), Parent: "0"})
	}
	graph := trace.Graph()
	if len(graph.Edges) != 3000 || len(graph.Nodes) != 3001 {
		t.Fatalf("%d edges, %d nodes", len(graph.Edges), len(graph.Nodes))
	}
	if text := graph.Text(); strings.Count(text, "\n") != 200 || !strings.HasSuffix(text, "and 2800 more calls") {
		t.Errorf("%d lines", strings.Count(text, "\n"))
	}
	if mermaid := graph.Mermaid(); strings.Count(mermaid, "-->") != 200 || strings.Count(mermaid, "\n") > 410 || strings.Contains(mermaid, "  -->") {
		t.Errorf("%d lines", strings.Count(mermaid, "\n"))
	}
}
