package helm_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func TestManifest_NamespacesAreFilledIn(t *testing.T) {
	t.Parallel()
	object1 := func(apiVersion, kind string) string {
		return fmt.Sprintf("---\napiVersion: %s\nkind: %s\nmetadata:\n  name: x\n", apiVersion, kind)
	}
	crd := "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: x\nspec:\n  group: example.com\n  scope: Cluster\n  names: {kind: Planet}\n"
	cases := map[string]struct{ manifest, want string }{
		"namespaced":             {object1("apps/v1", "Deployment"), "Deployment ns/x"},
		"cluster-scoped":         {object1("rbac.authorization.k8s.io/v1", "ClusterRole"), "ClusterRole x"},
		"core":                   {object1("v1", "Namespace"), "Namespace x"},
		"webhooks":               {object1("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"), "ValidatingWebhookConfiguration x"},
		"a custom kind":          {object1("networking.istio.io/v1", "Gateway"), "Gateway ns/x"},
		"a global custom kind":   {object1("cert-manager.io/v1", "ClusterIssuer"), "ClusterIssuer x"},
		"told by its definition": {object1("example.com/v1", "Planet") + crd, "Planet x, CustomResourceDefinition x"},
		"said by the chart":      {strings.Replace(object1("v1", "Service"), "name: x", "name: x\n  namespace: other", 1), "Service other/x"},
		"a list":                 {"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: a}}\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n", "Secret ns/a, ConfigMap ns/b"},
		"nothing":                {"---\n# Source: x\n---\n\n---\nnull\n", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects, err := helm.ParseManifest([]byte(c.manifest), "ns")
			var refs []string
			for _, o := range objects {
				refs = append(refs, object.RefOf(o).String())
			}
			if diff := cmp.Diff(c.want, strings.Join(refs, ", ")); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
}

func TestManifest_NumbersAndTexts(t *testing.T) {
	t.Parallel()
	got, err := helm.ParseManifest([]byte("apiVersion: v1\nkind: X\nmetadata: {name: a}\nspec:\n  port: 8080\n  ratio: 0.5\n  big: 12345678901\n  text: \"8080\"\n  lines: |\n    ---\n    # no comment\n"), "")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"port": int64(8080), "ratio": 0.5, "big": int64(12345678901), "text": "8080", "lines": "---\n# no comment\n"}
	if diff := cmp.Diff(want, got[0]["spec"]); diff != "" {
		t.Error(diff)
	}
}

func TestManifest_MalformedSaysNothingOfItsContent(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"a: [geheim", "- geheim", "geheim"} {
		if _, err := helm.ParseManifest([]byte(text), ""); err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// bigManifest has the size and shape of a monitoring stack's: rules, dashboards, workloads.
func bigManifest() []byte {
	var out strings.Builder
	for i := range 130 {
		fmt.Fprintf(&out, "---\n# Source: stack/templates/%d.yaml\napiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: rules-%d\n  labels:\n    app: stack\nspec:\n  groups:\n", i, i)
		for j := range 20 {
			fmt.Fprintf(&out, "  - name: group-%d\n    rules:\n    - alert: Something%d\n      annotations:\n        description: The {{ $labels.pod }} has been down for more than 15 minutes and somebody should look.\n        summary: It is down.\n      expr: |-\n        sum by (namespace) (rate(some_metric_total{job=\"x\", namespace=~\".*\"}[5m])) > %d\n      for: 15m\n      labels:\n        severity: critical\n", j, j, j)
		}
	}
	return []byte(out.String())
}

func BenchmarkManifest(b *testing.B) {
	text := bigManifest()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if objects, err := helm.ParseManifest(text, "ns"); err != nil || len(objects) != 130 {
			b.Fatal(len(objects), err)
		}
	}
}
