package relay

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/stats"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/trace"
)

// passage is what is to be done with one request.
type passage struct {
	// server names this proxy in the answer.
	server string
	// from and to are the workloads at both ends; to is found out where it is nil.
	from, to *config.Workload
	reporter string
	service  config.Service
	// answer, when set, is given instead of passing the request on.
	answer    answer
	cluster   string
	endpoints []config.Endpoint
	transport *http.Transport
	// path is the new escaped path; empty leaves it.
	path string
	// timeout in milliseconds; zero is none.
	timeout int64
	tracing *config.Tracing
	kind    trace.Kind
	// operation names the span.
	operation string
	// announce tells the other side who this is.
	announce bool
	// silent makes neither span nor metrics.
	silent bool
}

const (
	headerRequestID = "X-Request-Id"
	headerTook      = "X-Envoy-Upstream-Service-Time"
)

// pass does with a request what p says, and tells of it.
func (r *Relay) pass(w http.ResponseWriter, request *http.Request, p passage) {
	start := time.Now()
	if request.Header.Get(headerRequestID) == "" {
		request.Header.Set(headerRequestID, newRequestID())
	}
	out := &recorder{ResponseWriter: w, code: http.StatusOK}
	if p.silent {
		r.answered(out, request, &p)
		return
	}
	kind := p.kind
	upstream := p.tracing != nil && p.tracing.UpstreamSpan
	if upstream {
		kind = trace.Server
	}
	span := r.Tracer.Begin(request.Header, p.tracing, kind, p.operation)
	var child *trace.Span
	if upstream && p.answer == nil {
		child = span.Child(request.Header, p.operation)
	}
	received := max(0, request.ContentLength)
	flags := r.answered(out, request, &p)
	tags := r.tags(request, p, out, flags)
	failed := out.code >= http.StatusInternalServerError || flags != ""
	child.Finish(maps.Clone(tags), failed)
	span.Finish(tags, failed)
	r.Stats.Request(stats.Request{
		Reporter: p.reporter, From: p.from, To: p.to, Service: p.service, Protocol: "http", Code: out.code, Flags: flags,
		Duration: time.Since(start), Sent: out.size, Received: received,
	})
	if out.broken {
		panic(http.ErrAbortHandler) // it breaks the client's connection, too
	}
}

// answered answers a request, or has it answered, and returns Envoy's flags of what went wrong.
func (r *Relay) answered(w *recorder, request *http.Request, p *passage) string {
	if p.answer != nil {
		w.Header().Set("Server", p.server)
		return p.answer(w)
	}
	ctx, cancel := request.Context(), context.CancelFunc(func() {})
	if p.timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(p.timeout)*time.Millisecond)
	}
	defer cancel()
	if p.announce {
		announce(request.Header, r.Config().Proxy)
	}
	flags := ""
	start := time.Now()
	client := request.Context()
	tries := &tries{endpoints: p.endpoints, transport: p.transport}
	proxy := &httputil.ReverseProxy{
		Transport: tries, FlushInterval: -1, ErrorLog: nil,
		Rewrite: func(outgoing *httputil.ProxyRequest) { rewrite(outgoing, p.path) },
		ModifyResponse: func(response *http.Response) error {
			response.Header.Set("Server", p.server)
			response.Header.Set(headerTook, strconv.FormatInt(time.Since(start).Milliseconds(), 10))
			return nil
		},
		ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, err error) {
			w.Header().Set("Server", p.server)
			flags = failure(client.Err() != nil, err)(w)
		},
	}
	defer func() {
		// ReverseProxy ends so when an answer breaks off in the middle; the client shall see that, too.
		if broken := recover(); broken != nil {
			if err, ok := broken.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				panic(broken)
			}
			flags = "UPE"
			w.broken = true
		}
	}()
	proxy.ServeHTTP(w, request.WithContext(ctx))
	if p.to == nil && tries.used != nil && tries.used.Workload.Name != "" {
		p.to = &tries.used.Workload
	}
	return flags
}

// rewrite keeps what a proxy of Go's would change: the authority and the headers of forwarding.
func rewrite(r *httputil.ProxyRequest, path string) {
	r.Out.Host = r.In.Host
	r.Out.URL.Scheme, r.Out.URL.Host = "http", "upstream" // the endpoint's address comes with each try
	for _, name := range []string{"Forwarded", "X-Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if values := r.In.Header.Values(name); len(values) > 0 {
			r.Out.Header[name] = values
		}
	}
	r.Out.URL.RawQuery = r.In.URL.RawQuery
	if path == "" {
		return
	}
	if plain, err := url.PathUnescape(path); err == nil {
		r.Out.URL.Path, r.Out.URL.RawPath = plain, path
	}
}

// newRequestID is a random UUID, as Envoy gives to requests without one.
func newRequestID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // it never fails
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	text := hex.EncodeToString(id[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter

	code   int
	size   int64
	broken bool
}

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(code int) {
	if code >= http.StatusOK || code == http.StatusSwitchingProtocols {
		r.code = code
	}
	r.ResponseWriter.WriteHeader(code)
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(b []byte) (int, error) {
	n, err := r.ResponseWriter.Write(b)
	r.size += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
