package kube_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

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
	widget := s.ref(s.namespace+".example.com/v1", "Widget", "w")
	if _, err := s.client.Patch(t.Context(), widget, kube.MergePatch, []byte(`{"metadata":{"finalizers":["example.com/hold"]}}`)); err != nil {
		t.Fatal(err)
	}
	list, err := s.client.ListMeta(t.Context(), kube.ListOptions{APIVersion: widget.APIVersion, Kind: "Widget", Namespace: s.namespace})
	if err != nil || len(list) != 1 || len(list[0].Finalizers) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	if meta, err := s.client.GetMeta(t.Context(), widget); err != nil || meta.UID != list[0].UID {
		t.Errorf("%+v, %v", meta, err)
	}
	err = s.client.Delete(t.Context(), established.Ref, kube.DeleteOptions{Wait: 2 * time.Second})
	s.fails(err, fault.Timeout, "customresourcecleanup", "widgets/w in NAMESPACE has finalizers example.com/hold")
	s.release(widget)
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
	err := s.client.Delete(t.Context(), ref, kube.DeleteOptions{Wait: 500 * time.Millisecond})
	s.fails(err, fault.Timeout, "held by its content, of which the namespace controller has said nothing yet")
	// The namespace controller begins after a grace period of five seconds.
	remaining := kube.Check{Kind: kube.ConditionTrue, Type: "NamespaceContentRemaining"}
	if err := s.client.Wait(t.Context(), []kube.Condition{{Ref: ref, Check: remaining}}, kube.WaitOptions{Timeout: time.Minute}); err != nil {
		t.Fatal(err)
	}
	err = s.client.Delete(t.Context(), ref, kube.DeleteOptions{Wait: time.Second})
	s.fails(err, fault.Timeout, "deleting Namespace NAMESPACE: still there after 1s", "NamespaceContentRemaining", "example.com/hold in 1 resource instances", "configmaps/x has finalizers example.com/hold")
	s.release(s.ref("v1", "ConfigMap", "x"))
	if err := s.client.Delete(t.Context(), ref, kube.DeleteOptions{Wait: time.Minute}); err != nil {
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
