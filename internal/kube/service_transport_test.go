package kube_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

const (
	proxyRole    = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: proxied, namespace: NAMESPACE}\nrules: [{apiGroups: [\"\"], resources: [services, services/proxy], verbs: [get]}]"
	proxyBinding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: proxied, namespace: NAMESPACE}\n" +
		"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: proxied}\nsubjects: [{kind: ServiceAccount, name: proxied, namespace: NAMESPACE}]"
)

// servicesAreReached shows both ways to a service: a forwarded port, and the proxy where that is not allowed.
func servicesAreReached(t *testing.T, s *site) {
	pod := object.RefOf(s.running())
	want := "registry.test/web:1 in pod " + s.namespace + "/" + pod.Name
	address := "http://web." + s.namespace + ".svc.cluster.local:8080/"

	services := s.client.Services()
	for range 2 {
		if got := ask(t, services, address); !strings.Contains(got, want) {
			t.Errorf("through a forwarded port: %q", got)
		}
	}
	if err := services.Close(); err != nil {
		t.Error(err)
	}
	proxied := s.guest("proxied").Services()
	s.apply(proxyRole)
	s.apply(proxyBinding)
	s.eventually("the binding to count", func() bool {
		response, err := proxied.RoundTrip(get(t, address))
		return err == nil && response.Body.Close() == nil
	})
	if got := ask(t, proxied, address); !strings.Contains(got, want) {
		t.Errorf("through the proxy: %q", got)
	}
	refused := s.guest("refused").Services()
	_, err := refused.RoundTrip(get(t, address))
	s.fails(err, fault.Denied, "pods/portforward", "services/proxy")
	_, err = services.RoundTrip(get(t, "http://none."+s.namespace+":80/"))
	s.fails(err, fault.NotFound)
}

func get(t *testing.T, address string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func ask(t *testing.T, services http.RoundTripper, address string) string {
	t.Helper()
	response, err := services.RoundTrip(get(t, address))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestServices_RefusesWhatIsNoName(t *testing.T) {
	t.Parallel()
	client, err := kube.New(kube.Config{Host: "https://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"http://tempo:3200/", "http://10.43.0.1:80/", "http://tempo.example.com/", "http://.a/"} {
		if _, err := client.Services().RoundTrip(get(t, address)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
