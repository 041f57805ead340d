package kubelet

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/containers"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
)

// Switch sends what the API server asks of a kubelet to the one that knows: for pods that really run, and for the node as a whole, to the
// real kubelet of the node, else to the simulated one. A real kubelet has never heard of the simulated pods beside its own.
type Switch struct {
	Rule      *containers.Rule
	View      *cluster.View
	Transport http.RoundTripper
	Simulated http.Handler
	Logger    *slog.Logger
}

// NewTransport reaches the real kubelets with the API server's certificate for them (client-kube-apiserver). Their own certificate is
// not verified, nor does the API server do that when it is given no authority for kubelets.
func NewTransport(tlsDir string) (http.RoundTripper, error) {
	path := filepath.Join(tlsDir, "client-kube-apiserver")
	certificate, err := tls.LoadX509KeyPair(path+".crt", path+".key")
	if err != nil {
		return nil, fmt.Errorf("reading the certificate for kubelets: %w", err)
	}
	// A transport with a configuration of its own speaks HTTP/1.1 only, which upgrades to SPDY and WebSocket need.
	return &http.Transport{TLSClientConfig: &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate},
		InsecureSkipVerify: true,
	}}, nil
}

const kubeletPort = "10250"

type nodeKey struct{}

// WithNode notes at which node's address a request has come in. The API server asks the kubelet of the pod's own node.
func WithNode(ctx context.Context, address string) context.Context {
	return context.WithValue(ctx, nodeKey{}, address)
}

// Handler returns the kubelets' API.
func (s *Switch) Handler() http.Handler {
	proxy := &httputil.ReverseProxy{
		Transport:     s.Transport,
		FlushInterval: -1, // logs that are followed
		Rewrite: func(r *httputil.ProxyRequest) {
			address, _ := r.In.Context().Value(nodeKey{}).(string)
			r.SetURL(&url.URL{Scheme: "https", Host: net.JoinHostPort(address, kubeletPort)})
		},
		ErrorLog: slog.NewLogLogger(s.Logger.Handler(), slog.LevelDebug),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, "asking the node's kubelet: "+err.Error(), http.StatusBadGateway)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if namespace, name, ofPod := podOf(r.URL.Path); ofPod {
			if pod := s.View.Pod(namespace, name); pod == nil || !s.Rule.Real(pod) {
				s.Simulated.ServeHTTP(w, r)
				return
			}
		}
		proxy.ServeHTTP(w, r)
	})
}

// podOf tells of which pod a path of the kubelet's API speaks (kubernetes:pkg/kubelet/server/server.go InstallDebuggingHandlers); false for
// what concerns the node.
func podOf(path string) (namespace, name string, ofPod bool) {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if len(parts) < 3 {
		return "", "", false
	}
	switch parts[0] {
	case "containerLogs", "portForward", "exec", "attach", "run":
		return parts[1], parts[2], true
	}
	return "", "", false
}
