package kube_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/kube/kubetest"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

var controlPlane kubetest.Shared

func TestMain(m *testing.M) { os.Exit(controlPlane.Main(m)) }

// TestOnControlPlane runs against a real API server, with real controllers and simulated nodes. Each case has a
// namespace of its own.
func TestOnControlPlane(t *testing.T) {
	t.Parallel()
	running := controlPlane.Get(t)
	cases := map[string]func(*testing.T, *site){
		"a custom resource follows its definition":      customResourceFollows,
		"a field conflict names the other manager":      conflictNamesManager,
		"an unknown field is refused":                   unknownFieldIsRefused,
		"a finalizer holds a deletion":                  finalizerHolds,
		"a namespace says what remains":                 namespaceSaysWhatRemains,
		"a replaced object is not deleted":              replacedObjectStays,
		"what is gone is deleted":                       goneIsDeleted,
		"a deployment becomes available":                deploymentBecomesAvailable,
		"a timeout tells status and events":             timeoutTells,
		"a failed job ends the wait":                    failedJobEndsWait,
		"metadata lists are cheap":                      metadataIsCheap,
		"a wrong token is refused":                      wrongTokenIsAuth,
		"a service account without rights":              serviceAccountIsDenied,
		"a webhook without a server":                    webhookWithoutServer,
		"a namespace that goes away is waited for":      terminatingNamespacePasses,
		"everything passes through the dialer":          everythingPassesTheDialer,
		"a log that no node can give":                   logWithoutKubelet,
		"a service without endpoints cannot be proxied": proxyWithoutEndpoints,
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newSite(t, running))
		})
	}
}

// site is a client and a fresh namespace for one case.
type site struct {
	t          *testing.T
	client     *kube.Client
	kubeconfig []byte
	namespace  string
}

func newSite(t *testing.T, running *kubetest.Cluster) *site {
	t.Helper()
	s := &site{t: t, kubeconfig: running.Kubeconfig, namespace: running.Namespace(t)}
	s.client = s.connect()
	return s
}

func (s *site) connect(change ...func(*kube.Config)) *kube.Client {
	s.t.Helper()
	config := kube.Config{Kubeconfig: s.kubeconfig}
	for _, f := range change {
		f(&config)
	}
	client, err := kube.New(config)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := client.Close(); err != nil {
			s.t.Error(err)
		}
	})
	return client
}

// parse reads YAML in which NAMESPACE stands for the case's namespace.
func (s *site) parse(text string) object.Object {
	s.t.Helper()
	o := object.Object{}
	if err := yaml.Unmarshal([]byte(strings.ReplaceAll(text, "NAMESPACE", s.namespace)), &o); err != nil {
		s.t.Fatal(err)
	}
	return o
}

func (s *site) apply(text string) object.Object {
	s.t.Helper()
	live, err := s.client.Apply(s.t.Context(), s.parse(text), kube.ApplyOptions{RetryFor: 20 * time.Second})
	if err != nil {
		s.t.Fatal(err)
	}
	return live
}

func (s *site) ref(apiVersion, kind, name string) object.Ref {
	return object.Ref{APIVersion: apiVersion, Kind: kind, Namespace: s.namespace, Name: name}
}

// fails checks the kind of an error and what it says.
func (s *site) fails(err error, kind fault.Kind, parts ...string) {
	s.t.Helper()
	if !fault.Is(err, kind) {
		s.t.Fatalf("kind %q, want %q, of %v", fault.KindOf(err), kind, err)
	}
	for _, part := range parts {
		if part = strings.ReplaceAll(part, "NAMESPACE", s.namespace); !strings.Contains(err.Error(), part) {
			s.t.Errorf("%q is missing in %v", part, err)
		}
	}
}

// eventually waits for what the API server's own caches make late.
func (s *site) eventually(what string, so func() bool) {
	s.t.Helper()
	err := wait.Until(s.t.Context(), wait.Options{For: what, Timeout: 20 * time.Second}, func(context.Context) error {
		if !so() {
			return wait.Pending("not yet")
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

const widgets = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.NAMESPACE.example.com}
spec:
  group: NAMESPACE.example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, properties: {size: {type: integer, maximum: 9}}}
`

const widgetForm = "apiVersion: NAMESPACE.example.com/v1\nkind: Widget\nmetadata: {name: w, namespace: NAMESPACE}\nspec: {size: 3}"

func customResourceFollows(t *testing.T, s *site) {
	_, err := s.client.Apply(t.Context(), s.parse(widgetForm), kube.ApplyOptions{})
	s.fails(err, fault.NotFound, "the cluster has no kind Widget in NAMESPACE.example.com/v1: is the CRD installed?")
	s.apply(widgets)
	established := kube.Condition{Ref: object.Ref{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition", Name: "widgets." + s.namespace + ".example.com"}, Check: kube.Check{Kind: kube.Established}}
	if err := s.client.Wait(t.Context(), []kube.Condition{established}, kube.WaitOptions{Timeout: 20 * time.Second}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.client.Apply(t.Context(), s.parse(widgetForm), kube.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err = s.client.Apply(t.Context(), s.parse(strings.ReplaceAll(widgetForm, "3", "33")), kube.ApplyOptions{})
	s.fails(err, fault.Invalid, "applying Widget NAMESPACE/w: ", "spec.size")
	if err := s.client.Delete(t.Context(), established.Ref, kube.DeleteOptions{Wait: 20 * time.Second}); err != nil {
		t.Fatal(err)
	}
	_, err = s.client.Get(t.Context(), s.ref(s.namespace+".example.com/v1", "Widget", "w"))
	s.fails(err, fault.NotFound)
}

const configMapForm = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: NAMESPACE}\ndata: {a: mine}"

func conflictNamesManager(t *testing.T, s *site) {
	s.apply(configMapForm)
	theirs := s.parse(strings.ReplaceAll(configMapForm, "mine", "theirs"))
	if _, err := s.client.Apply(t.Context(), theirs, kube.ApplyOptions{FieldManager: "kubectl-edit", Force: true}); err != nil {
		t.Fatal(err)
	}
	_, err := s.client.Apply(t.Context(), s.parse(configMapForm), kube.ApplyOptions{RetryFor: time.Minute})
	s.fails(err, fault.Conflict, "applying ConfigMap NAMESPACE/x: conflict with other field managers: kubectl-edit owns .data.a")
	live, err := s.client.Apply(t.Context(), s.parse(configMapForm), kube.ApplyOptions{Force: true})
	if err != nil || object.String(live, "data", "a") != "mine" {
		t.Errorf("%v, %v", live["data"], err)
	}
}

func unknownFieldIsRefused(t *testing.T, s *site) {
	deployment := s.parse(webForm)
	object.Set(deployment, "x", "spec", "replicaz")
	_, err := s.client.Apply(t.Context(), deployment, kube.ApplyOptions{})
	s.fails(err, fault.Invalid, "replicaz")
	s.apply(widgets)
	s.apply(widgetForm)
	widget := s.parse(widgetForm)
	object.Set(widget, 3, "spec", "sise")
	_, err = s.client.Apply(t.Context(), widget, kube.ApplyOptions{})
	s.fails(err, fault.Invalid, "sise")
}

func finalizerHolds(t *testing.T, s *site) {
	held := s.parse(configMapForm)
	object.Set(held, []any{"example.com/hold"}, "metadata", "finalizers")
	if _, err := s.client.Apply(t.Context(), held, kube.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	ref := s.ref("v1", "ConfigMap", "x")
	err := s.client.Delete(t.Context(), ref, kube.DeleteOptions{Wait: time.Second})
	s.fails(err, fault.Timeout, "deleting ConfigMap NAMESPACE/x: still there after 1s, held by finalizers example.com/hold")
	s.release(ref)
	if err := s.client.Delete(t.Context(), ref, kube.DeleteOptions{Wait: 10 * time.Second}); err != nil {
		t.Error(err)
	}
}

func (s *site) release(ref object.Ref) {
	s.t.Helper()
	if _, err := s.client.Patch(s.t.Context(), ref, kube.MergePatch, []byte(`{"metadata":{"finalizers":null}}`)); err != nil {
		s.t.Fatal(err)
	}
}

func namespaceSaysWhatRemains(t *testing.T, s *site) {
	held := s.parse(configMapForm)
	object.Set(held, []any{"example.com/hold"}, "metadata", "finalizers")
	if _, err := s.client.Apply(t.Context(), held, kube.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	ref := object.Ref{APIVersion: "v1", Kind: "Namespace", Name: s.namespace}
	err := s.client.Delete(t.Context(), ref, kube.DeleteOptions{Wait: 6 * time.Second})
	s.fails(err, fault.Timeout, "deleting Namespace NAMESPACE: still there after 6s", "NamespaceContentRemaining", "example.com/hold in 1 resource instances", "configmaps/x has finalizers example.com/hold")
	s.release(s.ref("v1", "ConfigMap", "x"))
	if err := s.client.Delete(t.Context(), ref, kube.DeleteOptions{Wait: 30 * time.Second}); err != nil {
		t.Error(err)
	}
}

func replacedObjectStays(t *testing.T, s *site) {
	live := s.apply(configMapForm)
	ref := s.ref("v1", "ConfigMap", "x")
	err := s.client.Delete(t.Context(), ref, kube.DeleteOptions{UID: "5f0a7a3e-0000-4000-8000-000000000000", Wait: 5 * time.Second})
	s.fails(err, fault.Conflict, "another object has this name now")
	if _, err := s.client.Get(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	if err := s.client.Delete(t.Context(), ref, kube.DeleteOptions{UID: object.String(live, "metadata", "uid"), Wait: 5 * time.Second}); err != nil {
		t.Error(err)
	}
}

func goneIsDeleted(t *testing.T, s *site) {
	for name, ref := range map[string]object.Ref{
		"object": s.ref("v1", "ConfigMap", "none"),
		"kind":   s.ref("example.com/v1", "Widget", "none"),
	} {
		if err := s.client.Delete(t.Context(), ref, kube.DeleteOptions{Wait: time.Second}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

const webForm = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: NAMESPACE}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: registry.test/web:1, ports: [{name: http, containerPort: 80}]}]}
`

const serviceForm = `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: NAMESPACE}
spec: {selector: {app: web}, ports: [{name: web, port: 8080, targetPort: http}]}
`

func deploymentBecomesAvailable(t *testing.T, s *site) {
	s.apply(webForm)
	s.apply(serviceForm)
	web := s.ref("apps/v1", "Deployment", "web")
	err := s.client.Wait(t.Context(), []kube.Condition{
		{Name: "web is available", Ref: web, Check: kube.Check{Kind: kube.Available}},
		{Name: "web is current", Ref: web, Check: kube.Check{Kind: kube.Current}},
		{Name: "one replica", Ref: web, Check: kube.Check{Kind: kube.FieldEquals, Path: "status.readyReplicas", Value: "1"}},
		{Name: "web has endpoints", Ref: s.ref("v1", "Service", "web"), Check: kube.Check{Kind: kube.EndpointsReady}},
	}, kube.WaitOptions{Timeout: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	// The simulated node has no kubelet: the forward gets as far as the node and says so.
	_, err = s.client.PortForward(t.Context(), kube.ForwardOptions{Ref: s.ref("v1", "Service", "web"), Port: "8080"})
	s.fails(err, fault.Unreachable, "forwarding port 8080 of Service NAMESPACE/web: ", "dialing backend")
	_, err = s.client.PortForward(t.Context(), kube.ForwardOptions{Ref: s.ref("v1", "Service", "web"), Port: "81"})
	s.fails(err, fault.NotFound, "the service has no port 81")
}

func timeoutTells(t *testing.T, s *site) {
	s.apply("apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: none, namespace: NAMESPACE}\nspec: {hard: {pods: 0}}")
	s.apply(webForm)
	err := s.client.Wait(t.Context(), []kube.Condition{
		{Name: "web is available", Ref: s.ref("apps/v1", "Deployment", "web"), Check: kube.Check{Kind: kube.Available}},
		{Name: "settings are there", Ref: s.ref("v1", "ConfigMap", "settings"), Check: kube.Check{Kind: kube.Exists}},
		{Name: "widget is there", Ref: s.ref("none.example.com/v1", "Widget", "w"), Check: kube.Check{Kind: kube.Exists}},
	}, kube.WaitOptions{Timeout: 4 * time.Second})
	s.fails(err, fault.Timeout,
		"waiting for web is available, settings are there, widget is there: gave up after 4s",
		"- web is available: condition Available=False: MinimumReplicasUnavailable",
		"    warning: ReplicaSet NAMESPACE/web-", "FailedCreate", "exceeded quota",
		"- settings are there: it does not exist",
		"- widget is there: the cluster has no kind Widget")
}

func failedJobEndsWait(t *testing.T, s *site) {
	s.apply(`
apiVersion: batch/v1
kind: Job
metadata: {name: doomed, namespace: NAMESPACE}
spec:
  activeDeadlineSeconds: 1
  template: {spec: {restartPolicy: Never, nodeSelector: {no: such-node}, containers: [{name: c, image: registry.test/c:1}]}}
`)
	started := time.Now()
	err := s.client.Wait(t.Context(), []kube.Condition{
		{Name: "the job is done", Ref: s.ref("batch/v1", "Job", "doomed"), Check: kube.Check{Kind: kube.Current}},
	}, kube.WaitOptions{Timeout: time.Minute})
	s.fails(err, fault.Invalid, "waiting for the job is done: the job failed: Failed=True: DeadlineExceeded")
	if time.Since(started) > 30*time.Second {
		t.Errorf("it took %s", time.Since(started))
	}
}

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
	if spent := client.Stats().Total() - before; before != 2 || spent != 1 {
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

func serviceAccountIsDenied(t *testing.T, s *site) {
	s.apply("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: guest, namespace: NAMESPACE}")
	s.apply("apiVersion: v1\nkind: Secret\ntype: kubernetes.io/service-account-token\nmetadata: {name: guest, namespace: NAMESPACE, annotations: {kubernetes.io/service-account.name: guest}}")
	secret := s.ref("v1", "Secret", "guest")
	if err := s.client.Wait(t.Context(), []kube.Condition{{Ref: secret, Check: kube.Check{Kind: kube.FieldNonEmpty, Path: "data.token"}}}, kube.WaitOptions{Timeout: 20 * time.Second}); err != nil {
		t.Fatal(err)
	}
	live, err := s.client.Get(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	host, ca := address(t, s.kubeconfig)
	guest := newClient(t, host, func(c *kube.Config) { c.CA, c.Token = ca, decode(t, object.String(live, "data", "token")) })
	_, err = guest.Get(t.Context(), s.ref("v1", "ConfigMap", "x"))
	s.fails(err, fault.Denied, `User "system:serviceaccount:NAMESPACE:guest" cannot get`)
	err = guest.Wait(t.Context(), []kube.Condition{{Ref: secret, Check: kube.Check{Kind: kube.Exists}}}, kube.WaitOptions{Timeout: time.Minute})
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
	host, _ := address(t, s.kubeconfig)
	to, err := url.Parse(host)
	if err != nil {
		t.Fatal(err)
	}
	var dialled atomic.Int64
	client := s.connect(func(c *kube.Config) {
		c.Host = "https://127.0.0.1:6443"
		c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if addr != "127.0.0.1:6443" {
				t.Errorf("dialled %s", addr)
			}
			dialled.Add(1)
			return (&net.Dialer{}).DialContext(ctx, network, to.Host)
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
	_, err = client.PortForward(t.Context(), kube.ForwardOptions{Ref: s.ref("v1", "Pod", "none"), Port: "80"})
	s.fails(err, fault.NotFound, "forwarding port 80 of Pod NAMESPACE/none: ", `pods "none" not found`)
	if n := dialled.Load(); n < 2 {
		t.Errorf("the forward did not pass the dialer: %d connections", n)
	}
}

func logWithoutKubelet(t *testing.T, s *site) {
	s.apply(webForm)
	if err := s.client.Wait(t.Context(), []kube.Condition{{Ref: s.ref("apps/v1", "Deployment", "web"), Check: kube.Check{Kind: kube.Available}}}, kube.WaitOptions{Timeout: 30 * time.Second}); err != nil {
		t.Fatal(err)
	}
	list, err := s.client.List(t.Context(), kube.ListOptions{APIVersion: "v1", Kind: "Pod", Namespace: s.namespace, LabelSelector: "app=web"})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d pods, %v", len(list), err)
	}
	pod := object.RefOf(list[0])
	_, err = s.client.Logs(t.Context(), kube.LogOptions{Namespace: pod.Namespace, Pod: pod.Name})
	s.fails(err, fault.Unreachable, "reading the log of Pod NAMESPACE/web-")
	if events, err := s.client.Events(t.Context(), pod); err != nil || len(events) == 0 || events[len(events)-1].Ref.Name != pod.Name {
		t.Errorf("events %v, %v", events, err)
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
