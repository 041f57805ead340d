package proxy_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/netnstest"
)

func TestRun_IsAGatewayFromBeginningToEnd(t *testing.T) { //nolint:paralleltest // it is alone in its process
	if netnstest.Inside(t, "LAB_DISCOVERY=127.0.0.1, 127.0.0.1", "POD_NAMESPACE=istio-system", "POD_NAME=gw") {
		inside(t)
	}
}

func inside(t *testing.T) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	serve(t, "127.0.0.1:9080", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "workload") })
	ctx, end := context.WithCancel(t.Context())
	defer end()
	ended := make(chan error, 1)
	go func() { ended <- proxy.Run(ctx, []string{"proxy", "router", "--domain", "x"}) }()
	until(t, "http://127.0.0.1:15021/healthz/ready", http.StatusServiceUnavailable) // nobody has told it anything
	serve(t, "127.0.0.1:15080", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("version") != "" {
			<-r.Context().Done() // nothing new
			return
		}
		_ = json.NewEncoder(w).Encode(config.Config{
			Version: "1", Proxy: config.Workload{Name: "gw"},
			Listeners: []config.Listener{{Port: 8080, Hosts: []config.VirtualHost{{Domains: []string{"*"}, Routes: []config.Route{{Clusters: []config.WeightedCluster{{Cluster: "web"}}}}}}}},
			Clusters:  map[string]config.Cluster{"web": {Endpoints: []config.Endpoint{{Address: "127.0.0.1:9080"}}}},
		})
	})
	until(t, "http://127.0.0.1:15021/healthz/ready", http.StatusOK)
	if got := until(t, "http://127.0.0.1:8080/", http.StatusOK); got != "workload" {
		t.Errorf("the gateway answers %q", got)
	}
	for _, address := range []string{"http://127.0.0.1:15020/stats/prometheus", "http://127.0.0.1:15090/stats/prometheus"} {
		if got := until(t, address, http.StatusOK); !strings.Contains(got, `istio_requests_total{`) {
			t.Errorf("%s has no requests:\n%s", address, got)
		}
	}
	end()
	until(t, "http://127.0.0.1:15021/healthz/ready", http.StatusServiceUnavailable)
	if got := until(t, "http://127.0.0.1:8080/", http.StatusOK); got != "workload" { // it lingers
		t.Errorf("at its end the gateway answers %q", got)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(15 * time.Second):
		t.Error("it does not end")
	}
}

func serve(t *testing.T, address string, handler http.HandlerFunc) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Second}
	t.Cleanup(func() { _ = server.Close() })
	go func() { _ = server.Serve(listener) }()
}

// until asks until the answer has a code, and returns its body.
func until(t *testing.T, address string, code int) string {
	t.Helper()
	last := ""
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			last = err.Error()
			continue
		}
		body, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if response.StatusCode == code {
			return string(body)
		}
		last = response.Status
	}
	t.Fatalf("%s is %s, want %d", address, last, code)
	return ""
}

func TestRun_RefusesWhatItDoesNotPlay(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"nothing": nil, "a waypoint": {"proxy", "waypoint"}, "a command": {"request", "POST", "drain"}, "bad rules": {"istio-iptables", "-p", "x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := proxy.Run(t.Context(), args); err == nil {
				t.Error("it did")
			}
		})
	}
}
