package reach_test

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/reach"
)

// node is a host with a kubeconfig, whose API server says which cluster it is.
type node struct {
	ssh   *hosttest.Server
	api   *httptest.Server
	asked atomic.Int64
	// down makes the API server answer nothing of use.
	down atomic.Bool
	ref  reach.Reference
}

func newNode(t *testing.T) *node {
	t.Helper()
	n := &node{ssh: hosttest.NewServer(t, hosttest.ServerOptions{})}
	n.api = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.asked.Add(1)
		if n.down.Load() || r.URL.Path != "/api/v1/namespaces/kube-system" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"kube-system","uid":"uid-1"}}`)
	}))
	t.Cleanup(n.api.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: n.api.Certificate().Raw})
	path := filepath.Join(t.TempDir(), "kubeconfig.yaml")
	text := fmt.Sprintf("apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: c, cluster: {server: %q, certificate-authority-data: %s}}]\ncontexts: [{name: c, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {token: t}}]\n",
		n.api.URL, base64.StdEncoding.EncodeToString(ca))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	target := n.ssh.Target()
	n.ref = reach.Reference{Host: target.Host, Port: target.Port, User: target.User, KubeconfigPath: path}
	return n
}

func (n *node) reach(t *testing.T) *reach.Reach {
	t.Helper()
	r := reach.New(reach.Settings{SSH: n.ssh.Options(), Kube: kube.Config{RequestTimeout: 5 * time.Second}})
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (n *node) as(uid string) reach.Reference {
	ref := n.ref
	ref.UID = uid
	return ref
}

func TestCluster_IsComparedWithTheReference(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	r := n.reach(t)
	for _, uid := range []string{"", "uid-1"} {
		if _, err := r.Cluster(t.Context(), n.as(uid)); err != nil {
			t.Errorf("%q: %v", uid, err)
		}
	}
	_, err := r.Cluster(t.Context(), n.as("uid-2"))
	if !fault.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "now serves cluster uid-1; cluster uid-2") {
		t.Errorf("another cluster: %v", err)
	}
	if _, err := r.Client(t.Context(), n.as("uid-2")); !fault.Is(err, fault.NotFound) {
		t.Errorf("its client: %v", err)
	}
	if connections, asked := n.ssh.Accepted(), n.asked.Load(); connections != 1 || asked != 1 {
		t.Errorf("%d SSH connections, %d requests", connections, asked)
	}
	if n.ref.String() != "the cluster of host 127.0.0.1" {
		t.Errorf("it is called %q", n.ref)
	}
}

// A cluster that cannot be reached is asked once for a whole refresh, and again when its node was changed.
func TestCluster_IsNotTriedAgainByEveryResource(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.down.Store(true)
	r := n.reach(t)
	_, first := r.Cluster(t.Context(), n.ref)
	if !fault.Is(first, fault.Unreachable) || !strings.Contains(first.Error(), "reaching the cluster of host 127.0.0.1") {
		t.Fatalf("%v", first)
	}
	asked := n.asked.Load()
	for range 5 {
		if _, err := r.Cluster(t.Context(), n.ref); err == nil || err.Error() != first.Error() {
			t.Errorf("%v", err)
		}
	}
	if n.asked.Load() != asked {
		t.Errorf("it was asked %d more times", n.asked.Load()-asked)
	}
	n.down.Store(false)
	r.Forget(n.ref)
	if _, err := r.Cluster(t.Context(), n.ref); err != nil {
		t.Errorf("after its node was changed: %v", err)
	}
}

// Whoever gives up does not take the connection away from the others that wait for it.
func TestCluster_OneThatGivesUpFailsNoOther(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	r := n.reach(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Cluster(gone, n.ref); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := r.Cluster(t.Context(), n.ref); err != nil {
		t.Errorf("%v", err)
	}
}

func TestCluster_WithoutAHostIsTheProvidersOwn(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: n.api.Certificate().Raw})
	r := reach.New(reach.Settings{Kube: kube.Config{Host: n.api.URL, CA: ca, Token: "t"}})
	t.Cleanup(func() { _ = r.Close() })
	if _, err := r.Cluster(t.Context(), reach.Reference{UID: "uid-1"}); err != nil {
		t.Error(err)
	}
	_, err := r.Cluster(t.Context(), reach.Reference{UID: "uid-2"})
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "select the right kubeconfig context") {
		t.Errorf("%v", err)
	}
}

func TestKubeconfig_OfAnotherClusterStaysAsItIs(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	r := n.reach(t)
	raw, err := r.Kubeconfig(t.Context(), n.ref)
	if err != nil || !strings.Contains(string(raw), n.api.URL) {
		t.Errorf("%s %v", raw, err)
	}
	missing := n.ref
	missing.KubeconfigPath += ".missing"
	if _, err := r.Kubeconfig(t.Context(), missing); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
}
