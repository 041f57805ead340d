package acceptance_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/test/lab"
)

// labNamespaces are all that the labs make, in either profile.
var labNamespaces = []string{
	"metallb-system", "istio-system", "cert-manager", "otel-system", "tempo", "monitoring", "kiali-operator",
	"cattle-monitoring-system", "cattle-dashboards", "traefik", "ingress-nginx",
}

// keptKinds are the groups of kinds that the guide says to stay when a cluster outlives its lab.
var keptKinds = []string{".istio.io", ".cert-manager.io", ".monitoring.coreos.com", ".kiali.io", ".opentelemetry.io"}

// nothingLeft checks a cluster that outlived its lab: no namespace of the lab's, no webhook that could block the API,
// no API service without a server, no kinds but those that are said to stay, and nothing in namespace default.
func (b bystander) nothingLeft() {
	b.t.Helper()
	for _, name := range b.names(kube.ListOptions{APIVersion: "v1", Kind: "Namespace"}) {
		if slices.Contains(labNamespaces, name) {
			b.t.Errorf("namespace %s is left", name)
		}
	}
	for _, kind := range []string{"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"} {
		for _, name := range b.names(kube.ListOptions{APIVersion: "admissionregistration.k8s.io/v1", Kind: kind}) {
			if !strings.HasPrefix(name, "rke2-") {
				b.t.Errorf("%s %s is left", kind, name)
			}
		}
	}
	for _, name := range b.names(kube.ListOptions{APIVersion: "apiregistration.k8s.io/v1", Kind: "APIService"}) {
		if strings.Contains(name, "custom.metrics") {
			b.t.Errorf("APIService %s is left", name)
		}
	}
	for _, name := range b.names(kube.ListOptions{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition"}) {
		if !ofRKE2(name) && !slices.ContainsFunc(keptKinds, func(group string) bool { return strings.HasSuffix(name, group) }) {
			b.t.Errorf("CustomResourceDefinition %s is left, and the guide does not say so", name)
		}
	}
	for _, list := range []kube.ListOptions{
		{APIVersion: "apps/v1", Kind: "Deployment"},
		{APIVersion: "v1", Kind: "ServiceAccount"},
		{APIVersion: "networking.k8s.io/v1", Kind: "Ingress"},
		{APIVersion: "v1", Kind: "Service"},
		{APIVersion: "v1", Kind: "Secret"},
	} {
		list.Namespace = "default"
		for _, name := range b.names(list) {
			if name != "kubernetes" && name != "default" {
				b.t.Errorf("%s default/%s is left", list.Kind, name)
			}
		}
	}
	if labels := object.Map(b.get(ref("v1", "Namespace", "", "default")), "metadata", "labels"); labels["istio-injection"] != nil {
		b.t.Errorf("namespace default is labelled for injection: %v", labels)
	}
}

// ofRKE2 reports whether RKE2, with Calico and Traefik, brought a kind.
func ofRKE2(crd string) bool {
	return slices.ContainsFunc([]string{
		".cattle.io", ".projectcalico.org", ".tigera.io", ".snapshot.storage.k8s.io", ".groupsnapshot.storage.k8s.io", ".traefik.io", ".traefik.containo.us",
		".gateway.networking.k8s.io", ".policy.networking.k8s.io",
	}, func(group string) bool { return strings.HasSuffix(crd, group) })
}

func (b bystander) names(o kube.ListOptions) []string {
	b.t.Helper()
	list, err := b.client.ListMeta(b.t.Context(), o)
	if err != nil {
		b.t.Fatal(err)
	}
	names := make([]string, 0, len(list))
	for _, m := range list {
		names = append(names, m.Ref.Name)
	}
	return names
}

// TestLeftovers_GuideSaysWhatStays keeps the guide and the check together.
func TestLeftovers_GuideSaysWhatStays(t *testing.T) {
	t.Parallel()
	guide := readGuide(t)
	_, section, _ := strings.Cut(guide, "## What stays after a destroy")
	for _, group := range keptKinds {
		if !strings.Contains(section, group+"`") {
			t.Errorf("the guide does not say that %s stays", group)
		}
	}
	for _, line := range strings.Split(section, "\n") {
		if kind, _, ok := strings.Cut(strings.TrimPrefix(line, "| `"), "`"); ok && strings.HasPrefix(line, "| `") {
			if !slices.ContainsFunc(keptKinds, func(group string) bool { return strings.HasSuffix(kind, group) }) {
				t.Errorf("%s is said to stay, and the labs leave no such thing", kind)
			}
		}
	}
}

// besideCluster reaches a lab's own cluster.
func besideCluster(t testing.TB, l *lab.Lab) bystander {
	t.Helper()
	client, err := kube.New(kube.Config{KubeconfigPaths: []string{l.EnvInside()["KUBECONFIG"]}})
	if err != nil {
		t.Fatal(err)
	}
	return bystander{t: t, client: client}
}
