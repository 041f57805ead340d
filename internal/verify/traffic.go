package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// TrafficOptions say what is sent where.
type TrafficOptions struct {
	// URL is an http or https address. Its host is where the requests go; Host, when set, is what they ask for.
	URL, Host string
	// Method is GET when empty. Headers are added to every request.
	Method  string
	Headers map[string]string
	// Requests is how many are sent, at least one.
	Requests int
	// Rate bounds the requests a second; zero is no bound. Concurrency bounds those under way at once; zero is one.
	Rate        float64
	Concurrency int
	// Timeout bounds each request; zero is ten seconds.
	Timeout time.Duration
	// KeepTraces is how many trace ids are returned, those of the first requests that succeeded.
	KeepTraces int
}

// Traffic is what came of the requests.
type Traffic struct {
	// Sent requests got an answer or an error; Succeeded ones an answer with a status below 400.
	Sent, Succeeded int
	// Status counts the answers by status, Errors the requests without an answer by what went wrong.
	Status map[int]int
	Errors map[string]int
	// P50, P90, P99 and Max are latencies of the answers; zero without any.
	P50, P90, P99, Max time.Duration
	// TraceIDs are ids of traces that were asked for.
	TraceIDs []TraceID
	// Started and Ended are the times of this machine.
	Started, Ended time.Time
}

const defaultRequestTimeout = 10 * time.Second

// Send sends requests, each with a trace id of its own, and stops when ctx is cancelled: then it returns what was sent so
// far with the context's error. A request that fails is counted and is no error of Send; an address that cannot be
// used is, of kind fault.Invalid.
func Send(ctx context.Context, client *http.Client, o TrafficOptions) (Traffic, error) {
	if err := o.check(); err != nil {
		return Traffic{}, err
	}
	run := &traffic{options: o, client: client, out: Traffic{Status: map[int]int{}, Errors: map[string]int{}, Started: time.Now()}}
	limiter := rate.NewLimiter(rate.Inf, 1)
	if o.Rate > 0 {
		limiter.SetLimit(rate.Limit(o.Rate))
	}
	var sending errgroup.Group
	sending.SetLimit(max(o.Concurrency, 1))
	for range o.Requests {
		if limiter.Wait(ctx) != nil || ctx.Err() != nil {
			break
		}
		sending.Go(func() error {
			run.one(ctx)
			return nil
		})
	}
	_ = sending.Wait() // no request is an error of the whole
	run.out.Ended = time.Now()
	run.percentiles()
	return run.out, ctx.Err()
}

func (o TrafficOptions) check() error {
	u, err := url.Parse(o.URL)
	switch {
	case err != nil:
		return fault.Newf(fault.Invalid, "%q is no URL: %w", o.URL, err)
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return fault.Newf(fault.Invalid, "%q is no http or https address", o.URL)
	case o.Requests < 1:
		return fault.Newf(fault.Invalid, "%d requests cannot be sent", o.Requests)
	}
	return nil
}

// traffic is one run.
type traffic struct {
	options   TrafficOptions
	client    *http.Client
	mu        sync.Mutex
	out       Traffic
	latencies []time.Duration
}

func (t *traffic) one(ctx context.Context) {
	id := NewTraceID()
	began := time.Now()
	status, err := t.request(ctx, id)
	took := time.Since(began)
	if ctx.Err() != nil && err != nil {
		return // cut off by the caller, not by the far side
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.out.Sent++
	if err != nil {
		t.out.Errors[reason(err)]++
		return
	}
	t.latencies = append(t.latencies, took)
	t.out.Status[status]++
	if status < http.StatusBadRequest {
		t.out.Succeeded++
		if len(t.out.TraceIDs) < t.options.KeepTraces {
			t.out.TraceIDs = append(t.out.TraceIDs, id)
		}
	}
}

func (t *traffic) request(ctx context.Context, id TraceID) (int, error) {
	return Ask(ctx, t.client, id, t.options)
}

// Ask sends one request that belongs to a trace and returns the status of the answer. Of the options it takes what
// concerns one request.
func Ask(ctx context.Context, client *http.Client, id TraceID, o TrafficOptions) (int, error) {
	timeout := o.Timeout
	if timeout <= 0 {
		timeout = defaultRequestTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, o.Method, o.URL, nil)
	if err != nil {
		return 0, err
	}
	for name, value := range o.Headers {
		request.Header.Set(name, value)
	}
	id.Propagate(request.Header)
	request.Host = o.Host
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, errors.Join(err, response.Body.Close())
}

// reason shortens an error to what is the same for all requests that fail in the same way.
func reason(err error) string {
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return err.Error()
}

func (t *traffic) percentiles() {
	if len(t.latencies) == 0 {
		return
	}
	slices.Sort(t.latencies)
	at := func(share float64) time.Duration {
		return t.latencies[min(int(share*float64(len(t.latencies))), len(t.latencies)-1)]
	}
	t.out.P50, t.out.P90, t.out.P99, t.out.Max = at(0.5), at(0.9), at(0.99), t.latencies[len(t.latencies)-1]
}

// String says in one line what came of it: "100 sent, 98 answered well (2 x 503), p50 12ms, p99 80ms".
func (t Traffic) String() string {
	text := fmt.Sprintf("%d sent, %d answered well", t.Sent, t.Succeeded)
	for _, status := range sortedKeys(t.Status) {
		if status >= http.StatusBadRequest {
			text += fmt.Sprintf(", %d x %d", t.Status[status], status)
		}
	}
	for _, what := range sortedKeys(t.Errors) {
		text += fmt.Sprintf(", %d x %s", t.Errors[what], what)
	}
	if t.Max > 0 {
		text += fmt.Sprintf(", p50 %s, p99 %s", t.P50.Round(time.Millisecond), t.P99.Round(time.Millisecond))
	}
	return text
}
