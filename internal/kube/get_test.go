package kube_test

import (
	"fmt"
	"maps"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// pages answers a list of ConfigMaps in pages of two, as "<token>": the names on that page.
func pages(listKind string, names ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		from := 0
		if token := r.URL.Query().Get("continue"); token != "" {
			if _, err := fmt.Sscanf(token, "from-%d", &from); err != nil {
				fails(400, metav1.StatusReasonBadRequest, "bad token")(w, r)
				return
			}
		}
		upTo := len(names)
		if r.URL.Query().Get("limit") != "" {
			upTo = min(from+2, upTo)
		}
		list := object.Object{"kind": listKind, "apiVersion": "v1", "metadata": map[string]any{"resourceVersion": "1"}}
		if upTo < len(names) {
			object.Set(list, fmt.Sprintf("from-%d", upTo), "metadata", "continue")
		}
		items := []any{}
		for _, name := range names[from:upTo] {
			items = append(items, object.Object{"metadata": map[string]any{"name": name, "namespace": "demo"}})
		}
		list["items"] = items
		writeJSON(w, http.StatusOK, list)
	}
}

const configMapsPath = "/api/v1/namespaces/demo/configmaps"

var allConfigMaps = kube.ListOptions{APIVersion: "v1", Kind: "ConfigMap", Namespace: "demo"}

func TestList_ReadsEveryPage(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.on("GET "+configMapsPath, pages("ConfigMapList", "a", "b", "c", "d", "e"))
	got, err := s.client().List(t.Context(), allConfigMaps)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range got {
		if object.String(o, "kind") != "ConfigMap" || object.String(o, "apiVersion") != "v1" {
			t.Errorf("an item has no kind: %v", o)
		}
		names = append(names, object.RefOf(o).Name)
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d", "e"}, names); diff != "" {
		t.Error(diff)
	}
	if requests := s.seen("GET " + configMapsPath); len(requests) != 3 {
		t.Errorf("it took %d requests", len(requests))
	}
}

func TestList_StartsAgainWhenAPageHasExpired(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	whole := pages("ConfigMapList", "a", "b", "c")
	s.on("GET "+configMapsPath, inTurn(whole, fails(410, metav1.StatusReasonExpired, "too old"), whole))
	got, err := s.client().List(t.Context(), allConfigMaps)
	if err != nil || len(got) != 3 {
		t.Errorf("%d objects, %v", len(got), err)
	}
}

func TestList_OfAMissingKindIsNotFound(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	_, err := s.client().List(t.Context(), kube.ListOptions{APIVersion: "example.com/v1", Kind: "Widget"})
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("kind %q of %v", fault.KindOf(err), err)
	}
}

func TestListMeta_AsksForMetadataAlone(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	controller := true
	s.on("GET "+configMapsPath, func(w http.ResponseWriter, r *http.Request) {
		if accept := r.Header.Get("Accept"); !contains(accept, "as=PartialObjectMetadataList") {
			t.Errorf("it asks for %s", accept)
		}
		writeJSON(w, http.StatusOK, metav1.PartialObjectMetadataList{
			TypeMeta: metav1.TypeMeta{Kind: "PartialObjectMetadataList", APIVersion: "meta.k8s.io/v1"},
			Items: []metav1.PartialObjectMetadata{{ObjectMeta: metav1.ObjectMeta{
				Name: "x", Namespace: "demo", UID: "u", ResourceVersion: "7", Generation: 2, Finalizers: []string{"f"},
				Labels: map[string]string{"a": "b"}, Annotations: map[string]string{"c": "d"},
				OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "Deployment", Name: "web", UID: "o", Controller: &controller}},
			}}},
		})
	})
	got, err := s.client().ListMeta(t.Context(), allConfigMaps)
	if err != nil {
		t.Fatal(err)
	}
	want := []kube.Meta{{
		Ref: configMapRef, UID: "u", ResourceVersion: "7", Generation: 2, Finalizers: []string{"f"},
		Labels: map[string]string{"a": "b"}, Annotations: map[string]string{"c": "d"},
		Owners: []kube.Owner{{Ref: object.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "demo", Name: "web"}, UID: "o", Controller: true}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestStats_CountByVerb(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	client := s.client()
	s.on("GET "+configMapPath, answer(configMap("x")))
	s.on("PATCH "+configMapPath, answer(configMap("x")))
	s.on("DELETE "+configMapPath, answer(object.Object{"kind": "Status", "apiVersion": "v1", "status": "Success"}))
	s.on("GET "+configMapsPath, pages("ConfigMapList", "a"))
	s.on("GET /api/v1/namespaces/demo/pods/web/log", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello\n")) })
	steps := []func() error{
		func() error { _, err := client.Get(t.Context(), configMapRef); return err },
		func() error { _, err := client.List(t.Context(), allConfigMaps); return err },
		func() error { _, err := client.Apply(t.Context(), configMap("x"), kube.ApplyOptions{}); return err },
		func() error {
			_, err := client.Patch(t.Context(), configMapRef, kube.MergePatch, []byte("{}"))
			return err
		},
		func() error { return client.Delete(t.Context(), configMapRef, kube.DeleteOptions{}) },
		func() error {
			_, err := client.Logs(t.Context(), kube.LogOptions{Namespace: "demo", Pod: "web"})
			return err
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]int{"discovery": 2, "get": 1, "list": 1, "apply": 1, "patch": 1, "delete": 1, "connect": 1}
	if got := client.Stats(); !maps.Equal(got.Requests, want) || got.Total() != 8 {
		t.Errorf("got %v", got)
	}
}

func TestClient_WorksBehindAPathPrefix(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.on("GET "+configMapPath, answer(configMap("x")))
	s.on("GET /api/v1/namespaces/demo/services/web/proxy/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	s.Config.Handler = http.StripPrefix("/k8s/clusters/c-1", s.Config.Handler)
	client := s.client(func(c *kube.Config) { c.Host = s.URL + "/k8s/clusters/c-1" })
	if _, err := client.Get(t.Context(), configMapRef); err != nil {
		t.Fatal(err)
	}
	got, err := client.Proxy(t.Context(), kube.ProxyOptions{Ref: object.Ref{Kind: "Service", Namespace: "demo", Name: "web"}, Path: "/"})
	if err != nil || got.Code != http.StatusNoContent {
		t.Errorf("%d, %v", got.Code, err)
	}
	if want := map[string]int{"discovery": 2, "get": 1, "connect": 1}; !maps.Equal(client.Stats().Requests, want) {
		t.Errorf("got %v", client.Stats())
	}
}
