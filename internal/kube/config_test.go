package kube_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

const kubeconfigForm = `apiVersion: v1
kind: Config
current-context: lab
clusters:
- name: lab
  cluster: {server: %q, insecure-skip-tls-verify: true}
contexts:
- name: lab
  context: {cluster: lab, user: admin}
- name: elsewhere
  context: {cluster: lab, user: guest}
users:
- name: admin
  user: {token: token-of-admin}
- name: guest
  user: {token: token-of-guest}
`

// whoami answers with the Authorization header that it got, as the uid of kube-system.
func whoami(s *stub) {
	s.on("GET /api/v1/namespaces/kube-system", func(w http.ResponseWriter, r *http.Request) {
		o := object.New(object.Ref{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadata", Name: "kube-system"})
		object.Set(o, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), "metadata", "uid")
		writeJSON(w, http.StatusOK, o)
	})
}

func TestNew_ResolvesTheConfiguration(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	whoami(s)
	kubeconfig := []byte(fmt.Sprintf(kubeconfigForm, s.URL))
	dir := t.TempDir()
	path := filepath.Join(dir, "config")
	if err := os.WriteFile(path, kubeconfig, 0o600); err != nil {
		t.Fatal(err)
	}
	plugin := filepath.Join(dir, "plugin")
	script := "#!/bin/sh\necho '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"'$1-$SUFFIX'\"}}'\n"
	if err := os.WriteFile(plugin, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		config kube.Config
		want   string
	}{
		"bytes":              {kube.Config{Kubeconfig: kubeconfig}, "token-of-admin"},
		"bytes and context":  {kube.Config{Kubeconfig: kubeconfig, Context: "elsewhere"}, "token-of-guest"},
		"path":               {kube.Config{KubeconfigPaths: []string{path}}, "token-of-admin"},
		"one of two paths":   {kube.Config{KubeconfigPaths: []string{filepath.Join(dir, "none"), path}}, "token-of-admin"},
		"bytes before paths": {kube.Config{Kubeconfig: kubeconfig, KubeconfigPaths: []string{"/none"}}, "token-of-admin"},
		"explicit token":     {kube.Config{Kubeconfig: kubeconfig, Token: "explicit"}, "explicit"},
		"explicit host":      {kube.Config{Host: s.URL, Insecure: true, Token: "alone"}, "alone"},
		"authority":          {kube.Config{Host: s.URL, CA: certificateOf(s.Server), Token: "verified"}, "verified"},
		"plugin": {kube.Config{Host: s.URL, Insecure: true, Exec: &kube.Exec{
			Command: plugin, Args: []string{"from-plugin"}, Env: map[string]string{"SUFFIX": "1"},
		}}, "from-plugin-1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := kube.New(c.config)
			if err != nil {
				t.Fatal(err)
			}
			got, err := client.UID(t.Context())
			if err != nil || got != c.want {
				t.Errorf("the server saw %q (%v), want %q", got, err, c.want)
			}
		})
	}
}

func TestNew_SaysWhatIsWrongWithTheConfiguration(t *testing.T) {
	t.Parallel()
	good := []byte(fmt.Sprintf(kubeconfigForm, "https://10.0.0.1:6443"))
	cases := map[string]struct {
		config kube.Config
		want   string
	}{
		"nothing":         {kube.Config{}, "no Kubernetes configuration"},
		"no such context": {kube.Config{Kubeconfig: good, Context: "prod"}, `the kubeconfig has no context "prod"; it has elsewhere, lab`},
		"no such file":    {kube.Config{KubeconfigPaths: []string{"/none/such"}}, "reading kubeconfig /none/such: no such file"},
		"not YAML":        {kube.Config{Kubeconfig: []byte("users:\n- token: canary-4711\n  bad\n")}, "not a valid kubeconfig (line"},
		"another shape":   {kube.Config{Kubeconfig: []byte("apiVersion: v1\nkind: Config\nusers: canary-4711\n")}, "not a valid kubeconfig"},
		"bad key":         {kube.Config{Host: "https://h", ClientCert: []byte("canary-4711"), ClientKey: []byte("canary-4711")}, "certificates"},
		"bad host":        {kube.Config{Host: "https://a b"}, "the address of the API server"},
		"password in URL": {kube.Config{Host: "https://me:canary-4711@h"}, "holds credentials"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := kube.New(c.config)
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("kind %q of %v, want %q", fault.KindOf(err), err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "canary-4711") {
				t.Errorf("the error repeats the configuration: %v", err)
			}
		})
	}
}

func TestNew_NeverDials(t *testing.T) {
	t.Parallel()
	_, err := kube.New(kube.Config{Host: "https://10.0.0.1:6443", Dial: func(context.Context, string, string) (net.Conn, error) {
		t.Error("it dials")
		return nil, net.ErrClosed
	}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestClient_UsesOneConnectionOfTheDialer(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	whoami(s)
	s.on("GET "+configMapPath, answer(configMap("x")))
	var mu sync.Mutex
	var dialled []string
	client := s.client(func(c *kube.Config) {
		c.Host = "https://127.0.0.1:1" // nobody listens there: the dialer decides where it leads
		c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			mu.Lock()
			dialled = append(dialled, addr)
			mu.Unlock()
			return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
		}
	})
	if _, err := client.UID(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Get(t.Context(), configMapRef); err != nil {
		t.Fatal(err)
	}
	getter := client.RESTClientGetter()
	discovery, err := getter.ToDiscoveryClient()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := discovery.ServerGroups(); err != nil {
		t.Fatal(err)
	}
	if len(dialled) != 1 || dialled[0] != "127.0.0.1:1" {
		t.Errorf("dialled %v", dialled)
	}
}

func TestClient_LogsWarningsOfTheServer(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.on("GET "+configMapPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Warning", `299 - "v1 ConfigMap is old"`)
		writeJSON(w, http.StatusOK, configMap("x"))
	})
	var log bytes.Buffer
	client := s.client(func(c *kube.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	if _, err := client.Get(t.Context(), configMapRef); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "v1 ConfigMap is old") {
		t.Errorf("the log has no warning: %s", log.String())
	}
}
