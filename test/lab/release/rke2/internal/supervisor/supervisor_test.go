package supervisor_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/jointoken"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/pki"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/supervisor"
)

// fixture is a supervisor on loopback with an API server that knows secrets only.
type fixture struct {
	url   string
	ca    []byte
	tls   string
	ready atomic.Bool
}

func start(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{tls: filepath.Join(t.TempDir(), "tls")}
	if err := pki.Ensure(f.tls); err != nil {
		t.Fatal(err)
	}
	var err error
	if f.ca, err = os.ReadFile(filepath.Join(f.tls, "server-ca.crt")); err != nil {
		t.Fatal(err)
	}
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	api := secretServer(t)
	done := make(chan error, 1)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	go func() {
		done <- supervisor.Serve(ctx, listener, supervisor.Options{
			TLSDir: f.tls, Names: []string{"localhost"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1)},
			Users:   func() supervisor.Users { return supervisor.Users{Server: "s3rver", Agent: "ag3nt"} },
			Cluster: supervisor.ClusterConfig{ClusterDNS: "10.43.0.10", CNI: "canal"},
			Nodes:   &supervisor.NodePasswords{API: func() (*kubeapi.Client, error) { return api, nil }},
			Servers: func(context.Context) ([]string, error) { return []string{"10.0.0.1:6443"}, nil },
			Ready:   f.ready.Load, Commands: http.NotFoundHandler(), Logger: slog.New(slog.DiscardHandler),
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	f.url = "https://" + listener.Addr().String()
	return f
}

// secretServer is an API server that creates and returns secrets.
func secretServer(t *testing.T) *kubeapi.Client {
	t.Helper()
	var mu sync.Mutex
	secrets := map[string]map[string]any{}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		switch r.Method {
		case http.MethodPost:
			var o map[string]any
			if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
				t.Error(err)
			}
			o["data"] = map[string]any{"hash": base64.StdEncoding.EncodeToString([]byte(kubeapi.Text(o, "stringData", "hash")))}
			secrets[kubeapi.Text(o, "metadata", "name")] = o
			_ = json.NewEncoder(w).Encode(o)
		case http.MethodGet:
			o, ok := secrets[filepath.Base(r.URL.Path)]
			if !ok {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			_ = json.NewEncoder(w).Encode(o)
		default:
			t.Errorf("unexpected %s %s", r.Method, r.URL)
		}
	}))
	t.Cleanup(server.Close)
	key, keyPEM, err := pki.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := pki.Ensure(dir); err != nil {
		t.Fatal(err)
	}
	authority, err := pki.Load(filepath.Join(dir, "client-ca"))
	if err != nil {
		t.Fatal(err)
	}
	cert, err := authority.Sign(pki.Request{CommonName: "admin", Usage: x509.ExtKeyUsageClientAuth}, key.Public())
	if err != nil {
		t.Fatal(err)
	}
	serverCA := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	client, err := kubeapi.New(kubeapi.Options{Server: server.URL, CA: serverCA, Cert: cert, Key: keyPEM})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func (f *fixture) connect(t *testing.T, token string) *supervisor.Client {
	t.Helper()
	c, err := supervisor.Connect(t.Context(), supervisor.ClientOptions{Server: f.url, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSupervisor_ServesAgents(t *testing.T) {
	t.Parallel()
	f := start(t)
	for name, token := range map[string]string{
		"server token": jointoken.Format(f.ca, "server", "s3rver"), "agent token": jointoken.Format(f.ca, "node", "ag3nt"), "bare password": "ag3nt",
	} {
		c := f.connect(t, token)
		cluster, err := c.Cluster(t.Context())
		if err != nil || cluster.ClusterDNS != "10.43.0.10" {
			t.Errorf("%s: %+v, %v", name, cluster, err)
		}
		if servers, err := c.APIServers(t.Context()); err != nil || len(servers) != 1 {
			t.Errorf("%s: %v, %v", name, servers, err)
		}
		if ca, err := c.File(t.Context(), "server-ca.crt"); err != nil || string(ca) != string(f.ca) {
			t.Errorf("%s: CA differs, %v", name, err)
		}
	}
}

func TestSupervisor_RefusesStrangers(t *testing.T) {
	t.Parallel()
	f := start(t)
	if _, err := f.connect(t, "wrong").Cluster(t.Context()); err == nil || !strings.HasSuffix(err.Error(), "/v1-rke2/config: 401 Unauthorized") {
		t.Errorf("wrong password: %v", err)
	}
	if _, err := f.connect(t, "ag3nt").Bootstrap(t.Context()); err == nil || !strings.HasSuffix(err.Error(), "403 Forbidden") {
		t.Errorf("agent asks for the cluster's keys: %v", err)
	}
	_, err := supervisor.Connect(t.Context(), supervisor.ClientOptions{Server: f.url, Token: jointoken.Format([]byte("other"), "server", "s3rver")})
	if err == nil || !strings.Contains(err.Error(), "token CA hash does not match the Cluster CA certificate hash") {
		t.Errorf("another cluster's token: %v", err)
	}
	_, err = supervisor.Connect(t.Context(), supervisor.ClientOptions{Server: strings.Replace(f.url, "https", "http", 1), Token: "s3rver"})
	if err == nil || !strings.Contains(err.Error(), "only https:// URLs are supported") {
		t.Errorf("plain http: %v", err)
	}
}

func TestSupervisor_GivesServersTheSharedFiles(t *testing.T) {
	t.Parallel()
	f := start(t)
	files, err := f.connect(t, "s3rver").Bootstrap(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range pki.SharedFiles {
		want, err := os.ReadFile(filepath.Join(f.tls, name))
		if err != nil || string(files[name]) != string(want) {
			t.Errorf("%s differs, %v", name, err)
		}
	}
}

func TestSupervisor_NodeKeepsItsName(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.connect(t, "ag3nt")
	csr := request(t)
	first := supervisor.Node{Name: "Web1", Password: "one", PasswordFile: "/etc/rancher/node/password"}
	cert, err := c.Certificate(t.Context(), "client-kubelet", first, csr)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(cert)
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil || parsed.Subject.CommonName != "system:node:web1" || parsed.Subject.Organization[0] != "system:nodes" {
		t.Errorf("certificate of %v, %v", parsed.Subject, err)
	}
	if _, err := c.Certificate(t.Context(), "serving-kubelet", first, csr); err != nil {
		t.Errorf("the same machine again: %v", err)
	}
	proxy, err := c.Certificate(t.Context(), "client-kube-proxy", first, csr)
	if err != nil {
		t.Fatal(err)
	}
	block, _ = pem.Decode(proxy)
	if parsed, err = x509.ParseCertificate(block.Bytes); err != nil || parsed.Subject.CommonName != "system:kube-proxy" || len(parsed.Subject.Organization) != 0 {
		t.Errorf("certificate of kube-proxy: %v, %v", parsed.Subject, err)
	}
	second := first
	second.Password = "two"
	if _, err := c.Certificate(t.Context(), "client-kubelet", second, csr); err == nil ||
		!strings.HasPrefix(err.Error(), "Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password'") {
		t.Errorf("another machine: %v", err)
	}
}

func request(t *testing.T) []byte {
	t.Helper()
	key, _, err := pki.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	return csr
}

func TestSupervisor_OpenEndpoints(t *testing.T) {
	t.Parallel()
	f := start(t)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(f.ca)
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	for path, want := range map[string]int{
		"/ping": 200, "/cacerts": 200, "/v1-rke2/readyz": 401, "/v1-rke2/config": 401, "/v1-rke2/server-bootstrap": 401, "/db/snapshot": 401, "/": 404,
	} {
		resp, err := client.Get(f.url + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
}

func TestSupervisor_ReadyFollowsTheAPI(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.connect(t, "s3rver")
	if _, err := c.File(t.Context(), "readyz"); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("before: %v", err)
	}
	f.ready.Store(true)
	if text, err := c.File(t.Context(), "readyz"); err != nil || string(text) != "ok" {
		t.Errorf("after: %s, %v", text, err)
	}
}
