package kube_test

import (
	"net/http"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

var (
	accepted = answer(object.Object{"kind": "Status", "apiVersion": "v1", "status": "Success"})
	gone     = fails(404, metav1.StatusReasonNotFound, "not found")
)

func metadata(uid string, finalizers ...any) http.HandlerFunc {
	o := configMap("x")
	o["apiVersion"], o["kind"] = "meta.k8s.io/v1", "PartialObjectMetadata"
	object.Set(o, uid, "metadata", "uid")
	object.Set(o, finalizers, "metadata", "finalizers")
	return answer(o)
}

func TestDelete_WhatIsGoneAtOnceNeedsOneLook(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.on("DELETE "+configMapPath, accepted)
	s.on("GET "+configMapPath, gone)
	if err := s.client().Delete(t.Context(), configMapRef, kube.DeleteOptions{Wait: time.Minute}); err != nil {
		t.Fatal(err)
	}
	if d, g := len(s.seen("DELETE")), len(s.seen("GET "+configMapPath)); d != 1 || g != 1 {
		t.Errorf("%d deletions, %d looks", d, g)
	}
}

func TestDelete_WaitsForFinalizers(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.on("DELETE "+configMapPath, accepted)
	s.on("GET "+configMapPath, inTurn(metadata("a", "hold"), metadata("a", "hold"), gone))
	if err := s.client().Delete(t.Context(), configMapRef, kube.DeleteOptions{Wait: time.Minute}); err != nil {
		t.Fatal(err)
	}
}

func TestDelete_ASuccessorIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.on("DELETE "+configMapPath, accepted)
	s.on("GET "+configMapPath, inTurn(metadata("a", "hold"), metadata("b")))
	if err := s.client().Delete(t.Context(), configMapRef, kube.DeleteOptions{Wait: 10 * time.Second}); err != nil {
		t.Fatal(err)
	}
}

func TestDelete_WaitsForAWebhookAndAServerThatComeBack(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	down := fails(503, metav1.StatusReasonServiceUnavailable, "restarting")
	s.on("DELETE "+configMapPath, inTurn(webhookDown, down, accepted))
	s.on("GET "+configMapPath, inTurn(down, gone))
	if err := s.client().Delete(t.Context(), configMapRef, kube.DeleteOptions{Wait: time.Minute}); err != nil {
		t.Fatal(err)
	}
}

func TestDelete_TimeoutKeepsTheLastCause(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.on("DELETE "+configMapPath, webhookDown)
	err := s.client().Delete(t.Context(), configMapRef, kube.DeleteOptions{Wait: 300 * time.Millisecond})
	if !fault.Is(err, fault.Timeout) || !kube.IsWebhookNotReady(err) {
		t.Errorf("kind %q of %v", fault.KindOf(err), err)
	}
}

func TestDelete_SendsWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		opts kube.DeleteOptions
		want string
	}{
		"default":    {kube.DeleteOptions{}, `"propagationPolicy":"Background"`},
		"foreground": {kube.DeleteOptions{Propagation: kube.Foreground}, `"propagationPolicy":"Foreground"`},
		"uid":        {kube.DeleteOptions{UID: "u-1"}, `"preconditions":{"uid":"u-1"}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t)
			s.on("DELETE "+configMapPath, func(w http.ResponseWriter, r *http.Request) {
				if body := readAll(t, r); !contains(body, c.want) {
					t.Errorf("body %s", body)
				}
				accepted(w, r)
			})
			if err := s.client().Delete(t.Context(), configMapRef, c.opts); err != nil {
				t.Error(err)
			}
		})
	}
}
