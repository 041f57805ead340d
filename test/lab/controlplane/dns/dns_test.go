package dns

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestRun_AnswersForTheCluster runs the real CoreDNS against an API that knows one Service.
//
//nolint:paralleltest // CoreDNS keeps its configuration in package variables
func TestRun_AnswersForTheCluster(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(serveAPI))
	t.Cleanup(api.Close)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	content := fmt.Sprintf(`{"apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c"}}],
		"clusters": [{"name": "c", "cluster": {"server": %q}}]}`, api.URL)
	if err := os.WriteFile(kubeconfig, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	listen, ready := freeAddress(t), freeAddress(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, []string{"--kubeconfig=" + kubeconfig, "--listen=" + listen, "--ready=" + ready})
	}()
	waitReady(t, listen, ready, ended)

	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, network, listen)
	}}
	cases := map[string]struct{ name, want string }{
		"a Service":              {"web.shop.svc.cluster.local.", "10.43.0.7"},
		"a Service that is not":  {"db.shop.svc.cluster.local.", "no such host"},
		"a name beyond the lab":  {"example.com.", "no such host"},
		"an address of a pod":    {"10-42-0-9.shop.pod.cluster.local.", "10.42.0.9"},
		"another cluster's name": {"web.shop.svc.example.test.", "no such host"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			addresses, err := resolver.LookupHost(t.Context(), test.name)
			if got := strings.Join(addresses, ","); err == nil && got != test.want {
				t.Errorf("addresses %s, want %s", got, test.want)
			}
			if err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}

	stop()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
}

//nolint:paralleltest // as above
func TestRun_RefusesWhatWouldBreakItsConfiguration(t *testing.T) {
	cases := map[string]struct {
		args []string
		want string
	}{
		"no kubeconfig":      {nil, "--kubeconfig"},
		"a port alone":       {[]string{"--kubeconfig=k", "--listen=53"}, "--listen"},
		"a quote":            {[]string{`--kubeconfig=k"`}, "quotes"},
		"a brace":            {[]string{"--kubeconfig=k", "--domain=a{b"}, "quotes and braces"},
		"no such kubeconfig": {[]string{"--kubeconfig=/does/not/exist", "--listen=127.0.0.1:0"}, "starting CoreDNS"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			err := Run(t.Context(), test.args)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

// serveAPI lists one Service and nothing else; a watch stays silent.
func serveAPI(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Query().Get("sendInitialEvents") != "" {
		http.Error(w, "this API only lists", http.StatusBadRequest)
		return
	}
	if r.URL.Query().Get("watch") != "" {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		return
	}
	lists := map[string][2]string{
		"/api/v1/services": {"v1", "ServiceList"}, "/api/v1/pods": {"v1", "PodList"}, "/api/v1/namespaces": {"v1", "NamespaceList"},
		"/apis/discovery.k8s.io/v1/endpointslices": {"discovery.k8s.io/v1", "EndpointSliceList"},
	}
	kind, ok := lists[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	items := []any{}
	switch kind[1] {
	case "ServiceList":
		items = append(items, corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", ResourceVersion: "1"},
			Spec: corev1.ServiceSpec{
				Type: corev1.ServiceTypeClusterIP, ClusterIP: "10.43.0.7", ClusterIPs: []string{"10.43.0.7"},
				Ports: []corev1.ServicePort{{Name: "http", Port: 80, Protocol: corev1.ProtocolTCP}},
			},
		})
	case "NamespaceList":
		items = append(items, corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop", ResourceVersion: "1"}})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"apiVersion": kind[0], "kind": kind[1], "metadata": map[string]any{"resourceVersion": "1"}, "items": items,
	})
}

// waitReady waits until CoreDNS listens, a moment after it has said that it is ready: listening comes last.
func waitReady(t *testing.T, listen, ready string, ended <-chan error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	var dialer net.Dialer
	for {
		if conn, err := dialer.DialContext(ctx, "tcp", listen); err == nil {
			_ = conn.Close()
			break
		}
		select {
		case err := <-ended:
			t.Fatalf("CoreDNS ended: %v", err)
		case <-ctx.Done():
			t.Fatal("CoreDNS does not listen")
		case <-ticker.C:
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+ready+"/ready", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("CoreDNS listens and is not ready: %s", response.Status)
	}
}

// freeAddress is a loopback address with a port that was free a moment ago, for TCP and so most likely for UDP.
func freeAddress(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
