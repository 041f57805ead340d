package verify_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/verify"
)

func storeAt(server *httptest.Server) *verify.Store {
	return verify.NewStore(verify.StoreOptions{URL: server.URL, Client: server.Client(), Patience: 2 * time.Second})
}

// What a store says wrongly is repeated, shortened, and without what should not be in a log.
func TestStore_SaysWhatCameInsteadOfATrace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		says   []string
		never  string
	}{
		"a page":            {200, "<!DOCTYPE html><html><head><title>Sign in &amp; go</title></head><body><input value='csrf-4711'></body></html>", []string{"is no trace", `a page of HTML, titled "Sign in & go"`}, "csrf"},
		"nothing":           {200, "", []string{"is no trace (0 bytes", "(nothing)"}, ""},
		"half a trace":      {200, `{"batches":[{"resource":`, []string{"24 bytes, unexpected end of JSON input", `{"batches"`}, ""},
		"JSON of another":   {200, `{"message":"no such route","token":"geheim"}`, []string{"JSON that is no trace", "no such route"}, "geheim"},
		"a list":            {200, `[1,2]`, []string{"is no trace", "[1,2]"}, ""},
		"a long text":       {500, strings.Repeat("no ", 4000), []string{"500 Internal Server Error", "no no no", "..."}, strings.Repeat("no ", 80)},
		"a header repeated": {401, "Authorization: Bearer geheim.geheim rejected", []string{"401 Unauthorized", "Authorization: ..."}, "geheim"},
		"a web token":       {403, "bad session eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl of you", []string{"403 Forbidden", "bad session ... of you"}, "c2ln"},
		"a long word":       {400, "key " + strings.Repeat("a1", 30) + " is unknown", []string{"400 Bad Request", "key ... is unknown"}, "a1a1"},
		"no text":           {502, "\xff\xfe\x00", []string{"502 Bad Gateway"}, "\xff"},
		"tempo's own words": {400, "invalid TraceQL query: parse error at line 1, col 3: syntax error", []string{"parse error at line 1, col 3"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			})
			_, err := storeAt(server).Trace(t.Context(), id)
			for _, want := range c.says {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%q is missing in %v", want, err)
				}
			}
			if c.never != "" && strings.Contains(err.Error(), c.never) {
				t.Errorf("%q is in %v", c.never, err)
			}
			if len(err.Error()) > 600 {
				t.Errorf("%d characters", len(err.Error()))
			}
		})
	}
}

func TestStore_HidesAPasswordInItsAddress(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	store := verify.NewStore(verify.StoreOptions{URL: strings.Replace(server.URL, "http://", "http://user:geheim@", 1), Client: server.Client()})
	if _, err := store.Trace(t.Context(), id); err == nil || strings.Contains(err.Error(), "geheim") || !strings.Contains(err.Error(), "403") {
		t.Errorf("%v", err)
	}
}

func TestStore_ReadsNoEndlessAnswer(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		piece := []byte(strings.Repeat(" ", 1<<20))
		for r.Context().Err() == nil {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	})
	_, err := verify.NewStore(verify.StoreOptions{URL: server.URL, Client: server.Client(), Patience: 20 * time.Second}).Trace(t.Context(), id)
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "larger than 32 MiB") {
		t.Errorf("%v", err)
	}
}

// A connection that breaks in the middle of an answer is tried once more, and only then is an error.
func TestStore_ReadsAgainWhenItIsCutOff(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cuts int64
		fine bool
	}{"once": {1, true}, "always": {99, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				body := `{"batches":[` + batch("scopeSpans", "a", "1", "") + `]}`
				if asked.Add(1) <= c.cuts {
					w.Header().Set("Content-Length", fmt.Sprint(len(body)))
					_, _ = w.Write([]byte(body[:20]))
					panic(http.ErrAbortHandler)
				}
				_, _ = w.Write([]byte(body))
			})
			trace, err := storeAt(server).Trace(t.Context(), id)
			switch {
			case c.fine && (err != nil || len(trace.Spans) != 1 || asked.Load() != 2):
				t.Errorf("%v after %d", err, asked.Load())
			case !c.fine && (!fault.Is(err, fault.Unreachable) || !strings.Contains(err.Error(), "before the end of the answer") || asked.Load() != 2):
				t.Errorf("%v after %d", err, asked.Load())
			}
		})
	}
}

func TestStore_DoesNotWaitForeverForOneAnswer(t *testing.T) {
	t.Parallel()
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	store := verify.NewStore(verify.StoreOptions{URL: server.URL, Client: server.Client(), Patience: 50 * time.Millisecond})
	began := time.Now()
	_, err := store.Trace(t.Context(), id)
	if !fault.Is(err, fault.Unreachable) || !strings.Contains(err.Error(), verify.ErrTimeout) || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

func TestStore_AwaitLeavesItAloneAsLongAsItAsks(t *testing.T) {
	t.Parallel()
	var times []time.Time
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if times = append(times, time.Now()); len(times) == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		_, _ = w.Write([]byte(`{"batches":[` + batch("scopeSpans", "a", "1", "") + `]}`))
	})
	if _, err := storeAt(server).Await(t.Context(), id, verify.AwaitOptions{Services: []string{"a"}, Timeout: 10 * time.Second}); err != nil {
		t.Fatal(err)
	}
	if len(times) != 2 || times[1].Sub(times[0]) < time.Second {
		t.Errorf("asked at %v", times)
	}
}

// A store that asks for more time than there is, or that refuses, ends the wait at once.
func TestStore_AwaitEndsAtOnceWhereWaitingIsInVain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		after  string
		kind   fault.Kind
		says   string
	}{
		"too long a pause": {429, "3600", fault.Timeout, "come back in 1h0m0s), which is longer than the"},
		"a date":           {503, time.Now().Add(time.Hour).UTC().Format(http.TimeFormat), fault.Timeout, "503 Service Unavailable"},
		"no login":         {401, "", fault.Auth, "401 Unauthorized: no org id"},
		"no right":         {403, "", fault.Denied, "403 Forbidden: no org id"},
		"no store":         {302, "", fault.Invalid, "leads to https://login.example/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				if c.after != "" {
					w.Header().Set("Retry-After", c.after)
				}
				if c.status == http.StatusFound {
					w.Header().Set("Location", "https://login.example/")
				}
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte("no org id"))
			})
			_, err := storeAt(server).Await(t.Context(), id, verify.AwaitOptions{Services: []string{"a"}, Timeout: 20 * time.Second})
			if !fault.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) || asked.Load() != 1 {
				t.Errorf("%v after %d", err, asked.Load())
			}
		})
	}
}

func TestStore_AwaitTellsWhatChanges(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		switch n := asked.Add(1); {
		case n <= 2:
			w.WriteHeader(http.StatusNotFound)
		case n <= 4:
			_, _ = w.Write([]byte(`{"batches":[` + batch("scopeSpans", "a", "1", "") + `]}`))
		default:
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	var told []string
	_, err := storeAt(server).Await(t.Context(), id, verify.AwaitOptions{
		Services: []string{"a", "b"}, Timeout: 4 * time.Second, OnPending: func(seen string) { told = append(told, seen) },
	})
	if len(told) != 3 || told[0] != "the store does not have it" || told[1] != "it has 1 span of a, but none of b" || !strings.Contains(told[2], "500") {
		t.Errorf("told %q", told)
	}
	if !fault.Is(err, fault.Timeout) || !strings.Contains(err.Error(), "last seen: ") || !strings.Contains(err.Error(), "500 Internal Server Error") {
		t.Errorf("%v", err)
	}
}

func TestSkew_IsSaidByTheStoreAndByTheSpans(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(10*time.Minute).UTC().Format(http.TimeFormat))
	})
	if skew, known := storeAt(server).Skew(t.Context()); !known || (skew-10*time.Minute).Abs() > 3*time.Second {
		t.Errorf("%s %t", skew, known)
	}
	sent := time.Unix(1000, 0)
	at := func(seconds int64) verify.Trace {
		return verify.Trace{Spans: []verify.Span{{Start: time.Unix(seconds+5, 0)}, {Start: time.Unix(seconds, 0)}}}
	}
	for seconds, want := range map[int64]time.Duration{1000: 0, 1002: 0, 400: -10 * time.Minute, 1603: 10 * time.Minute} {
		if got := at(seconds).Skew(sent, 3*time.Second); got != want {
			t.Errorf("%d: %s", seconds, got)
		}
	}
}
