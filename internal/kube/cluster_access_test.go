package kube_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func metadataIsCheap(t *testing.T, s *site) {
	for i := range 20 {
		s.apply(strings.ReplaceAll(configMapForm, "name: x", fmt.Sprintf("name: x%d", i)))
	}
	client := s.connect()
	if _, err := client.Exists(t.Context(), "v1", "ConfigMap"); err != nil {
		t.Fatal(err)
	}
	before := client.Stats().Total()
	list, err := client.ListMeta(t.Context(), kube.ListOptions{APIVersion: "v1", Kind: "ConfigMap", Namespace: s.namespace})
	if err != nil || len(list) < 20 {
		t.Fatalf("%d, %v", len(list), err)
	}
	if spent := client.Stats().Total() - before; before != 2 && !s.older || spent != 1 {
		t.Errorf("discovery took %d requests, the list %d", before, spent)
	}
	for _, m := range list {
		if m.UID == "" || m.ResourceVersion == "" || m.Ref.Namespace != s.namespace {
			t.Errorf("incomplete: %+v", m)
		}
	}
}

func wrongTokenIsAuth(t *testing.T, s *site) {
	host, ca := address(t, s.kubeconfig)
	client := newClient(t, host, func(c *kube.Config) { c.CA, c.Token = ca, "canary-of-a-wrong-token" })
	_, err := client.UID(t.Context())
	s.fails(err, fault.Auth)
	if strings.Contains(err.Error(), "canary") {
		t.Errorf("the error repeats the token: %v", err)
	}
	_, err = newClient(t, host, func(c *kube.Config) { c.CA, c.Token = ca, "" }).UID(t.Context())
	s.fails(err, fault.Auth)
}

// address reads the server and its CA out of a kubeconfig.
func address(t *testing.T, kubeconfig []byte) (string, []byte) {
	t.Helper()
	var parsed struct {
		Clusters []struct {
			Cluster struct {
				Server string `json:"server"`
				CA     []byte `json:"certificate-authority-data"`
			} `json:"cluster"`
		} `json:"clusters"`
	}
	if err := yaml.Unmarshal(kubeconfig, &parsed); err != nil || len(parsed.Clusters) == 0 {
		t.Fatalf("kubeconfig: %v", err)
	}
	return parsed.Clusters[0].Cluster.Server, parsed.Clusters[0].Cluster.CA
}

// server returns host and port of the API server.
func (s *site) server() string {
	s.t.Helper()
	host, _ := address(s.t, s.kubeconfig)
	return strings.TrimPrefix(host, "https://")
}

// guest returns a client of a new service account, which may do nothing.
func (s *site) guest(name string) *kube.Client {
	s.t.Helper()
	s.apply("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: " + name + ", namespace: NAMESPACE}")
	s.apply("apiVersion: v1\nkind: Secret\ntype: kubernetes.io/service-account-token\nmetadata: {name: " + name + ", namespace: NAMESPACE, annotations: {kubernetes.io/service-account.name: " + name + "}}")
	secret := s.ref("v1", "Secret", name)
	if err := s.client.Wait(s.t.Context(), []kube.Condition{{Ref: secret, Check: kube.Check{Kind: kube.FieldNonEmpty, Path: "data.token"}}}, kube.WaitOptions{Timeout: 20 * time.Second}); err != nil {
		s.t.Fatal(err)
	}
	live, err := s.client.Get(s.t.Context(), secret)
	if err != nil {
		s.t.Fatal(err)
	}
	host, ca := address(s.t, s.kubeconfig)
	return newClient(s.t, host, func(c *kube.Config) { c.CA, c.Token = ca, decode(s.t, object.String(live, "data", "token")) })
}

func serviceAccountIsDenied(t *testing.T, s *site) {
	guest := s.guest("guest")
	_, err := guest.Get(t.Context(), s.ref("v1", "ConfigMap", "x"))
	s.fails(err, fault.Denied, `User "system:serviceaccount:NAMESPACE:guest" cannot get`)
	err = guest.Wait(t.Context(), []kube.Condition{{Ref: s.ref("v1", "Secret", "guest"), Check: kube.Check{Kind: kube.Exists}}}, kube.WaitOptions{Timeout: time.Minute})
	s.fails(err, fault.Denied)
	err = guest.Delete(t.Context(), s.ref("v1", "ConfigMap", "x"), kube.DeleteOptions{Wait: time.Minute})
	s.fails(err, fault.Denied)
}

const hookForm = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: NAMESPACE}
webhooks:
- name: hook.NAMESPACE.example.com
  admissionReviewVersions: [v1]
  sideEffects: None
  failurePolicy: Fail
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: NAMESPACE}}
  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}]
  clientConfig: {service: {namespace: NAMESPACE, name: web, port: 8080}}
`

func webhookWithoutServer(t *testing.T, s *site) {
	s.apply(hookForm)
	hook := object.Ref{APIVersion: "admissionregistration.k8s.io/v1", Kind: "ValidatingWebhookConfiguration", Name: s.namespace}
	usable := kube.Condition{Name: "the webhook is usable", Ref: hook, Check: kube.Check{Kind: kube.WebhookUsable}}
	err := s.client.Wait(t.Context(), []kube.Condition{usable}, kube.WaitOptions{Timeout: time.Second})
	s.fails(err, fault.Timeout, "webhook hook.NAMESPACE.example.com has no CA bundle yet")
	// A new webhook configuration takes a moment to reach the API server's own cache.
	s.eventually("the webhook is called", func() bool {
		_, err := s.client.Apply(t.Context(), s.parse(configMapForm), kube.ApplyOptions{DryRun: true})
		return kube.IsWebhookNotReady(err) && strings.Contains(err.Error(), `service "web" not found`)
	})
	s.apply(serviceForm)
	_, err = s.client.Apply(t.Context(), s.parse(configMapForm), kube.ApplyOptions{RetryFor: 2 * time.Second})
	s.fails(err, fault.Timeout, "gave up after 2s", `failed calling webhook "hook.NAMESPACE.example.com"`)
	if !kube.IsWebhookNotReady(err) {
		t.Errorf("without endpoints: %v", err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := s.client.Apply(t.Context(), s.parse(configMapForm), kube.ApplyOptions{RetryFor: 30 * time.Second})
		done <- err
	}()
	if err := s.client.Delete(t.Context(), hook, kube.DeleteOptions{Wait: 10 * time.Second}); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("it was not tried again: %v", err)
	}
}

func terminatingNamespacePasses(t *testing.T, s *site) {
	held := s.parse(configMapForm)
	object.Set(held, []any{"example.com/hold"}, "metadata", "finalizers")
	if _, err := s.client.Apply(t.Context(), held, kube.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	ref := object.Ref{APIVersion: "v1", Kind: "Namespace", Name: s.namespace}
	if err := s.client.Delete(t.Context(), ref, kube.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err := s.client.Apply(t.Context(), s.parse(serviceForm), kube.ApplyOptions{})
	s.fails(err, fault.Conflict, "being terminated")
	s.release(s.ref("v1", "ConfigMap", "x"))
	_, err = s.client.Apply(t.Context(), s.parse(serviceForm), kube.ApplyOptions{RetryFor: 30 * time.Second})
	s.fails(err, fault.NotFound, "namespaces", "not found")
}

func everythingPassesTheDialer(t *testing.T, s *site) {
	to := s.server()
	var dialled atomic.Int64
	client := s.connect(func(c *kube.Config) {
		c.Host = "https://127.0.0.1:6443"
		c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if addr != "127.0.0.1:6443" {
				t.Errorf("dialled %s", addr)
			}
			dialled.Add(1)
			return (&net.Dialer{}).DialContext(ctx, network, to)
		}
	})
	if version, err := client.Version(t.Context()); err != nil || !strings.HasPrefix(version, "v1.") {
		t.Fatalf("%s, %v", version, err)
	}
	direct, err := s.client.UID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if uid, err := client.UID(t.Context()); err != nil || uid != direct {
		t.Errorf("uid %q, want %q (%v)", uid, direct, err)
	}
	if n := dialled.Load(); n != 1 {
		t.Errorf("%d connections for requests", n)
	}
}

// running applies the web Deployment and its Service, waits for them, and returns the pod.
func (s *site) running() object.Object {
	s.t.Helper()
	s.apply(webForm)
	s.apply(serviceForm)
	err := s.client.Wait(s.t.Context(), []kube.Condition{
		{Ref: s.ref("apps/v1", "Deployment", "web"), Check: kube.Check{Kind: kube.Available}},
		{Ref: s.ref("v1", "Service", "web"), Check: kube.Check{Kind: kube.EndpointsReady}},
	}, kube.WaitOptions{Timeout: 30 * time.Second})
	if err != nil {
		s.t.Fatal(err)
	}
	list, err := s.client.List(s.t.Context(), kube.ListOptions{APIVersion: "v1", Kind: "Pod", Namespace: s.namespace, LabelSelector: "app=web"})
	if err != nil || len(list) != 1 {
		s.t.Fatalf("%d pods, %v", len(list), err)
	}
	return list[0]
}

func logsAndEventsAreRead(t *testing.T, s *site) {
	pod := object.RefOf(s.running())
	text, err := s.client.Logs(t.Context(), kube.LogOptions{Namespace: pod.Namespace, Pod: pod.Name, Container: "web"})
	if err != nil || !strings.Contains(text, "registry.test/web:1") {
		t.Errorf("log %q, %v", text, err)
	}
	_, err = s.client.Logs(t.Context(), kube.LogOptions{Namespace: pod.Namespace, Pod: "none"})
	s.fails(err, fault.NotFound, `reading the log of Pod NAMESPACE/none: pods "none" not found`)
	_, err = s.client.Logs(t.Context(), kube.LogOptions{Namespace: pod.Namespace, Pod: pod.Name, Container: "none"})
	s.fails(err, fault.Invalid)
	events, err := s.client.Events(t.Context(), pod)
	if err != nil || len(events) == 0 || events[len(events)-1].Ref.Name != pod.Name {
		t.Errorf("events %v, %v", events, err)
	}
}

func portsAreForwarded(t *testing.T, s *site) {
	pod := object.RefOf(s.running())
	to := s.server()
	var dialled atomic.Int64
	through := s.connect(func(c *kube.Config) {
		c.Host = "https://127.0.0.1:6443"
		c.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			dialled.Add(1)
			return (&net.Dialer{}).DialContext(ctx, network, to)
		}
	})
	targets := map[string]kube.ForwardOptions{
		"service by number": {Ref: s.ref("v1", "Service", "web"), Port: "8080"},
		"service by name":   {Ref: s.ref("v1", "Service", "web"), Port: "web"},
		"pod":               {Ref: pod, Port: "80"},
	}
	for way, client := range map[string]*kube.Client{"direct": s.client, "dialer": through} {
		for name, target := range targets {
			forward, err := client.PortForward(t.Context(), target)
			if err != nil {
				t.Fatalf("%s, %s: %v", way, name, err)
			}
			if got := fetch(t, "http://"+forward.Addr+"/"); !strings.Contains(got, "registry.test/web:1 in pod "+s.namespace+"/"+pod.Name) {
				t.Errorf("%s, %s: got %q", way, name, got)
			}
			if err := forward.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	want := int64(1 + len(targets)) // one for the client, one for each forward
	if s.older {
		want += int64(len(targets)) // a websocket is tried first
	}
	if n := dialled.Load(); n != want {
		t.Errorf("the dialer was used %d times, want %d", n, want)
	}
	_, err := s.client.PortForward(t.Context(), kube.ForwardOptions{Ref: s.ref("v1", "Service", "web"), Port: "81"})
	s.fails(err, fault.NotFound, "forwarding port 81 of Service NAMESPACE/web: the service has no port 81")
	_, err = through.PortForward(t.Context(), kube.ForwardOptions{Ref: s.ref("v1", "Pod", "none"), Port: "80"})
	s.fails(err, fault.NotFound, `pods "none" not found`)
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func servicesAreProxied(t *testing.T, s *site) {
	pod := object.RefOf(s.running())
	service := s.ref("v1", "Service", "web")
	var seen string
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("last seen of the service: " + seen)
		}
	})
	s.eventually("the API server knows the endpoints", func() bool {
		got, err := s.client.Proxy(t.Context(), kube.ProxyOptions{Ref: service, Port: "web", Path: "/any"})
		seen = fmt.Sprintf("%d %s, %v", got.Code, got.Body, err)
		return err == nil && got.Code == http.StatusOK && strings.Contains(string(got.Body), pod.Name)
	})
	got, err := s.client.Proxy(t.Context(), kube.ProxyOptions{Ref: pod, Port: "80", Path: "/any"})
	if err != nil || got.Code != http.StatusOK || !strings.Contains(string(got.Body), pod.Name) {
		t.Errorf("%d %s, %v", got.Code, got.Body, err)
	}
}

func proxyWithoutEndpoints(t *testing.T, s *site) {
	s.apply(serviceForm)
	s.eventually("the API server knows the service", func() bool {
		_, err := s.client.Proxy(t.Context(), kube.ProxyOptions{Ref: s.ref("v1", "Service", "web"), Port: "8080", Path: "/healthz"})
		return fault.Is(err, fault.Unreachable) && strings.Contains(err.Error(), "no endpoints available")
	})
	_, err := s.client.Proxy(t.Context(), kube.ProxyOptions{Ref: s.ref("v1", "Service", "none"), Port: "8080", Path: "/healthz"})
	s.fails(err, fault.NotFound)
}
