package provider_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// TestDataSources_NeverBreakAPlan asks each of them everything that can go wrong: it is a result, with a reason.
func TestDataSources_NeverBreakAPlan(t *testing.T) {
	t.Parallel()
	encrypted := httptest.NewUnstartedServer(http.NotFoundHandler())
	encrypted.Config.ErrorLog = log.New(io.Discard, "", 0)
	encrypted.StartTLS()
	t.Cleanup(encrypted.Close)
	says := func(status int, body string) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) {
			rw.WriteHeader(status)
			_, _ = rw.Write([]byte(body))
		}
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		err     error
		url     string
		reason  string
		// page says that for lab_http_check it is an answer like others.
		page bool
	}{
		"no cluster yet":    {err: fault.Newf(fault.Unreachable, "dial ssh: no route to host"), reason: "no route to host"},
		"no login":          {err: fault.Newf(fault.Auth, "no key is accepted"), reason: "o key is accepted"},
		"an unknown host":   {err: fault.Newf(fault.HostKey, "the key has changed"), reason: "he key has changed"},
		"another cluster":   {err: fault.Newf(fault.NotFound, "cluster uid-1 is gone"), reason: "is gone"},
		"no right":          {err: fault.Newf(fault.Denied, "neither create on pods/portforward nor get on services/proxy"), reason: "pods/portforward"},
		"nobody listens":    {url: "http://127.0.0.1:1", reason: "onnection refused"},
		"no such name":      {url: "http://page.invalid", reason: "ame does not resolve"},
		"no trusted TLS":    {url: encrypted.URL, reason: "TLS failed"},
		"no URL":            {url: "::", reason: "missing protocol scheme"},
		"slow":              {handler: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, reason: "o answer in time"},
		"cut off":           {handler: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, reason: "onnection closed before the end"},
		"401":               {handler: says(401, "no org id"), reason: "401 Unauthorized: no org id", page: true},
		"403":               {handler: says(403, ""), reason: "403 Forbidden", page: true},
		"404":               {handler: says(404, "not found"), reason: "404 Not Found: not found", page: true},
		"429":               {handler: says(429, ""), reason: "429 Too Many Requests", page: true},
		"503":               {handler: says(503, "warming up"), reason: "503 Service Unavailable: warming up", page: true},
		"a page":            {handler: says(200, "<html><title>Welcome</title></html>"), reason: `titled "Welcome"`, page: true},
		"nothing":           {handler: says(200, ""), reason: "(nothing)", page: true},
		"half an answer":    {handler: says(200, `{"traces":[{"traceID":"1"`), reason: "no JSON", page: true},
		"JSON of something": {handler: says(200, `{"status":"error","traces":"none","data":{"resultType":"none"}}`), reason: "none", page: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, address := newWorld(t), c.url
			w.http = &http.Client{Transport: &http.Transport{}}
			if c.handler != nil {
				server := httptest.NewUnstartedServer(c.handler)
				server.Config.ErrorLog = log.New(io.Discard, "", 0)
				server.Start()
				t.Cleanup(server.Close)
				address = server.URL
			}
			w.httpErr = c.err
			lab, patience := newCore(t, w, nil), "20s"
			if name == "slow" {
				patience = "300ms"
			}
			for source, config := range map[string]attrs{
				"lab_http_check":    {"url": address, "expect_status": []any{299}, "timeout": patience},
				"lab_traces":        {"tempo_url": address, "query": "{}", "timeout": patience},
				"lab_service_graph": {"prometheus_url": address, "timeout": patience},
			} {
				v, r := lab.read(source, config)
				if r.errors != "" || r.warnings != "" {
					t.Errorf("%s: errors %q, warnings %q", source, r.errors, r.warnings)
				}
				reachable, reason := textOf(t, v, "reachable"), textOf(t, v, "reason")
				if source == "lab_http_check" && c.page {
					if reachable != "true" || textOf(t, v, "passed") != "false" || !strings.Contains(reason, "expected is one of [299]") {
						t.Errorf("%s: reachable %s, reason %q", source, reachable, reason)
					}
					continue
				}
				if reachable != "false" || !strings.Contains(reason, c.reason) {
					t.Errorf("%s: reachable %s, reason %q lacks %q", source, reachable, reason, c.reason)
				}
			}
		})
	}
}

func TestTraces_SayWhatWasSearchedAndWhatTheQueryLacks(t *testing.T) {
	t.Parallel()
	w, _, address := answering(t, func(rw http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Query().Get("q"), "bad") {
			rw.WriteHeader(http.StatusBadRequest)
			_, _ = rw.Write([]byte("invalid TraceQL query: parse error at line 1, col 7: syntax error: unexpected IDENTIFIER"))
			return
		}
		rw.Header().Set("Date", "Mon, 02 Jan 2006 15:04:05 GMT")
		_, _ = rw.Write([]byte(`{"traces":[]}`))
	})
	lab := newCore(t, w, nil)
	v, r := lab.read("lab_traces", attrs{"tempo_url": address, "query": "{ bad }"})
	if r.errors != "" || textOf(t, v, "reachable") != "false" || !strings.Contains(textOf(t, v, "reason"), "parse error at line 1, col 7") {
		t.Errorf("%s %s", textOf(t, v, "reason"), r.errors)
	}
	v, r = lab.read("lab_traces", attrs{"tempo_url": address, "query": "{}", "end": "2026-01-02T15:00:00Z", "last": "30m"})
	hint := textOf(t, v, "hint")
	if r.errors != "" || textOf(t, v, "reachable") != "true" || !strings.Contains(hint, "between 2026-01-02T14:30:00Z and 2026-01-02T15:00:00Z") || !strings.Contains(hint, "The store's clock is") {
		t.Errorf("hint %q %s", hint, r.errors)
	}
	v, _ = lab.read("lab_traces", attrs{"tempo_url": address, "query": "{}", "start": "2026-01-02T15:00:00Z", "end": "2026-01-02T14:00:00Z"})
	if textOf(t, v, "reachable") != "false" || !strings.Contains(textOf(t, v, "reason"), "no time between start (2026-01-02T15:00:00Z)") {
		t.Errorf("reason %q", textOf(t, v, "reason"))
	}
}
