package bench_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/rke2"
	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
)

// proxy stands before a Kubernetes API and counts what its clients ask. It is the same for every provider, and the control
// plane's own requests do not pass it.
type proxy struct {
	kubeconfig string // path of a kubeconfig that leads through the proxy, as administrator

	mu      sync.Mutex
	counted requests
}

// kubeconfig is what is needed of the file.
type kubeconfig struct {
	Clusters []struct {
		Cluster struct {
			Server string `json:"server"`
			CA     []byte `json:"certificate-authority-data"`
		} `json:"cluster"`
	} `json:"clusters"`
	Users []struct {
		User struct {
			Certificate []byte `json:"client-certificate-data"`
			Key         []byte `json:"client-key-data"`
		} `json:"user"`
	} `json:"users"`
}

// newProxy stands before the API of an RKE2 server until the test is over.
func newProxy(t testing.TB, host *hosts.Host) *proxy {
	t.Helper()
	text, err := host.Run(t.Context(), "cat /etc/rancher/rke2/rke2.yaml")
	if err != nil {
		t.Fatal(err)
	}
	at, err := rke2.KubeconfigAt([]byte(text), host.Address().String())
	if err != nil {
		t.Fatal(err)
	}
	var config kubeconfig
	if err := yaml.Unmarshal(at, &config); err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(config.Clusters[0].Cluster.Server)
	if err != nil {
		t.Fatal(err)
	}
	client, err := tls.X509KeyPair(config.Users[0].User.Certificate, config.Users[0].User.Key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(config.Clusters[0].Cluster.CA)

	p := &proxy{counted: requests{}, kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	forward := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		FlushInterval: -1,
		Transport: &http.Transport{
			TLSClientConfig:     &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{client}, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: 100,
		},
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.count(r)
		forward.ServeHTTP(w, r)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	err = os.WriteFile(p.kubeconfig, fmt.Appendf(nil, kubeconfigText, server.URL, base64.StdEncoding.EncodeToString(authority)), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The proxy asks its clients for no credentials: it is reachable on the loopback of the lab's namespaces alone.
const kubeconfigText = `apiVersion: v1
kind: Config
clusters:
- name: lab
  cluster:
    server: %s
    certificate-authority-data: %s
contexts:
- name: lab
  context: {cluster: lab, user: lab}
current-context: lab
users:
- name: lab
  user: {}
`

func (p *proxy) count(r *http.Request) {
	resource, named := resourceOf(r.URL.Path)
	verb := strings.ToLower(r.Method)
	switch {
	case resource == "discovery":
		verb = "discovery"
	case r.URL.Query().Get("watch") == "true":
		verb = "watch"
	case verb == "get" && !named:
		verb = "list"
	case verb == "post":
		verb = "create"
	case verb == "put":
		verb = "update"
	case strings.HasPrefix(r.Header.Get("Content-Type"), "application/apply-patch"):
		verb = "apply"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counted[request{verb, resource}]++
}

// take returns what was counted since the last call.
func (p *proxy) take() requests {
	p.mu.Lock()
	defer p.mu.Unlock()
	counted := maps.Clone(p.counted)
	clear(p.counted)
	return counted
}
