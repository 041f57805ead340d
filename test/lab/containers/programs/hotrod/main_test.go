package main

import (
	"context"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collectorv1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// asProgram in the environment makes the test binary the program itself.
const asProgram = "LAB_TEST_AS_HOTROD"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// store is the receiving end of OTLP over HTTP: which services had spans in which trace.
type store struct {
	mutex    sync.Mutex
	services map[string][]string // by trace id
	refused  []string            // what could not be read
}

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var request collectorv1.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &request)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err != nil || r.URL.Path != "/v1/traces" {
		s.refused = append(s.refused, r.URL.Path)
		http.Error(w, "not OTLP", http.StatusBadRequest)
		return
	}
	for _, resource := range request.GetResourceSpans() {
		for _, attribute := range resource.GetResource().GetAttributes() {
			if attribute.GetKey() != "service.name" {
				continue
			}
			for _, scope := range resource.GetScopeSpans() {
				for _, span := range scope.GetSpans() {
					id := hex.EncodeToString(span.GetTraceId())
					s.services[id] = append(s.services[id], attribute.GetValue().GetStringValue())
				}
			}
		}
	}
}

func (s *store) of(trace string) []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	all := slices.Clone(s.services[trace])
	slices.Sort(all)
	return slices.Compact(all)
}

// TestHotROD_TraceOfDispatch starts HotROD as the sample application does and looks for the trace that its request began.
func TestHotROD_TraceOfDispatch(t *testing.T) {
	t.Parallel()
	spans := &store{services: map[string][]string{}}
	receiver := httptest.NewServer(spans)
	defer receiver.Close()
	frontend := start(t, receiver.URL)

	const trace = "0af7651916cd43dd8448eb211c80319c"
	await(t, "HotROD answers", func() bool {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+frontend+"/dispatch?customer=123", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Traceparent", "00-"+trace+"-b7ad6b7169203331-01")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return false
		}
		defer func() { _ = answer.Body.Close() }()
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(body), "ETA") {
			t.Fatalf("%s: %s (%v)", answer.Status, body, err)
		}
		return true
	})
	want := []string{"customer", "driver", "frontend", "mysql", "redis-manual", "route"}
	await(t, "the trace has spans of all services", func() bool { return slices.Equal(spans.of(trace), want) })
	if len(spans.refused) > 0 {
		t.Errorf("it sent something else to %v", spans.refused)
	}
}

// start runs HotROD until the test ends and returns the address of its pages.
func start(t *testing.T, endpoint string) string {
	t.Helper()
	frontend := free(t)
	args := []string{"all"}
	for name, address := range map[string]string{"frontend": frontend, "customer": free(t), "driver": free(t), "route": free(t)} {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, "--"+name+"-service-hostname", host, "--"+name+"-service-port", port)
	}
	ctx, stop := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "OTEL_EXPORTER_OTLP_ENDPOINT="+endpoint)
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Log(output.String())
		}
	})
	return frontend
}

// free is an address on loopback that nobody listens at.
func free(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		<-tick.C
	}
}
