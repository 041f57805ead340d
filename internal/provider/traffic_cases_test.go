package provider_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/reach"
)

// interrupt is Ctrl-C: what Terraform tells a provider then.
func (c *core) interrupt() {
	c.t.Helper()
	if _, err := c.server.StopProvider(c.t.Context(), &tfprotov6.StopProviderRequest{}); err != nil {
		c.t.Error(err)
	}
}

// hanging is a page whose answers, after a number of good ones, never come; hung is called when all that may be under way
// at once are.
func hanging(good, hangs int, hung func()) http.HandlerFunc {
	var mu sync.Mutex
	asked := 0
	return func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked++
		now := asked
		mu.Unlock()
		if now <= good {
			return
		}
		if now == good+hangs {
			hung()
		}
		<-r.Context().Done()
	}
}

func TestTraffic_CtrlCEndsItAtOnceAndSaysWhatWasSent(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"resource", "action"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			var lab *core
			w, _, address := answering(t, hanging(6, 4, func() { go lab.interrupt() }))
			lab = newCore(t, w, nil)
			config := attrs{"url": address, "requests": 1000, "rate": 10000, "concurrency": 4, "request_timeout": "5m", "allow_external": true}
			began := time.Now()
			var r report
			if how == "action" {
				_, r = lab.invoke("lab_traffic", config)
			} else {
				var s *tracked
				if s, r = lab.apply("lab_traffic", nil, config); s != nil {
					t.Error("something is kept of it")
				}
			}
			for _, want := range []string{"was interrupted", "6 sent, 6 answered well", "4 more were under way"} {
				if !strings.Contains(r.errors, want) {
					t.Errorf("%q is missing in %s", want, r.errors)
				}
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestTraffic_ThatCannotBeSentInTimeIsRefusedAtPlan(t *testing.T) {
	t.Parallel()
	w, _, address := answering(t, func(http.ResponseWriter, *http.Request) {})
	lab := newCore(t, w, nil)
	config := attrs{"url": address, "requests": 1000, "rate": 0.5, "allow_external": true}
	if p := lab.plan("lab_traffic", nil, config); !strings.Contains(p.errors, "1000 requests at 0.5 a second take 33m18s, and timeouts.create is 20m0s") {
		t.Errorf("errors %q", p.errors)
	}
	config["timeouts"] = attrs{"create": "1h"}
	if p := lab.plan("lab_traffic", nil, config); p.errors != "" {
		t.Errorf("errors %q", p.errors)
	}
}

// A rate that fits can still meet answers that are too slow for it.
func TestTraffic_ThatIsNotDoneInTimeIsAnError(t *testing.T) {
	t.Parallel()
	w, _, address := answering(t, hanging(3, -1, nil))
	_, r := newCore(t, w, nil).apply("lab_traffic", nil, attrs{"url": address, "requests": 50, "rate": 1000, "concurrency": 1, "request_timeout": "1m", "allow_external": true, "timeouts": attrs{"create": "2s"}})
	for _, want := range []string{"took too long", "3 sent, 3 answered well, 1 more were under way", "Raise timeouts.create"} {
		if !strings.Contains(r.errors, want) {
			t.Errorf("%q is missing in %s", want, r.errors)
		}
	}
}

func TestTraffic_CountsByKindAndKeepsFewTraces(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	asked := 0
	w, _, address := answering(t, func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked++
		now := asked
		mu.Unlock()
		for _, name := range []string{"Traceparent", "B3", "X-B3-Traceid", "X-B3-Spanid", "X-B3-Sampled"} {
			if r.Header.Get(name) == "" {
				t.Errorf("request %d has no %s", now, name)
			}
		}
		switch now % 10 {
		case 1:
			rw.WriteHeader(http.StatusTooManyRequests)
		case 2:
			rw.WriteHeader(http.StatusBadGateway)
		case 3:
			panic(http.ErrAbortHandler)
		}
	})
	s, r := newCore(t, w, nil).apply("lab_traffic", nil, attrs{"url": address, "requests": 100, "rate": 10000, "concurrency": 1, "allow_external": true})
	if r.errors != "" {
		t.Fatal(r.errors)
	}
	// A connection that was used before and breaks without a byte is tried again by Go's own client.
	if got := textOf(t, s.value, "status_counts"); !strings.Contains(got, "429=") || !strings.Contains(got, "502=") || textOf(t, s.value, "sent") != "100" {
		t.Errorf("%s of %s", got, textOf(t, s.value, "sent"))
	}
	if got := strings.Fields(textOf(t, s.value, "trace_ids")); len(got) != 20 {
		t.Errorf("%d trace ids", len(got))
	}

	_, r = newCore(t, w, nil).apply("lab_traffic", nil, attrs{"url": "http://127.0.0.1:1/", "requests": 3, "allow_external": true})
	if r.errors != "" || !strings.Contains(r.warnings, "No request succeeded") || !strings.Contains(r.warnings, "3 x connection refused") {
		t.Errorf("errors %q, warnings %q", r.errors, r.warnings)
	}
}

func TestTraffic_FollowsNoRedirectOutOfTheLab(t *testing.T) {
	t.Parallel()
	w, _, address := answering(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			t.Error("the redirect was followed")
		}
		http.Redirect(rw, r, "/elsewhere", http.StatusMovedPermanently)
	})
	s, r := newCore(t, w, nil).apply("lab_traffic", nil, attrs{"url": address, "requests": 3, "allow_external": true})
	if r.errors != "" || !strings.Contains(r.warnings, "Requests were redirected") || !strings.Contains(r.warnings, "(to /elsewhere), which are not followed") || textOf(t, s.value, "status_counts") != "{301=3}" {
		t.Errorf("errors %q, warnings %q", r.errors, r.warnings)
	}
}

// What a name was found to be is where the requests go: another answer of a resolver later changes nothing.
func TestTraffic_GoesToTheAddressThatWasLookedUp(t *testing.T) {
	t.Parallel()
	w, e, address := answering(t, func(http.ResponseWriter, *http.Request) {})
	lab := newCore(t, w, nil)
	named := strings.Replace(address, "127.0.0.1", "localhost", 1)
	config := attrs{"url": named, "host": "page.example:80", "requests": 1}
	if _, r := lab.apply("lab_traffic", nil, config); !strings.Contains(r.errors, "localhost (") || !strings.Contains(r.errors, "allow_external = true") {
		t.Errorf("errors %q", r.errors)
	}
	if _, r := lab.apply("lab_traffic", nil, attrs{"url": "http://page.invalid/", "requests": 1}); !strings.Contains(r.errors, "page.invalid does not resolve here") {
		t.Errorf("errors %q", r.errors)
	}
	e.set(func(e *fakeEngine) {
		pool := object.New(object.Ref{APIVersion: "metallb.io/v1beta1", Kind: "IPAddressPool", Namespace: "metallb-system", Name: "p"})
		object.Set(pool, []any{"127.0.0.0/8", "::1/128"}, "spec", "addresses")
		e.live[object.RefOf(pool)] = pool
	})
	if _, r := lab.apply("lab_traffic", nil, config); r.errors != "" {
		t.Fatal(r.errors)
	}
	sent := w.sent[len(w.sent)-1]
	if pinned := sent.Pinned["localhost"]; (pinned != "127.0.0.1" && pinned != "::1") || sent.ServerName != "page.example" || sent.Via != reach.ViaLocal {
		t.Errorf("sent with %+v", sent)
	}
}
