package kube_test

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	discoveryv2 "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// stub is an API server that answers what a test tells it to. Any other request fails the test.
type stub struct {
	*httptest.Server
	t *testing.T

	mu       sync.Mutex
	routes   map[string]http.HandlerFunc
	kinds    []kind
	requests []string
}

// kind is something the stub serves. hidden leaves it out of aggregated discovery, as a server that has just
// started may.
type kind struct {
	group, version, name, plural string
	clusterScoped, hidden        bool
}

func (k kind) apiVersion() string { return strings.TrimPrefix(k.group+"/"+k.version, "/") }

var builtin = []kind{
	{version: "v1", name: "ConfigMap", plural: "configmaps"},
	{version: "v1", name: "Namespace", plural: "namespaces", clusterScoped: true},
	{version: "v1", name: "Pod", plural: "pods"},
	{version: "v1", name: "Service", plural: "services"},
	{version: "v1", name: "Secret", plural: "secrets"},
	{group: "apps", version: "v1", name: "Deployment", plural: "deployments"},
	{group: "batch", version: "v1", name: "Job", plural: "jobs"},
}

func newStub(t *testing.T) *stub {
	t.Helper()
	s := &stub{t: t, routes: map[string]http.HandlerFunc{}, kinds: slices.Clone(builtin)}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// client makes a client of the stub; change may adjust its configuration.
func (s *stub) client(change ...func(*kube.Config)) *kube.Client {
	s.t.Helper()
	trust := func(c *kube.Config) { c.CA = certificateOf(s.Server) }
	return newClient(s.t, s.URL, append([]func(*kube.Config){trust}, change...)...)
}

func certificateOf(server *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}

func newClient(t *testing.T, host string, change ...func(*kube.Config)) *kube.Client {
	t.Helper()
	config := kube.Config{Host: host, Token: "a-token-of-the-test", RequestTimeout: 5 * time.Second}
	for _, f := range change {
		f(&config)
	}
	client, err := kube.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

// on answers requests of one method and path.
func (s *stub) on(route string, answer http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.routes[route] = answer
}

// add makes the stub serve one more kind.
func (s *stub) add(k kind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kinds = append(s.kinds, k)
}

// seen returns the requests so far that begin with prefix, such as "GET /api".
func (s *stub) seen(prefix string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, r := range s.requests {
		if strings.HasPrefix(r, prefix) {
			out = append(out, r)
		}
	}
	return out
}

func (s *stub) serve(w http.ResponseWriter, r *http.Request) {
	route := r.Method + " " + r.URL.Path
	s.mu.Lock()
	s.requests = append(s.requests, route)
	answer := s.routes[route]
	kinds := slices.Clone(s.kinds)
	s.mu.Unlock()
	switch {
	case answer != nil:
		answer(w, r)
	case route == "GET /api" || route == "GET /apis":
		writeDiscovery(w, kinds, route == "GET /api")
	case strings.HasPrefix(route, "GET /apis/") && strings.Count(r.URL.Path, "/") == 3:
		writeVersion(w, kinds, strings.TrimPrefix(r.URL.Path, "/apis/"))
	case route == "GET /api/v1":
		writeVersion(w, kinds, "v1")
	default:
		s.t.Errorf("unexpected request: %s", route)
		w.WriteHeader(http.StatusTeapot)
	}
}

const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

func writeDiscovery(w http.ResponseWriter, kinds []kind, core bool) {
	groups := map[string]*discoveryv2.APIGroupDiscovery{}
	list := discoveryv2.APIGroupDiscoveryList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupDiscoveryList", APIVersion: "apidiscovery.k8s.io/v2"}}
	var order []string
	for _, k := range kinds {
		if (k.group == "") != core || k.hidden {
			continue
		}
		group := groups[k.group]
		if group == nil {
			group = &discoveryv2.APIGroupDiscovery{ObjectMeta: metav1.ObjectMeta{Name: k.group}, Versions: []discoveryv2.APIVersionDiscovery{{Version: k.version, Freshness: discoveryv2.DiscoveryFreshnessCurrent}}}
			groups[k.group] = group
			order = append(order, k.group)
		}
		scope := discoveryv2.ScopeNamespace
		if k.clusterScoped {
			scope = discoveryv2.ScopeCluster
		}
		group.Versions[0].Resources = append(group.Versions[0].Resources, discoveryv2.APIResourceDiscovery{
			Resource: k.plural, SingularResource: strings.ToLower(k.name), Scope: scope, Verbs: []string{"get", "list"},
			ResponseKind: &metav1.GroupVersionKind{Group: k.group, Version: k.version, Kind: k.name},
		})
	}
	for _, name := range order {
		list.Items = append(list.Items, *groups[name])
	}
	w.Header().Set("Content-Type", aggregated)
	_ = json.NewEncoder(w).Encode(list)
}

func writeVersion(w http.ResponseWriter, kinds []kind, apiVersion string) {
	list := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: apiVersion}
	for _, k := range kinds {
		if k.apiVersion() == apiVersion {
			list.APIResources = append(list.APIResources, metav1.APIResource{Name: k.plural, Kind: k.name, Namespaced: !k.clusterScoped})
		}
	}
	if len(list.APIResources) == 0 {
		http.Error(w, "404 page not found", http.StatusNotFound)
		return
	}
	writeJSON(w, http.StatusOK, list)
}

func writeJSON(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

// answer writes an object.
func answer(o object.Object) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, o) }
}

// fails writes an API error.
func fails(code int, reason metav1.StatusReason, message string, causes ...metav1.StatusCause) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, code, metav1.Status{
			TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusFailure,
			Code: int32(code), Reason: reason, Message: message,
			Details: &metav1.StatusDetails{Name: "x", Kind: "things", Causes: causes},
		})
	}
}

// inTurn answers the first request with the first handler, and so on; the last one stays.
func inTurn(handlers ...http.HandlerFunc) http.HandlerFunc {
	var mu sync.Mutex
	next := 0
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		h := handlers[min(next, len(handlers)-1)]
		next++
		mu.Unlock()
		h(w, r)
	}
}

func configMap(name string) object.Object {
	return object.New(object.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: "demo", Name: name})
}

var configMapRef = object.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: "demo", Name: "x"}

const configMapPath = "/api/v1/namespaces/demo/configmaps/x"

func contains(text string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

func decode(t *testing.T, text string) string {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func readAll(t *testing.T, r *http.Request) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}
