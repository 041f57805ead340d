package verify

import (
	"context"
	"net/http"
	"net/url"
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
	// OnProgress is told every few seconds what there is so far; it may be nil.
	OnProgress func(Traffic)
}

// progressPeriod is how often OnProgress is called.
const progressPeriod = 5 * time.Second

// Send sends requests, each with a trace id of its own, and stops when ctx is cancelled: then it returns what was sent so
// far with the context's error. A time that is too short for all requests is fault.Timeout, with what was sent until
// then. A request that fails is counted and is no error of Send; an address that cannot be used is, of kind
// fault.Invalid. Redirects are answers like others and are not followed.
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
	told := time.Now()
	late := false
	for range o.Requests {
		// The limiter gives up at once where the deadline comes before a request's turn; ctx is still alive then.
		if err := limiter.Wait(ctx); err != nil || ctx.Err() != nil {
			late = ctx.Err() == nil
			break
		}
		sending.Go(func() error {
			run.one(ctx)
			return nil
		})
		if o.OnProgress != nil && time.Since(told) >= progressPeriod {
			told = time.Now()
			o.OnProgress(run.soFar())
		}
	}
	_ = sending.Wait() // no request is an error of the whole
	return run.end(ctx, late)
}

func (o TrafficOptions) check() error {
	u, err := url.Parse(o.URL)
	switch {
	case err != nil:
		return fault.Newf(fault.Invalid, "%q is no URL: %w", o.URL, err)
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
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
	if ctx.Err() != nil {
		return // its turn came too late
	}
	id := NewTraceID()
	began := time.Now()
	answer, err := Ask(ctx, t.client, id, t.options)
	took := time.Since(began)
	t.mu.Lock()
	defer t.mu.Unlock()
	if ctx.Err() != nil && err != nil {
		t.out.Cut++ // by the caller, not by the far side
		return
	}
	t.out.Sent++
	if err != nil {
		t.out.failed(err)
		return
	}
	t.latencies = append(t.latencies, took)
	t.out.answered(answer)
	if answer.Status < http.StatusBadRequest && len(t.out.TraceIDs) < t.options.KeepTraces {
		t.out.TraceIDs = append(t.out.TraceIDs, id)
	}
}

// soFar is a copy of what there is while requests are under way.
func (t *traffic) soFar() Traffic {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.out.copied()
}

func (t *traffic) end(ctx context.Context, late bool) (Traffic, error) {
	t.out.Ended = time.Now()
	t.out.latencies(t.latencies)
	if late || isDeadline(ctx.Err()) {
		return t.out, fault.Newf(fault.Timeout, "the time was too short for %d requests", t.options.Requests)
	}
	return t.out, ctx.Err()
}
