package kube_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func groupKind(group, kind string) schema.GroupKind {
	return schema.GroupKind{Group: group, Kind: kind}
}

func crd() object.Object {
	return object.New(object.Ref{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition", Name: "widgets.example.com"})
}

// webhookDown is what the API server answers while a webhook's server is not there.
var webhookDown = fails(500, metav1.StatusReasonInternalError,
	`Internal error occurred: failed calling webhook "x": failed to call webhook: Post "https://x.demo.svc:443/": dial tcp 10.43.0.2:443: connect: connection refused`)

func TestApply_SendsAServerSideApply(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		opts kube.ApplyOptions
		want map[string]string
	}{
		"default": {kube.ApplyOptions{}, map[string]string{"fieldManager": "terraform-provider-lab", "force": "false", "fieldValidation": "Strict"}},
		"force":   {kube.ApplyOptions{Force: true, FieldManager: "me"}, map[string]string{"fieldManager": "me", "force": "true", "fieldValidation": "Strict"}},
		"dry run": {kube.ApplyOptions{DryRun: true}, map[string]string{"fieldManager": "terraform-provider-lab", "force": "false", "fieldValidation": "Strict", "dryRun": "All"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t)
			s.on("PATCH "+configMapPath, func(w http.ResponseWriter, r *http.Request) {
				got := map[string]string{}
				for key := range r.URL.Query() {
					got[key] = r.URL.Query().Get(key)
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Error(diff)
				}
				body, err := io.ReadAll(r.Body)
				sent := object.Object{}
				if err != nil || json.Unmarshal(body, &sent) != nil || object.Map(sent, "metadata")["managedFields"] != nil {
					t.Errorf("unexpected body (%v): %s", err, body)
				}
				writeJSON(w, http.StatusOK, sent)
			})
			o := configMap("x")
			object.Set(o, []any{}, "metadata", "managedFields")
			live, err := s.client().Apply(t.Context(), o, c.opts)
			if err != nil || object.RefOf(live) != configMapRef {
				t.Errorf("%v, %v", live, err)
			}
			if _, kept := object.Lookup(o, "metadata", "managedFields"); !kept {
				t.Error("the caller's object was changed")
			}
		})
	}
}

func TestApply_RefusesWhatNamesNoObject(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	client := s.client()
	nameless := configMap("")
	homeless := configMap("x")
	object.Set(homeless, "", "metadata", "namespace")
	for name, o := range map[string]object.Object{"no name": nameless, "no namespace": homeless} {
		if _, err := client.Apply(t.Context(), o, kube.ApplyOptions{}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestApply_DropsTheNamespaceOfAClusterScopedKind(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.on("PATCH /api/v1/namespaces/demo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "elsewhere") {
			t.Errorf("unexpected body: %s", body)
		}
		answer(object.New(object.Ref{APIVersion: "v1", Kind: "Namespace", Name: "demo"}))(w, r)
	})
	o := object.New(object.Ref{APIVersion: "v1", Kind: "Namespace", Namespace: "elsewhere", Name: "demo"})
	if _, err := s.client().Apply(t.Context(), o, kube.ApplyOptions{}); err != nil {
		t.Error(err)
	}
}

func TestApply_ConflictNamesManagersAndFields(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	owned := func(manager, field string) metav1.StatusCause {
		return metav1.StatusCause{Type: metav1.CauseTypeFieldManagerConflict, Message: `conflict with "` + manager + `" using v1`, Field: field}
	}
	s.on("PATCH "+configMapPath, fails(409, metav1.StatusReasonConflict, "Apply failed with 3 conflicts",
		owned("kubectl-edit", ".data.a"), owned("helm", ".data.b"), owned("kubectl-edit", ".data.c")))
	_, err := s.client().Apply(t.Context(), configMap("x"), kube.ApplyOptions{RetryFor: 5 * time.Second})
	want := "applying ConfigMap demo/x: conflict with other field managers: helm owns .data.b; kubectl-edit owns .data.a, .data.c"
	if !fault.Is(err, fault.Conflict) || err.Error() != want {
		t.Errorf("kind %q of %v", fault.KindOf(err), err)
	}
	var conflict *kube.ConflictError
	if !errors.As(err, &conflict) || len(conflict.Fields["kubectl-edit"]) != 2 {
		t.Errorf("no fields in %#v", conflict)
	}
	if got := s.seen("PATCH"); len(got) != 1 {
		t.Errorf("a conflict was tried %d times", len(got))
	}
}

func TestApply_TriesAgainWhatPasses(t *testing.T) {
	t.Parallel()
	cases := map[string]http.HandlerFunc{
		"webhook not ready":    webhookDown,
		"server restarts":      fails(503, metav1.StatusReasonServiceUnavailable, "apiserver not ready"),
		"namespace goes away":  fails(403, metav1.StatusReasonForbidden, "terminating", metav1.StatusCause{Type: "NamespaceTerminating"}),
		"no service account":   fails(403, metav1.StatusReasonForbidden, `pods "x" is forbidden: error looking up service account demo/default: serviceaccount "default" not found`),
		"changed meanwhile":    fails(409, metav1.StatusReasonConflict, "the object has been modified; please apply your changes to the latest version and try again"),
		"connection cut":       func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"kind not yet served":  func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "404 page not found", http.StatusNotFound) },
		"too many requests":    fails(429, metav1.StatusReasonTooManyRequests, "slow down"),
		"leader changed (500)": fails(500, metav1.StatusReasonInternalError, "etcdserver: leader changed"),
	}
	for name, broken := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t)
			s.on("PATCH "+configMapPath, inTurn(broken, broken, answer(configMap("x"))))
			_, err := s.client().Apply(t.Context(), configMap("x"), kube.ApplyOptions{RetryFor: 10 * time.Second})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestApply_TriesOnceWhatStays(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		answer http.HandlerFunc
		want   fault.Kind
	}{
		"invalid":            {fails(422, metav1.StatusReasonInvalid, "data: Invalid value"), fault.Invalid},
		"denied by admitter": {fails(400, metav1.StatusReasonBadRequest, `admission webhook "x" denied the request: overlaps with pool b`), fault.Invalid},
		"no right":           {fails(403, metav1.StatusReasonForbidden, `configmaps is forbidden: User "u" cannot patch resource`), fault.Denied},
		"no namespace":       {fails(404, metav1.StatusReasonNotFound, `namespaces "demo" not found`), fault.NotFound},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t)
			s.on("PATCH "+configMapPath, c.answer)
			_, err := s.client().Apply(t.Context(), configMap("x"), kube.ApplyOptions{RetryFor: 10 * time.Second})
			if !fault.Is(err, c.want) || len(s.seen("PATCH")) != 1 || strings.Contains(err.Error(), "waiting") {
				t.Errorf("kind %q of %v after %d tries", fault.KindOf(err), err, len(s.seen("PATCH")))
			}
		})
	}
}

func TestApply_GivesUpOnAWebhookWithItsCause(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.on("PATCH "+configMapPath, webhookDown)
	_, err := s.client().Apply(t.Context(), configMap("x"), kube.ApplyOptions{RetryFor: 300 * time.Millisecond})
	if !fault.Is(err, fault.Timeout) || !kube.IsWebhookNotReady(err) || !strings.Contains(err.Error(), "gave up after 300ms") {
		t.Errorf("kind %q of %v", fault.KindOf(err), err)
	}
}
