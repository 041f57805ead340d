package kube_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
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

var pod = object.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "demo", Name: "web-1"}

const forwardPath = "/api/v1/namespaces/demo/pods/web-1/portforward"

// echo answers each data stream with the port and what came in, line by line, as a pod would.
func echo(stream httpstream.Stream, replied <-chan struct{}) error {
	go func() {
		<-replied
		if stream.Headers().Get("streamType") == "data" {
			lines := bufio.NewScanner(stream)
			for lines.Scan() {
				_, _ = fmt.Fprintf(stream, "port %s: %s\n", stream.Headers().Get("port"), lines.Text())
			}
		}
		_ = stream.Close()
	}()
	return nil
}

// overWebsocket tunnels SPDY through a websocket, as API servers since 1.31 do.
func overWebsocket(t *testing.T) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer a-token-of-the-test" {
			t.Error("the websocket is not authenticated")
		}
		upgrader := websocket.Upgrader{Subprotocols: []string{constants.WebsocketsSPDYTunnelingPrefix + portforward.PortForwardProtocolV1Name}}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		server, err := spdy.NewServerConnection(portforward.NewTunnelingConnection("server", conn), echo)
		if err != nil {
			t.Error(err)
			return
		}
		<-server.CloseChan()
	}
}

// overSPDY upgrades to SPDY itself, as API servers before 1.31 do.
func overSPDY(t *testing.T) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, err := httpstream.Handshake(r, w, []string{portforward.PortForwardProtocolV1Name}); err != nil {
			t.Error(err)
			return
		}
		conn := spdy.NewResponseUpgrader().UpgradeResponse(w, r, echo)
		if conn == nil {
			return
		}
		<-conn.CloseChan()
	}
}

func TestPortForward_CarriesData(t *testing.T) {
	t.Parallel()
	oldServer := fails(400, metav1.StatusReasonBadRequest, "Upgrade request required")
	cases := map[string]struct {
		get, post http.HandlerFunc
	}{
		"websocket": {overWebsocket(t), nil},
		"SPDY":      {oldServer, overSPDY(t)},
	}
	for name, c := range cases {
		for _, through := range []string{"direct", "dialer"} {
			t.Run(name+" "+through, func(t *testing.T) {
				t.Parallel()
				s := newStub(t)
				s.on("GET "+forwardPath, c.get)
				s.on("POST "+forwardPath, c.post)
				var dialled atomic.Int64
				client := s.client(func(config *kube.Config) {
					if through == "direct" {
						return
					}
					config.Host = "https://127.0.0.1:1"
					config.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
						dialled.Add(1)
						return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
					}
				})
				forward, err := client.PortForward(t.Context(), kube.ForwardOptions{Ref: pod, Port: "8080"})
				if err != nil {
					t.Fatal(err)
				}
				for i := range 3 {
					talk(t, forward.Addr, fmt.Sprintf("hello %d", i), fmt.Sprintf("port 8080: hello %d\n", i))
				}
				if through == "dialer" && dialled.Load() == 0 {
					t.Error("it did not pass the dialer")
				}
				if err := forward.Close(); err != nil {
					t.Error(err)
				}
				if _, err := net.Dial("tcp", forward.Addr); err == nil {
					t.Error("the port is still open")
				}
				if err := forward.Err(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func talk(t *testing.T, address, line, want string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, line+"\n"); err != nil {
		t.Fatal(err)
	}
	got, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || got != want {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
}

func TestPortForward_OutlivesItsContext(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.on("GET "+forwardPath, overWebsocket(t))
	ctx, cancel := context.WithCancel(t.Context())
	forward, err := s.client().PortForward(ctx, kube.ForwardOptions{Ref: pod, Port: "8080"})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	talk(t, forward.Addr, "still there", "port 8080: still there\n")
	if err := forward.Close(); err != nil {
		t.Error(err)
	}
}

func TestPortForward_SaysWhenItIsLost(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	lose := make(chan struct{})
	s.on("GET "+forwardPath, func(w http.ResponseWriter, r *http.Request) {
		upgrader := websocket.Upgrader{Subprotocols: []string{constants.WebsocketsSPDYTunnelingPrefix + portforward.PortForwardProtocolV1Name}}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		<-lose
		_ = conn.Close()
	})
	forward, err := s.client().PortForward(t.Context(), kube.ForwardOptions{Ref: pod, Port: "8080"})
	if err != nil {
		t.Fatal(err)
	}
	close(lose)
	<-forward.Done()
	if forward.Err() == nil {
		t.Error("it does not say why it ended")
	}
	if err := forward.Close(); err != nil {
		t.Error(err)
	}
}

func TestPortForward_ToAServiceChoosesAReadyPod(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.on("GET /api/v1/namespaces/demo/services/web", answer(object.Object{"kind": "Service", "apiVersion": "v1", "spec": object.Object{
		"ports": []any{object.Object{"name": "metrics", "port": 9090}, object.Object{"name": "http", "port": 80}},
	}}))
	endpoint := func(name string, ready bool) object.Object {
		return object.Object{"targetRef": object.Object{"kind": "Pod", "name": name}, "conditions": object.Object{"ready": ready}}
	}
	s.on("GET /apis/discovery.k8s.io/v1/namespaces/demo/endpointslices", list(object.Object{
		"ports":     []any{object.Object{"name": "metrics", "port": 1}, object.Object{"name": "http", "port": 8080}},
		"endpoints": []any{endpoint("web-0", false), endpoint("web-1", true)},
	}))
	s.on("GET "+forwardPath, overWebsocket(t))
	service := object.Ref{APIVersion: "v1", Kind: "Service", Namespace: "demo", Name: "web"}
	for _, port := range []string{"80", "http"} {
		forward, err := s.client().PortForward(t.Context(), kube.ForwardOptions{Ref: service, Port: port})
		if err != nil {
			t.Fatal(err)
		}
		talk(t, forward.Addr, "x", "port 8080: x\n")
		if err := forward.Close(); err != nil {
			t.Error(err)
		}
	}
	_, err := s.client().PortForward(t.Context(), kube.ForwardOptions{Ref: service, Port: "81"})
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("kind %q of %v", fault.KindOf(err), err)
	}
}

func TestPortForward_KeepsTheServersAnswer(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		answer http.HandlerFunc
		want   fault.Kind
	}{
		"no pod":     {fails(404, metav1.StatusReasonNotFound, `pods "web-1" not found`), fault.NotFound},
		"no right":   {fails(403, metav1.StatusReasonForbidden, `pods "web-1" is forbidden: User "u" cannot create resource "pods/portforward"`), fault.Denied},
		"no kubelet": {fails(500, metav1.StatusReasonInternalError, "error dialing backend: connection refused"), fault.Unreachable},
		"a proxy in between": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "no upgrades here", http.StatusBadGateway)
		}, fault.Unreachable},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t)
			s.on("GET "+forwardPath, c.answer)
			s.on("POST "+forwardPath, c.answer)
			_, err := s.client().PortForward(t.Context(), kube.ForwardOptions{Ref: pod, Port: "80"})
			if !fault.Is(err, c.want) || !strings.HasPrefix(err.Error(), "forwarding port 80 of Pod demo/web-1: ") {
				t.Errorf("kind %q of %v", fault.KindOf(err), err)
			}
		})
	}
}

func TestProxy(t *testing.T) {
	t.Parallel()
	service := object.Ref{APIVersion: "v1", Kind: "Service", Namespace: "demo", Name: "web"}
	s := newStub(t)
	base := "GET /api/v1/namespaces/demo/services/"
	s.on(base+"web:http/proxy/status", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "q="+r.URL.Query().Get("q"))
	})
	s.on(base+"https:web:443/proxy/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://elsewhere.test/", http.StatusFound)
	})
	s.on(base+"web:81/proxy/", fails(503, metav1.StatusReasonServiceUnavailable, `no endpoints available for service "web"`))
	client := s.client()
	got, err := client.Proxy(t.Context(), kube.ProxyOptions{Ref: service, Port: "http", Path: "/status", Query: map[string][]string{"q": {"a b"}}})
	if err != nil || got.Code != http.StatusTeapot || string(got.Body) != "q=a b" {
		t.Errorf("%d %q, %v", got.Code, got.Body, err)
	}
	got, err = client.Proxy(t.Context(), kube.ProxyOptions{Ref: service, Port: "443", HTTPS: true})
	if err != nil || got.Code != http.StatusFound || got.Header.Get("Location") != "https://elsewhere.test/" {
		t.Errorf("%d %v, %v", got.Code, got.Header, err)
	}
	if _, err = client.Proxy(t.Context(), kube.ProxyOptions{Ref: service, Port: "81", Path: "/"}); !fault.Is(err, fault.Unreachable) {
		t.Errorf("kind %q of %v", fault.KindOf(err), err)
	}
	if _, err = client.Proxy(t.Context(), kube.ProxyOptions{Ref: web, Path: "/"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("kind %q of %v", fault.KindOf(err), err)
	}
}
