package kube_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
)

var widget = kind{group: "example.com", version: "v1", name: "Widget", plural: "widgets"}

func TestMapper_DiscoversOnceWithTwoRequests(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	client := s.client()
	var group sync.WaitGroup
	for _, k := range builtin {
		for range 5 {
			group.Go(func() {
				namespaced, err := client.Namespaced(t.Context(), k.apiVersion(), k.name)
				if err != nil || namespaced == k.clusterScoped {
					t.Errorf("%s: namespaced %v, %v", k.name, namespaced, err)
				}
			})
		}
	}
	group.Wait()
	if got := s.seen("GET"); len(got) != 2 {
		t.Errorf("discovery took %v", got)
	}
}

func TestMapper_FindsAKindThatAppears(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	client := s.client()
	if served, err := client.Exists(t.Context(), "example.com/v1", "Widget"); err != nil || served {
		t.Fatalf("served %v, %v", served, err)
	}
	s.add(kind{version: "v1", name: "Event", plural: "events"})
	s.add(widget)
	s.on("PATCH /apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com", answer(crd()))
	s.add(kind{group: "apiextensions.k8s.io", version: "v1", name: "CustomResourceDefinition", plural: "customresourcedefinitions", clusterScoped: true})
	if _, err := client.Apply(t.Context(), crd(), kube.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	if served, err := client.Exists(t.Context(), "example.com/v1", "Widget"); err != nil || !served {
		t.Errorf("served %v, %v", served, err)
	}
}

func TestMapper_MissingKindCostsLittle(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	client := s.client()
	for range 50 {
		if _, err := client.Namespaced(t.Context(), "example.com/v1", "Widget"); !fault.Is(err, fault.NotFound) ||
			!strings.Contains(err.Error(), "the cluster has no kind Widget in example.com/v1: is the CRD installed?") {
			t.Fatal(err)
		}
	}
	if got := s.seen("GET"); len(got) > 4 {
		t.Errorf("50 misses took %v", got)
	}
}

func TestMapper_BelievesTheServerMoreThanItsDiscovery(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	hidden := widget
	hidden.hidden = true
	s.add(hidden)
	client := s.client()
	if served, err := client.Exists(t.Context(), "example.com/v1", "Widget"); err != nil || !served {
		t.Errorf("served %v, %v", served, err)
	}
}

func TestMapper_ServerThatStartsIsNoProofOfAbsence(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.on("GET /apis/example.com/v1", fails(http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable, "the server is currently unable to handle the request"))
	_, err := s.client().Namespaced(t.Context(), "example.com/v1", "Widget")
	if !fault.Is(err, fault.Unreachable) {
		t.Errorf("kind %q of %v", fault.KindOf(err), err)
	}
}

func TestMapper_KindThatIsGoneIsNotFound(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.add(widget)
	s.on("GET /apis/example.com/v1/namespaces/demo/widgets/x", nothingHere)
	s.on("GET /apis/example.com/v1", nothingHere)
	ref := configMapRef
	ref.APIVersion, ref.Kind = "example.com/v1", "Widget"
	_, err := s.client().Get(t.Context(), ref)
	if !fault.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "is the CRD installed?") {
		t.Errorf("kind %q of %v", fault.KindOf(err), err)
	}
}

func TestRESTClientGetter_SharesDiscoveryAndHoldsNoCredential(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.add(widget)
	client := s.client()
	if _, err := client.Exists(t.Context(), "v1", "Pod"); err != nil {
		t.Fatal(err)
	}
	getter := client.RESTClientGetter()
	mapper, err := getter.ToRESTMapper()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mapper.RESTMapping(groupKind("example.com", "Widget"), "v1"); err != nil {
		t.Fatal(err)
	}
	config, err := getter.ToRESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	if config.BearerToken != "" || len(config.CAData) != 0 || config.Host != s.URL {
		t.Errorf("unexpected configuration: %v", config)
	}
	if namespace, _, err := getter.ToRawKubeConfigLoader().Namespace(); err != nil || namespace != "default" {
		t.Errorf("namespace %q, %v", namespace, err)
	}
	if got := s.seen("GET"); len(got) != 2 {
		t.Errorf("discovery took %v", got)
	}
}

// nothingHere is a web server that is no API server.
func nothingHere(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "default backend - 404", http.StatusNotFound)
}

func TestClient_WebServerThatIsNoAPIServerIsNoProofOfAbsence(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(nothingHere))
	t.Cleanup(elsewhere.Close)
	lost := newStub(t) // answers discovery, then its backend is gone
	lost.on("GET "+configMapPath, func(w http.ResponseWriter, r *http.Request) {
		lost.on("GET /api/v1", nothingHere)
		nothingHere(w, r)
	})
	clients := map[string]*kube.Client{
		"never was one":  newClient(t, elsewhere.URL, func(c *kube.Config) { c.CA = certificateOf(elsewhere) }),
		"is one no more": lost.client(),
	}
	for name, client := range clients {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := client.Get(t.Context(), configMapRef)
			if !fault.Is(err, fault.Unreachable) {
				t.Errorf("get: kind %q of %v", fault.KindOf(err), err)
			}
		})
	}
	if _, err := clients["never was one"].UID(t.Context()); !fault.Is(err, fault.Unreachable) {
		t.Errorf("uid: kind %q of %v", fault.KindOf(err), err)
	}
	if err := clients["never was one"].Delete(t.Context(), configMapRef, kube.DeleteOptions{}); !fault.Is(err, fault.Unreachable) {
		t.Errorf("delete: kind %q of %v", fault.KindOf(err), err)
	}
}

func TestRESTClientGetter_MapsWhatDiscoveryLacks(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	hidden := widget
	hidden.hidden = true
	s.add(hidden)
	mapper, err := s.client().RESTClientGetter().ToRESTMapper()
	if err != nil {
		t.Fatal(err)
	}
	got, err := mapper.RESTMapping(groupKind("example.com", "Widget"), "v1")
	if err != nil || got.Resource.Resource != "widgets" {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := mapper.RESTMapping(groupKind("example.com", "Gadget"), "v1"); !meta.IsNoMatchError(err) {
		t.Errorf("a missing kind is %v", err)
	}
}

func TestMapper_WorksWithServersWithoutAggregatedDiscovery(t *testing.T) {
	t.Parallel()
	s := newStub(t) // as API servers before 1.27
	s.add(widget)
	s.on("GET /api", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions", APIVersion: "v1"}, Versions: []string{"v1"}})
	})
	group := func(name string) metav1.APIGroup {
		version := metav1.GroupVersionForDiscovery{GroupVersion: name + "/v1", Version: "v1"}
		return metav1.APIGroup{Name: name, Versions: []metav1.GroupVersionForDiscovery{version}, PreferredVersion: version}
	}
	s.on("GET /apis", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, metav1.APIGroupList{
			TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}, Groups: []metav1.APIGroup{group("apps"), group("example.com")},
		})
	})
	client := s.client()
	for _, k := range []kind{builtin[0], builtin[1], builtin[5], widget} {
		namespaced, err := client.Namespaced(t.Context(), k.apiVersion(), k.name)
		if err != nil || namespaced == k.clusterScoped {
			t.Errorf("%s: namespaced %v, %v", k.name, namespaced, err)
		}
	}
	if got := s.seen("GET"); len(got) != 5 {
		t.Errorf("discovery took %v", got)
	}
}
