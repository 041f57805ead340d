// Package supervisor knows the endpoints of port 9345, through which nodes join.
package supervisor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/pki"
)

// Port is where the supervisor listens.
const Port = "9345"

// ClusterConfig is what a server tells joining nodes about the cluster. The names are those of the real answer.
type ClusterConfig struct {
	ClusterIPRange   string `json:"ClusterIPRange"`
	ServiceIPRange   string `json:"ServiceIPRange"`
	ClusterDNS       string `json:"ClusterDNS"`
	ClusterDomain    string `json:"ClusterDomain"`
	SupervisorPort   int    `json:"SupervisorPort"`
	HTTPSPort        int    `json:"HTTPSPort"`
	DisableKubeProxy bool   `json:"DisableKubeProxy"`
	// CNI is the stand-in's own field: nodes of a cluster without a network plugin stay NotReady.
	CNI string `json:"LabCNI"`
	// Critical are the settings that all servers must share, as one comparable text.
	Critical string `json:"LabCritical"`
}

// Options say what the supervisor serves.
type Options struct {
	TLSDir  string // server/tls
	Names   []string
	IPs     []net.IP
	Users   func() Users
	Cluster ClusterConfig
	Nodes   *NodePasswords
	Servers func(ctx context.Context) ([]string, error) // API server addresses, host:port
	Ready   func() bool                                 // whether the API server is up
	// Commands answers the commands that are run on this host, below /db/ and at /v1-rke2/token.
	Commands http.Handler
	Logger   *slog.Logger
}

// Serve answers on a listener until ctx ends.
func Serve(ctx context.Context, listener net.Listener, o Options) error {
	config, err := serverTLS(o)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           handler(o),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(o.Logger.Handler(), slog.LevelDebug),
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	err = server.Serve(tls.NewListener(listener, config))
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func serverTLS(o Options) (*tls.Config, error) {
	ca, err := pki.Load(o.TLSDir + "/server-ca")
	if err != nil {
		return nil, err
	}
	key, keyPEM, err := pki.NewKey()
	if err != nil {
		return nil, err
	}
	certPEM, err := ca.Sign(pki.Request{
		CommonName: "rke2", Organization: []string{"rke2"}, DNSNames: o.Names, IPs: o.IPs, Usage: x509.ExtKeyUsageServerAuth,
	}, key.Public())
	if err != nil {
		return nil, err
	}
	cert, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, err
	}
	clientCA, err := pki.Load(o.TLSDir + "/client-ca")
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(clientCA.PEM)
	return &tls.Config{
		Certificates: []tls.Certificate{cert},
		ClientCAs:    pool,
		ClientAuth:   tls.VerifyClientCertIfGiven,
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"http/1.1"},
	}, nil
}

func handler(o Options) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) { plain(w, "pong") })
	mux.HandleFunc("GET /cacerts", file(o.TLSDir+"/server-ca.crt"))

	agent := func(h http.HandlerFunc) http.HandlerFunc { return o.allow(roleAgent, h) }
	mux.HandleFunc("GET /v1-rke2/readyz", agent(o.readyz))
	mux.HandleFunc("GET /v1-rke2/config", agent(func(w http.ResponseWriter, _ *http.Request) { answer(w, o.Cluster) }))
	mux.HandleFunc("GET /v1-rke2/client-ca.crt", agent(file(o.TLSDir+"/client-ca.crt")))
	mux.HandleFunc("GET /v1-rke2/server-ca.crt", agent(file(o.TLSDir+"/server-ca.crt")))
	mux.HandleFunc("GET /v1-rke2/apiservers", agent(o.apiservers))
	mux.HandleFunc("POST /v1-rke2/client-kubelet.crt", agent(o.nodeCert(kubeletClient)))
	mux.HandleFunc("POST /v1-rke2/serving-kubelet.crt", agent(o.nodeCert(kubeletServing)))
	mux.HandleFunc("POST /v1-rke2/client-kube-proxy.crt", agent(o.nodeCert(proxyClient)))
	mux.HandleFunc("GET /v1-rke2/server-bootstrap", o.allow(roleServer, o.bootstrap))
	mux.HandleFunc("/v1-rke2/token", o.allow(roleServer, o.Commands.ServeHTTP))
	mux.HandleFunc("/db/", o.allow(roleServer, o.Commands.ServeHTTP))
	return mux
}

func (o Options) readyz(w http.ResponseWriter, _ *http.Request) {
	if !o.Ready() {
		refuse(w, http.StatusServiceUnavailable, "runtime core not ready")
		return
	}
	plain(w, "ok")
}

func (o Options) apiservers(w http.ResponseWriter, r *http.Request) {
	servers, err := o.Servers(r.Context())
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, "failed to list apiserver endpoints: "+err.Error())
		return
	}
	answer(w, servers)
}

func plain(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain")
	_, _ = w.Write([]byte(text))
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

// refuse answers with a Kubernetes Status, which is the form of the real supervisor's errors.
func refuse(w http.ResponseWriter, code int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(kubeapi.Object{
		"kind": "Status", "apiVersion": "v1", "metadata": kubeapi.Object{}, "status": "Failure",
		"message": message, "reason": http.StatusText(code), "code": code,
	})
}
