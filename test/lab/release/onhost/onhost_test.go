// Package onhost_test knows how the stand-in release behaves on real hosts: installed by its installer and by the real one, started by
// systemd, joined, rebooted, upgraded, stopped and removed.
package onhost_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	lab "github.com/dxlab/terraform-provider-lab/test/lab"
	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
	"github.com/dxlab/terraform-provider-lab/test/lab/release"
)

func TestMain(m *testing.M) { hosts.Main(m, lab.PrepareContainers) }

const (
	stable = "v1.35.7+rke2r1"
	latest = "v1.36.3+rke2r1"
)

// site is a host that knows where its releases come from.
type site struct {
	*hosts.Host
	releases string // URL
}

// releaseServer serves releases on the hosts' network.
func releaseServer(t *testing.T, o release.Options) string {
	t.Helper()
	handler, err := release.NewHandler(o)
	if err != nil {
		t.Fatal(err)
	}
	return serveReleases(t, handler)
}

func serveReleases(t *testing.T, handler http.Handler) string {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", net.JoinHostPort(hosts.Gateway, "0"))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return "http://" + listener.Addr().String()
}

// controlPlane finds the control plane's program, which the lab builds separately.
func controlPlane(t *testing.T) string {
	t.Helper()
	path := os.Getenv("LAB_CONTROLPLANE")
	if path == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		found, _ := filepath.Glob(filepath.Join(cache, "terraform-provider-lab", "controlplane-*", "lab-controlplane"))
		newest := time.Time{}
		for _, f := range found {
			if info, err := os.Stat(f); err == nil && info.ModTime().After(newest) {
				newest, path = info.ModTime(), f
			}
		}
	}
	if path == "" && os.Getenv("CI") == "true" {
		t.Fatal("lab-controlplane is not built: run test/lab/controlplane/build.sh")
	}
	if path == "" {
		t.Skip("lab-controlplane is not built: run test/lab/controlplane/build.sh")
	}
	return path
}

func newSite(t *testing.T, releases string) site {
	t.Helper()
	h := hosts.New(t, hosts.Options{Binds: []hosts.Bind{{Source: controlPlane(t), Target: "/usr/libexec/lab/lab-controlplane"}}})
	return site{Host: h, releases: releases}
}

// run runs a script on the host and fails the test when it fails.
func (s site) run(t *testing.T, script string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	out, err := s.Run(ctx, script)
	if err != nil {
		t.Fatalf("%s: %s: %v\n%s", s.Name(), script, err, s.journal(ctx))
	}
	return out
}

func (s site) journal(ctx context.Context) string {
	out, _ := s.Run(ctx, "journalctl --no-pager -n 40 -u rke2-server -u rke2-agent; tail -n 20 /var/lib/rancher/rke2/agent/logs/lab-controlplane.log")
	return out
}

// install runs the stand-in's own installer.
func (s site) install(t *testing.T, env string) {
	t.Helper()
	s.run(t, fmt.Sprintf("curl -sfL %s/install.sh | %s sh -", s.releases, env))
}

// configure writes config.yaml.
func (s site) configure(t *testing.T, lines ...string) {
	t.Helper()
	s.run(t, "mkdir -p /etc/rancher/rke2 && cat > /etc/rancher/rke2/config.yaml <<'E'\n"+strings.Join(lines, "\n")+"\nE")
}

// start enables and starts a role and waits until systemd calls it started.
func (s site) start(t *testing.T, role string) {
	t.Helper()
	s.run(t, "systemctl enable --quiet rke2-"+role+" && timeout 180 systemctl start rke2-"+role+" && systemctl is-active rke2-"+role)
}

// request asks the API server of a server's host, with the administrator's kubeconfig.
func (s site) request(t *testing.T, method, path string) map[string]any {
	t.Helper()
	var out map[string]any
	text := s.run(t, fmt.Sprintf(`cd $(mktemp -d) && k=/etc/rancher/rke2/rke2.yaml && for f in certificate-authority client-certificate client-key; do
sed -n "s/^ *$f-data: //p" $k | base64 -d > $f; done
curl -s -X %s --cacert certificate-authority --cert client-certificate --key client-key "https://127.0.0.1:6443%s"`, method, path))
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%s: %v: %s", path, err, text)
	}
	return out
}

func (s site) api(t *testing.T, path string) map[string]any {
	t.Helper()
	return s.request(t, http.MethodGet, path)
}

func (s site) delete(t *testing.T, path string) {
	t.Helper()
	if answer := s.request(t, http.MethodDelete, path); answer["kind"] == "Status" && answer["status"] != "Success" {
		t.Fatalf("deleting %s: %v", path, answer)
	}
}

// eventually repeats a check until it returns "", and fails with the last answer.
func eventually(t *testing.T, within time.Duration, check func() string) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		last := check()
		if last == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s: %s", within, last)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(last)
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// nodes returns the state of each node: Ready, NotReady, or Unknown.
func (s site) nodes(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	items, _ := s.api(t, "/api/v1/nodes")["items"].([]any)
	for _, item := range items {
		node, _ := item.(map[string]any)
		metadata, _ := node["metadata"].(map[string]any)
		status, _ := node["status"].(map[string]any)
		conditions, _ := status["conditions"].([]any)
		for _, c := range conditions {
			if condition, _ := c.(map[string]any); condition["type"] == "Ready" {
				out[fmt.Sprint(metadata["name"])] = map[string]string{"True": "Ready", "False": "NotReady"}[fmt.Sprint(condition["status"])]
			}
		}
	}
	return out
}

func (s site) waitReady(t *testing.T, names ...string) {
	t.Helper()
	eventually(t, 2*time.Minute, func() string {
		states := s.nodes(t)
		for _, n := range names {
			if states[n] != "Ready" {
				return fmt.Sprintf("nodes: %v", states)
			}
		}
		return ""
	})
}
