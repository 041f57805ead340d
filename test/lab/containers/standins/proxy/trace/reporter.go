package trace

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
)

// Origin is who a proxy's spans come from.
type Origin struct{ Service, Address string }

const (
	// every is how often spans are sent. Envoy waits five times as long (runtime tracing.zipkin.flush_interval_ms,
	// tracing.opentelemetry.flush_interval_ms); a lab does not.
	every = time.Second
	// full is the number of spans that are not held longer.
	full = 100
	// room is how many spans may wait; more are dropped.
	room = 2000
	// patience with a backend, as Envoy's.
	patience = 5 * time.Second
)

// Reporter sends spans in batches. Like Envoy it drops what cannot be delivered.
type Reporter struct {
	Logger *slog.Logger
	// Done counts spans by what became of them.
	Done func(kind string, sent bool, spans int)

	queue chan *Span
	mu    sync.Mutex
	from  Origin
	turn  int
	conns map[string]*grpc.ClientConn
}

// NewReporter makes a reporter that sends from Run.
func NewReporter(logger *slog.Logger, done func(kind string, sent bool, spans int)) *Reporter {
	return &Reporter{Logger: logger, Done: done, queue: make(chan *Span, room), conns: map[string]*grpc.ClientConn{}}
}

// From sets who the spans come from.
func (r *Reporter) From(origin Origin) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.from = origin
}

// Report takes a span; it never waits.
func (r *Reporter) Report(span *Span) {
	select {
	case r.queue <- span:
	default:
		r.Done(span.Tracing.Kind, false, 1)
	}
}

// Run sends until ctx ends, and then what is left.
func (r *Reporter) Run(ctx context.Context) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	var waiting []*Span
	for {
		select {
		case span := <-r.queue:
			if waiting = append(waiting, span); len(waiting) < full {
				continue
			}
		case <-ticker.C:
		case <-ctx.Done():
			r.flush(context.WithoutCancel(ctx), append(waiting, r.left()...))
			return
		}
		r.flush(ctx, waiting)
		waiting = nil
	}
}

func (r *Reporter) left() []*Span {
	var spans []*Span
	for {
		select {
		case span := <-r.queue:
			spans = append(spans, span)
		default:
			return spans
		}
	}
}

// flush sends spans to where the configuration sent them when they were made.
func (r *Reporter) flush(ctx context.Context, spans []*Span) {
	batches := map[*config.Tracing][]*Span{}
	for _, span := range spans {
		batches[span.Tracing] = append(batches[span.Tracing], span)
	}
	for tracing, batch := range batches {
		err := r.send(ctx, tracing, batch)
		if err != nil {
			r.Logger.WarnContext(ctx, "spans are lost", "spans", len(batch), "kind", tracing.Kind, "err", err)
		}
		r.Done(tracing.Kind, err == nil, len(batch))
	}
}

func (r *Reporter) send(ctx context.Context, t *config.Tracing, spans []*Span) error {
	if len(t.Addresses) == 0 {
		return fmt.Errorf("no address: %s", t.Reason)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r.mu.Lock()
	r.turn++
	address, origin := t.Addresses[r.turn%len(t.Addresses)], r.from
	r.mu.Unlock()
	switch t.Kind {
	case config.TracingZipkin:
		body, err := zipkin(origin, spans)
		if err != nil {
			return err
		}
		return post(ctx, "http://"+address+t.Path, "application/json", body)
	case config.TracingOTLPHTTP:
		body, err := proto.Marshal(otlp(origin, spans))
		if err != nil {
			return fmt.Errorf("writing spans for OTLP: %w", err)
		}
		return post(ctx, "http://"+address+t.Path, "application/x-protobuf", body)
	case config.TracingOTLPGRPC:
		return r.export(ctx, address, otlp(origin, spans))
	}
	return fmt.Errorf("unknown kind of tracing %q", t.Kind)
}

func post(ctx context.Context, url, kind string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("sending spans: %w", err)
	}
	request.Header.Set("Content-Type", kind)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("sending spans: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	if response.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("sending spans to %s: %s", url, response.Status)
	}
	return nil
}

func (r *Reporter) export(ctx context.Context, address string, request *collectorpb.ExportTraceServiceRequest) error {
	conn, known := r.conns[address]
	if !known {
		var err error
		if conn, err = grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials())); err != nil {
			return fmt.Errorf("sending spans to %s: %w", address, err)
		}
		r.conns[address] = conn
	}
	if _, err := collectorpb.NewTraceServiceClient(conn).Export(ctx, request); err != nil {
		// The pod behind the address may be gone for good.
		delete(r.conns, address)
		_ = conn.Close()
		return fmt.Errorf("sending spans to %s: %w", address, err)
	}
	return nil
}
