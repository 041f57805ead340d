package kube_test

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	constants "k8s.io/apimachinery/pkg/util/portforward"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// podBehind is a pod whose port is an HTTP server, reached through forwarded ports that a test may cut.
type podBehind struct {
	t      *testing.T
	server *httptest.Server
	mu     sync.Mutex
	open   []*websocket.Conn
}

func newPodBehind(t *testing.T, handler http.HandlerFunc) *podBehind {
	t.Helper()
	p := &podBehind{t: t, server: httptest.NewUnstartedServer(handler)}
	p.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	p.server.Start()
	t.Cleanup(p.server.Close)
	return p
}

// forward carries the streams of one forwarded port.
func (p *podBehind) forward(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{Subprotocols: []string{constants.WebsocketsSPDYTunnelingPrefix + portforward.PortForwardProtocolV1Name}}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		p.t.Error(err)
		return
	}
	p.mu.Lock()
	p.open = append(p.open, conn)
	p.mu.Unlock()
	server, err := spdy.NewServerConnection(portforward.NewTunnelingConnection("server", conn), p.stream)
	if err != nil {
		p.t.Error(err)
		return
	}
	<-server.CloseChan()
}

func (p *podBehind) stream(stream httpstream.Stream, replied <-chan struct{}) error {
	go func() {
		<-replied
		if stream.Headers().Get("streamType") != "data" {
			_ = stream.Close()
			return
		}
		conn, err := (&net.Dialer{}).DialContext(p.t.Context(), "tcp", p.server.Listener.Addr().String())
		if err != nil {
			return
		}
		go func() {
			_, _ = io.Copy(conn, stream)
			_ = conn.Close()
		}()
		_, _ = io.Copy(stream, conn)
		_ = stream.Close()
	}()
	return nil
}

// cut ends all forwarded ports, as the loss of a pod or of an API server does.
func (p *podBehind) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.open {
		_ = conn.Close()
	}
	p.open = nil
}

// served makes the stub answer for Service demo/web with the pod behind it.
func (s *stub) served(p *podBehind) {
	s.on("GET /api/v1/namespaces/demo/services/web", answer(object.Object{"kind": "Service", "apiVersion": "v1", "spec": object.Object{"ports": []any{object.Object{"port": 80}}}}))
	s.on("GET /apis/discovery.k8s.io/v1/namespaces/demo/endpointslices", list(object.Object{
		"ports":     []any{object.Object{"port": 8080}},
		"endpoints": []any{object.Object{"targetRef": object.Object{"kind": "Pod", "name": "web-1"}, "conditions": object.Object{"ready": true}}},
	}))
	s.on("GET "+forwardPath, p.forward)
}

const (
	webAddress = "http://web.demo:80/"
	noForward  = `pods "web-1" is forbidden: User "u" cannot create resource "pods/portforward" in API group "" in the namespace "demo"`
)

// A forwarded port that was lost between two requests is opened again without anybody noticing.
func TestServices_OpenALostPortAgain(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	p := newPodBehind(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	s.served(p)
	services := s.client().Services()
	for range 3 {
		if got := ask(t, services, webAddress); got != "hello" {
			t.Errorf("got %q", got)
		}
		p.cut()
		services.AwaitLost("web.demo:80")
	}
	if opened := len(s.seen("GET " + forwardPath)); opened != 3 {
		t.Errorf("%d ports were opened", opened)
	}
}

// A request that is cut in the middle of its answer is an error: only its sender knows whether it may be sent again. The
// next one gets through.
func TestServices_RepeatNothingByThemselves(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	var p *podBehind
	var mu sync.Mutex
	var methods []string
	p = newPodBehind(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		first := len(methods) == 0
		methods = append(methods, r.Method)
		mu.Unlock()
		if !first {
			return
		}
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half of it")
		_ = http.NewResponseController(w).Flush()
		p.cut()
		<-r.Context().Done()
	})
	s.served(p)
	services := s.client().Services()
	post := get(t, webAddress)
	post.Method = http.MethodPost
	response, err := services.RoundTrip(post)
	if err == nil {
		_, err = io.ReadAll(response.Body)
		err = errors.Join(err, response.Body.Close())
	}
	if err == nil {
		t.Error("half of an answer is no error")
	}
	services.AwaitLost("web.demo:80")
	if got := ask(t, services, webAddress); got != "" {
		t.Errorf("got %q", got)
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(methods, []string{http.MethodPost, http.MethodGet}) {
		t.Errorf("the pod was asked %v", methods)
	}
}

// Where forwarding is not allowed, the proxy gets what the request carries, and nothing that the API server would take for
// its own.
func TestServices_FallBackToTheProxyWithEverythingTheRequestCarries(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	p := newPodBehind(t, nil)
	s.served(p)
	forbidden := fails(403, metav1.StatusReasonForbidden, noForward)
	s.on("GET "+forwardPath, forbidden)
	s.on("POST "+forwardPath, forbidden)
	const proxied = "GET /api/v1/namespaces/demo/services/web:80/proxy/api/traces/1"
	s.on(proxied, func(w http.ResponseWriter, r *http.Request) {
		want := map[string]string{"X-Scope-Orgid": "lab", "Traceparent": "00-1-2-01", "Authorization": "Bearer a-token-of-the-test", "Impersonate-User": ""}
		for name, value := range want {
			if got := r.Header.Get(name); got != value {
				t.Errorf("%s is %q", name, got)
			}
		}
		if r.Host != "page.example" || r.URL.Query().Get("a") != "b" {
			t.Errorf("asked for %s %s", r.Host, r.URL)
		}
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "proxied")
	})
	services := s.client().Services()
	request := get(t, "http://web.demo/api/traces/1?a=b")
	request.Host = "page.example"
	for name, value := range map[string]string{"X-Scope-OrgID": "lab", "Traceparent": "00-1-2-01", "Authorization": "Bearer stolen", "Impersonate-User": "root"} {
		request.Header.Set(name, value)
	}
	response, err := services.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil || response.StatusCode != http.StatusTeapot || string(body) != "proxied" {
		t.Errorf("%d %q %v", response.StatusCode, body, err)
	}

	post := get(t, "http://web.demo/api/traces/1")
	post.Method = http.MethodPost
	if _, err := services.RoundTrip(post); !fault.Is(err, fault.Denied) {
		t.Errorf("a POST went somewhere: %v", err)
	}
	s.on(proxied, fails(403, metav1.StatusReasonForbidden, `services "web" is forbidden: User "u" cannot get resource "services/proxy" in API group "" in the namespace "demo"`))
	_, err = services.RoundTrip(request)
	if !fault.Is(err, fault.Denied) || !strings.Contains(err.Error(), "in namespace demo neither create on pods/portforward") || !contains(err.Error(), `cannot get resource "services/proxy"`, `cannot create resource "pods/portforward"`) {
		t.Errorf("%v", err)
	}
}

func TestServices_ReadNoEndlessAnswerThroughTheProxy(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.served(newPodBehind(t, nil))
	forbidden := fails(403, metav1.StatusReasonForbidden, noForward)
	s.on("GET "+forwardPath, forbidden)
	s.on("POST "+forwardPath, forbidden)
	s.on("GET /api/v1/namespaces/demo/services/web:80/proxy/", func(w http.ResponseWriter, r *http.Request) {
		piece := make([]byte, 1<<20)
		for r.Context().Err() == nil {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	})
	if _, err := s.client().Services().RoundTrip(get(t, webAddress)); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "larger than 32 MiB") {
		t.Errorf("%v", err)
	}
}

// A lasting port stays where it is when what it leads to is lost; Close frees it.
func TestLastingForward_OpensALostForwardingAgain(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	p := newPodBehind(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	s.served(p)
	forward, err := s.client().LastingForward(t.Context(), kube.ForwardOptions{Ref: object.Ref{APIVersion: "v1", Kind: "Service", Namespace: "demo", Name: "web"}, Port: "80"})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if got := ask(t, &http.Transport{DisableKeepAlives: true}, "http://"+forward.Addr+"/"); got != "hello" {
			t.Errorf("got %q", got)
		}
		p.cut()
		forward.AwaitLost()
	}
	if opened := len(s.seen("GET " + forwardPath)); opened != 3 {
		t.Errorf("%d forwardings were opened", opened)
	}
	if err := forward.Close(); err != nil {
		t.Error(err)
	}
	if conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", forward.Addr); err == nil {
		t.Errorf("the port is still open: %v", conn.Close())
	}
}
