package life

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/conns"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/kubelet"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/webhook"
)

const headerTimeout = 10 * time.Second

// kubeletServer speaks TLS for the kubelets of all nodes. The API server verifies no name, as RKE2's does not for kubelets behind its proxy.
type kubeletServer struct {
	conns  *conns.Listener
	server *http.Server
	issuer *webhook.Issuer
}

func newKubeletServer(l *Life) (*kubeletServer, error) {
	api := &kubelet.Kubelet{View: l.view, Router: l, Logger: l.options.Logger}
	handler := api.Handler()
	if rule := l.options.Containers; rule != nil {
		transport, err := kubelet.NewTransport(l.options.TLSDir)
		if err != nil {
			return nil, err
		}
		handler = (&kubelet.Switch{Rule: rule, View: l.view, Transport: transport, Simulated: handler, Logger: l.options.Logger}).Handler()
	}
	return &kubeletServer{conns: conns.NewListener("kubelets"), issuer: l.issuer, server: &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, ErrorLog: quiet(l.options.Logger),
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			if secure, ok := conn.(*tls.Conn); ok {
				conn = secure.NetConn()
			}
			if own, ok := conn.(*nodeConn); ok {
				return kubelet.WithNode(ctx, own.node)
			}
			return ctx
		},
	}}, nil
}

// nodeConn is a connection that knows for the kubelet at which address it is.
type nodeConn struct {
	net.Conn
	node string
}

func (k *kubeletServer) run(ctx context.Context) {
	context.AfterFunc(ctx, func() { _ = k.server.Close() })
	_ = k.server.Serve(k.conns) // it ends with ErrServerClosed only
}

// serve speaks for the kubelet of the node at an address.
func (k *kubeletServer) serve(conn net.Conn, node string) {
	k.conns.Hand(tls.Server(&nodeConn{Conn: conn, node: node}, &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return k.issuer.For("kubelet") },
	}))
}

// webServer answers at the ports of pods that are no webhooks, over HTTP or HTTPS as the caller begins, with a line that says who it stands for.
type webServer struct {
	conns  *conns.Listener
	server *http.Server
	issuer *webhook.Issuer
}

type podKey struct{}

// podConn is a connection that knows for which pod it is.
type podConn struct {
	net.Conn
	pod *corev1.Pod
}

func newWebServer(issuer *webhook.Issuer, logger *slog.Logger) *webServer {
	web := &webServer{conns: conns.NewListener("pods"), issuer: issuer, server: &http.Server{
		Handler: http.HandlerFunc(standIn), ReadHeaderTimeout: headerTimeout, ErrorLog: quiet(logger),
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			if secure, ok := conn.(*tls.Conn); ok {
				conn = secure.NetConn()
			}
			if own, ok := conn.(*podConn); ok {
				return context.WithValue(ctx, podKey{}, own.pod)
			}
			return ctx
		},
	}}
	// The API server keeps connections by address. One that outlived its pod would answer for the next pod that gets the address.
	web.server.SetKeepAlivesEnabled(false)
	return web
}

func (w *webServer) run(ctx context.Context) {
	context.AfterFunc(ctx, func() { _ = w.server.Close() })
	_ = w.server.Serve(w.conns) // it ends with ErrServerClosed only
}

// tlsHandshake is the first byte of a TLS connection.
const tlsHandshake = 0x16

func (w *webServer) serve(conn net.Conn, pod *corev1.Pod) {
	reader := bufio.NewReader(conn)
	own := &podConn{Conn: &peeked{Conn: conn, reader: reader}, pod: pod}
	first, err := reader.Peek(1)
	if err != nil {
		_ = conn.Close()
		return
	}
	if first[0] != tlsHandshake {
		w.conns.Hand(own)
		return
	}
	w.conns.Hand(tls.Server(own, &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) { return w.issuer.For(hello.ServerName) },
	}))
}

type peeked struct {
	net.Conn
	reader *bufio.Reader
}

func (p *peeked) Read(b []byte) (int, error) { return p.reader.Read(b) }

func standIn(w http.ResponseWriter, r *http.Request) {
	pod, ok := r.Context().Value(podKey{}).(*corev1.Pod)
	if !ok {
		http.Error(w, "no pod", http.StatusInternalServerError)
		return
	}
	if aggregated(w, r) {
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = io.WriteString(w, fmt.Sprintf("stand-in for %s in pod %s/%s\n", pod.Spec.Containers[0].Image, pod.Namespace, pod.Name))
}

func quiet(logger *slog.Logger) *log.Logger {
	return slog.NewLogLogger(logger.Handler(), slog.LevelDebug)
}
