package kube_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

var web = object.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "demo", Name: "web"}

const webPath = "/apis/apps/v1/namespaces/demo/deployments/web"

func webIs(check kube.CheckKind) []kube.Condition {
	return []kube.Condition{{Name: "web is " + string(check), Ref: web, Check: kube.Check{Kind: check}}}
}

// deployment makes a Deployment with one condition.
func deployment(condition, status, reason, since string) object.Object {
	o := object.New(web)
	object.Set(o, map[string]any{"app": "web"}, "spec", "selector", "matchLabels")
	object.Set(o, []any{object.Object{"type": condition, "status": status, "reason": reason, "message": "in words", "lastUpdateTime": since}}, "status", "conditions")
	return o
}

func list(items ...object.Object) http.HandlerFunc {
	all := []any{}
	for _, item := range items {
		all = append(all, item)
	}
	return answer(object.Object{"kind": "List", "apiVersion": "v1", "items": all})
}

func TestWait_ReadsAnObjectOnceAPoll(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.on("GET "+webPath, inTurn(fails(404, metav1.StatusReasonNotFound, "not found"),
		fails(503, metav1.StatusReasonServiceUnavailable, "restarting"),
		answer(deployment("Available", "False", "MinimumReplicasUnavailable", "")),
		answer(deployment("Available", "True", "", ""))))
	var seen []string
	conditions := append(webIs(kube.Available), webIs(kube.Exists)...)
	err := s.client().Wait(t.Context(), conditions, kube.WaitOptions{Timeout: 20 * time.Second, OnPending: func(text string) { seen = append(seen, text) }})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.seen("GET " + webPath); len(got) != 4 {
		t.Errorf("%d reads for 4 polls", len(got))
	}
	want := []string{
		"web is available: it does not exist; web is exists: it does not exist", "restarting",
		"web is available: condition Available=False: MinimumReplicasUnavailable: in words",
	}
	if len(seen) != len(want) {
		t.Fatalf("seen %q", seen)
	}
	for i, text := range want {
		if !strings.Contains(seen[i], text) {
			t.Errorf("poll %d saw %q, want %q", i, seen[i], text)
		}
	}
}

func TestWait_TimeoutRepeatsEventsAndLogs(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.on("GET "+webPath, answer(deployment("Available", "False", "MinimumReplicasUnavailable", "")))
	pod := object.New(object.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "demo", Name: "web-1-a"})
	object.Set(pod, []any{
		object.Object{"name": "app", "state": object.Object{"waiting": object.Object{"reason": "CrashLoopBackOff"}}, "lastState": object.Object{"terminated": object.Object{"exitCode": 1}}},
		object.Object{"name": "side", "state": object.Object{"waiting": object.Object{"reason": "ImagePullBackOff", "message": "no such image"}}},
	}, "status", "containerStatuses")
	s.on("GET /api/v1/namespaces/demo/pods", list(pod))
	s.on("GET /apis/apps/v1/namespaces/demo/replicasets", answer(object.Object{"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "items": []any{
		object.Object{"metadata": object.Object{"name": "web-1"}},
	}}))
	event := func(kind, name, reason, at string) object.Object {
		return object.Object{"type": "Warning", "reason": reason, "message": "because", "count": 3, "lastTimestamp": at, "involvedObject": object.Object{"kind": kind, "namespace": "demo", "name": name}}
	}
	s.on("GET /api/v1/namespaces/demo/events", func(w http.ResponseWriter, r *http.Request) {
		if got := r.URL.Query().Get("fieldSelector"); got != "type=Warning" {
			t.Errorf("selector %q", got)
		}
		list(event("Pod", "web-1-a", "Oldest", "2026-01-01T00:00:00Z"), event("Pod", "other", "Foreign", "2026-01-01T00:09:00Z"),
			event("ReplicaSet", "web-1", "Newest", "2026-01-01T00:05:00Z"), event("Pod", "web-1-a", "Middle", "2026-01-01T00:03:00Z"),
			event("Deployment", "web", "Second", "2026-01-01T00:04:00Z"))(w, r)
	})
	s.on("GET /api/v1/namespaces/demo/pods/web-1-a/log", func(w http.ResponseWriter, r *http.Request) {
		if q := r.URL.Query(); q.Get("container") != "app" || q.Get("previous") != "true" || q.Get("tailLines") != "8" {
			t.Errorf("log of %s", r.URL.RawQuery)
		}
		_, _ = w.Write([]byte("starting\npanic: no database\n"))
	})
	err := s.client().Wait(t.Context(), webIs(kube.Available), kube.WaitOptions{Timeout: 300 * time.Millisecond})
	want := `waiting for web is available: gave up after 0s
- web is available: condition Available=False: MinimumReplicasUnavailable: in words
    warning: ReplicaSet demo/web-1: Newest: because (3 times)
    warning: Deployment demo/web: Second: because (3 times)
    warning: Pod demo/web-1-a: Middle: because (3 times)
    container app of Pod demo/web-1-a: CrashLoopBackOff
      | starting
      | panic: no database
    container side of Pod demo/web-1-a: ImagePullBackOff: no such image`
	if !fault.Is(err, fault.Timeout) || err.Error() != want {
		t.Errorf("kind %q of\n%v\nwant\n%s", fault.KindOf(err), err, want)
	}
}

func TestWait_TimeoutOfAServerThatIsDownSaysSo(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	client := s.client()
	s.Close()
	err := client.Wait(t.Context(), webIs(kube.Available), kube.WaitOptions{Timeout: 300 * time.Millisecond})
	if !fault.Is(err, fault.Timeout) || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("kind %q of %v", fault.KindOf(err), err)
	}
}

func TestWait_FailureFromBeforeMayBeOvercome(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	old := answer(deployment("Progressing", "False", "ProgressDeadlineExceeded", "2026-01-01T00:00:00Z"))
	s.on("GET "+webPath, inTurn(old, old, answer(deployment("Available", "True", "", ""))))
	if err := s.client().Wait(t.Context(), webIs(kube.Available), kube.WaitOptions{Timeout: 20 * time.Second}); err != nil {
		t.Error(err)
	}
}

func TestWait_FailureOfItsOwnTimeEndsIt(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.on("GET "+webPath, inTurn(answer(deployment("Available", "False", "MinimumReplicasUnavailable", "")),
		answer(deployment("Progressing", "False", "ProgressDeadlineExceeded", "2026-01-01T00:10:00Z"))))
	for _, path := range []string{"/api/v1/namespaces/demo/pods", "/api/v1/namespaces/demo/events"} {
		s.on("GET "+path, list())
	}
	s.on("GET /apis/apps/v1/namespaces/demo/replicasets", answer(object.Object{"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "items": []any{}}))
	err := s.client().Wait(t.Context(), webIs(kube.Available), kube.WaitOptions{Timeout: time.Minute})
	if !fault.Is(err, fault.Invalid) || !strings.HasPrefix(err.Error(), "waiting for web is available: no progress: Progressing=False: ProgressDeadlineExceeded: in words\n") {
		t.Errorf("kind %q of %v", fault.KindOf(err), err)
	}
}

func TestWait_CancelEndsItAtOnce(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := newStub(t)
	s.on("GET "+webPath, answer(deployment("Available", "False", "", "")))
	err := s.client().Wait(ctx, webIs(kube.Available), kube.WaitOptions{Timeout: time.Minute, OnPending: func(string) { cancel() }})
	if !errors.Is(err, context.Canceled) || fault.Is(err, fault.Timeout) {
		t.Errorf("kind %q of %v", fault.KindOf(err), err)
	}
}

func TestWait_WebhookIsUsable(t *testing.T) {
	t.Parallel()
	hook := func(ca string) object.Object {
		o := object.New(object.Ref{APIVersion: "admissionregistration.k8s.io/v1", Kind: "ValidatingWebhookConfiguration", Name: "pools"})
		o["webhooks"] = []any{
			object.Object{"name": "by-url", "clientConfig": object.Object{"url": "https://elsewhere.test"}},
			object.Object{"name": "pools.example.com", "clientConfig": object.Object{"caBundle": ca, "service": object.Object{"namespace": "demo", "name": "pools"}}},
		}
		return o
	}
	endpoints := func(ready bool) http.HandlerFunc {
		return list(object.Object{"endpoints": []any{object.Object{"conditions": object.Object{"ready": ready}}}})
	}
	s := newStub(t)
	s.add(kind{group: "admissionregistration.k8s.io", version: "v1", name: "ValidatingWebhookConfiguration", plural: "validatingwebhookconfigurations", clusterScoped: true})
	s.on("GET /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/pools", inTurn(answer(hook("")), answer(hook("Q0E="))))
	s.on("GET /apis/discovery.k8s.io/v1/namespaces/demo/endpointslices", inTurn(list(), endpoints(false), endpoints(true)))
	s.on("PATCH "+configMapPath, inTurn(webhookDown, fails(400, metav1.StatusReasonBadRequest, `admission webhook "pools.example.com" denied the request: no`)))
	var seen []string
	err := s.client().Wait(t.Context(), []kube.Condition{{
		Name: "webhook", Ref: object.RefOf(hook("")), Check: kube.Check{Kind: kube.WebhookUsable, Probe: configMap("x")},
	}}, kube.WaitOptions{Timeout: 20 * time.Second, OnPending: func(text string) { seen = append(seen, text) }})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"pools.example.com has no CA bundle", "Service demo/pools has no endpoints", "no ready endpoint among 1", "connection refused"}
	if len(seen) != len(want) {
		t.Fatalf("seen %q", seen)
	}
	for i, text := range want {
		if !strings.Contains(seen[i], text) {
			t.Errorf("poll %d saw %q, want %q", i, seen[i], text)
		}
	}
}
