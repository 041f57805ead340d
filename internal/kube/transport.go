package kube

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

// Stats counts requests by verb: get, list, watch, create, update, patch, apply, delete, discovery, connect
// (logs, proxies, port forwards). Retries that client-go makes by itself count too.
type Stats struct {
	Requests map[string]int
}

// Total is the number of all requests.
func (s Stats) Total() int {
	total := 0
	for _, n := range s.Requests {
		total += n
	}
	return total
}

// counter counts requests where they leave, below authentication and retries.
type counter struct {
	prefix string
	log    *slog.Logger
	mu     sync.Mutex
	byVerb map[string]int
}

func newCounter(prefix string, log *slog.Logger) *counter {
	return &counter{prefix: strings.Trim(prefix, "/"), log: log, byVerb: map[string]int{}}
}

func (c *counter) wrap(rt http.RoundTripper) http.RoundTripper { return countingTransport{c, rt} }

func (c *counter) count(verb string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byVerb[verb]++
}

func (c *counter) stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := Stats{Requests: make(map[string]int, len(c.byVerb))}
	for verb, n := range c.byVerb {
		out.Requests[verb] = n
	}
	return out
}

type countingTransport struct {
	counter *counter
	next    http.RoundTripper
}

// RoundTrip counts, passes on and logs. Neither headers nor the query are logged, nor any body.
func (t countingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	verb := t.counter.verbOf(r)
	t.counter.count(verb)
	started := time.Now()
	response, err := t.next.RoundTrip(r)
	status := 0
	if response != nil {
		status = response.StatusCode
	}
	t.counter.log.DebugContext(r.Context(), "kubernetes request",
		"verb", verb, "path", r.URL.Path, "status", status, "took", time.Since(started).Round(time.Millisecond).String())
	return response, err
}

// WrappedRoundTripper lets client-go find the transport whose idle connections are to be closed.
func (t countingTransport) WrappedRoundTripper() http.RoundTripper { return t.next }

// verbOf names what a request does.
func (c *counter) verbOf(r *http.Request) string {
	parts := c.resourcePath(r.URL.Path)
	switch {
	case parts == nil:
		return "discovery"
	case len(parts) > 2 && (parts[2] == "log" || parts[2] == "proxy" || parts[2] == "portforward"):
		return "connect"
	case r.Method == http.MethodGet && r.URL.Query().Get("watch") == "true":
		return "watch"
	case r.Method == http.MethodGet && len(parts) == 1:
		return "list"
	case r.Method == http.MethodPatch && strings.HasPrefix(r.Header.Get("Content-Type"), "application/apply-patch"):
		return "apply"
	}
	return verbOfMethod[r.Method]
}

var verbOfMethod = map[string]string{
	http.MethodGet: "get", http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch", http.MethodDelete: "delete",
}

// resourcePath returns resource[, name[, subresource]] of a path of the Kubernetes API (/api/v1/..., or
// /apis/group/version/..., with or without namespaces/name), or nil for everything else.
func (c *counter) resourcePath(path string) []string {
	path = strings.TrimPrefix(strings.TrimPrefix(strings.Trim(path, "/"), c.prefix), "/")
	parts := strings.Split(path, "/")
	switch {
	case parts[0] == "api" && len(parts) > 2:
		parts = parts[2:]
	case parts[0] == "apis" && len(parts) > 3:
		parts = parts[3:]
	default:
		return nil
	}
	if parts[0] == "namespaces" && len(parts) > 2 {
		parts = parts[2:]
	}
	return parts
}

// warnings puts the API server's Warning headers into the log.
type warnings struct{ log *slog.Logger }

// HandleWarningHeaderWithContext logs one warning. Code 299 is the only one the API server uses.
func (w warnings) HandleWarningHeaderWithContext(ctx context.Context, code int, _, message string) {
	if code == 299 && message != "" {
		w.log.WarnContext(ctx, "the API server warns", "warning", message)
	}
}

var _ rest.WarningHandlerWithContext = warnings{}

var (
	klogOnce   sync.Once
	klogLogger atomic.Pointer[slog.Logger]
)

// routeKlog sends what client-go prints through klog, which is global to the process, to the newest client's
// logger instead of stderr.
func routeKlog(log *slog.Logger) {
	klogLogger.Store(log)
	klogOnce.Do(func() { klog.SetSlogLogger(slog.New(klogHandler{})) })
}

// klogHandler hands each record to the newest client's logger, at debug level: what matters comes back as an error.
type klogHandler struct{ attrs []slog.Attr }

// Enabled asks the logger behind.
func (klogHandler) Enabled(ctx context.Context, _ slog.Level) bool {
	return klogLogger.Load().Enabled(ctx, slog.LevelDebug)
}

// Handle passes a record on.
func (h klogHandler) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, slog.LevelDebug, "client-go: "+r.Message, r.PC)
	out.AddAttrs(h.attrs...)
	r.Attrs(func(a slog.Attr) bool { out.AddAttrs(a); return true })
	return klogLogger.Load().Handler().Handle(ctx, out)
}

// WithAttrs returns a handler that adds attrs to each record.
func (h klogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return klogHandler{append(append([]slog.Attr{}, h.attrs...), attrs...)}
}

// WithGroup drops the group: client-go's names are unique enough for a debug line.
func (h klogHandler) WithGroup(string) slog.Handler { return h }
