package acceptance_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/test/lab"
	"github.com/dxlab/terraform-provider-lab/test/lab/charts"
)

// imageMirror is a registry that nobody asks: the lab's nodes run no containers.
const imageMirror = "mirror.test:5000"

// mirroredNamespaces are where the parts of mirroredParts have their pods.
var mirroredNamespaces = []string{
	"metallb-system", "istio-system", "cert-manager", "otel-system", "tempo", "monitoring", "kiali-operator", "default",
}

// mirroredParts say nothing of repositories and images: that is the provider block's.
const mirroredParts = `
resource "lab_metallb" "this" {}

resource "lab_istio_mesh" "this" {}

resource "lab_istio_injection" "default" {
  namespace      = "default"
  mesh_namespace = lab_istio_mesh.this.namespace
}

resource "lab_otel_operator" "this" {
  depends_on = [lab_cert_manager.this]
}

resource "lab_tempo" "this" {}

resource "lab_tracing_pipeline" "this" {
  operator_version = lab_otel_operator.this.chart_version
  tempo_endpoint   = lab_tempo.this.endpoints.otlp_grpc
}

resource "lab_monitoring" "this" {}

resource "lab_kiali" "this" {
  instance_namespace = lab_istio_mesh.this.namespace
  prometheus_url     = lab_monitoring.this.prometheus_url
}

resource "lab_sample_app" "hotrod" {
  app              = "hotrod"
  tracing_endpoint = lab_tracing_pipeline.this.endpoints.otlp_http
  depends_on       = [lab_istio_injection.default]
}

data "lab_images" "this" {
  parts = ["metallb", "istio", "cert_manager", "otel_operator", "tempo", "monitoring", "kiali", "samples"]
}

output "mirrored" {
  value = data.lab_images.this.mirrored
}
`

// certManager is the part whose chart changes.
func certManager(more string) string {
	return "resource \"lab_cert_manager\" \"this\" {\n  " + more + "\n}\n"
}

// mirrors is a provider block: charts come from the lab's registry, but for MetalLB's, and images from another.
func mirrors(l *lab.Lab, registry string) string {
	env := l.EnvInside()
	return fmt.Sprintf(`
provider "lab" {
  charts = {
    mirror     = %q
    plain_http = true
    exceptions = { metallb = { repository = %q } }
  }
  images = { registry = %q }
}
`, env["LAB_CHARTS_OCI"], env["LAB_CHARTS"], registry)
}

// images lists the images of all pods of a cluster by namespace, without those of its own parts.
func (b bystander) images() map[string][]string {
	b.t.Helper()
	pods, err := b.client.List(b.t.Context(), kube.ListOptions{APIVersion: "v1", Kind: "Pod"})
	if err != nil {
		b.t.Fatal(err)
	}
	found := map[string][]string{}
	for _, pod := range pods {
		namespace := object.RefOf(pod).Namespace
		if strings.HasPrefix(namespace, "kube-") {
			continue
		}
		for _, kind := range []string{"initContainers", "containers"} {
			for _, c := range object.List(pod, "spec", kind) {
				c, _ := c.(map[string]any)
				found[namespace] = append(found[namespace], object.String(c, "image"))
			}
		}
	}
	return found
}

// chartRequests tells how often the lab's classic repository and its registry were asked for a chart.
func chartRequests(l *lab.Lab, chart string) (classic, registry int) {
	for _, r := range l.Charts().Stats().Log {
		switch {
		case !strings.Contains(r.Path, chart):
		case strings.HasPrefix(r.Path, "/v2/"):
			registry++
		default:
			classic++
		}
	}
	return classic, registry
}

// TestAccMirror makes a lab behind mirrors that the provider block alone names: of charts, with one exception, and of
// images.
func TestAccMirror(t *testing.T) {
	t.Parallel()
	l := lab.New(t, lab.Options{Cluster: true})
	w := newWorkspace(t, l)
	behind := mirrors(l, imageMirror)
	w.config(behind, certManager(""), mirroredParts)
	w.succeed(w.apply())
	for chart, fromMirror := range map[string]bool{"metallb": false, "istiod": true, "cert-manager": true, "tempo": true, "kiali-operator": true} {
		if classic, registry := chartRequests(l, chart); (classic == 0) != fromMirror || (registry > 0) != fromMirror {
			t.Errorf("chart %s was asked for %d times in its own repository and %d times in the mirror", chart, classic, registry)
		}
	}
	w.noChanges()

	t.Log("every image comes from the mirror, and the list of images knows it")
	var mirrored map[string]string
	listed := w.succeed(w.run("output", "-json", "mirrored"))
	if err := json.Unmarshal([]byte(listed.output), &mirrored); err != nil {
		t.Fatalf("%v:\n%s", err, listed.output)
	}
	known := slices.Collect(maps.Values(mirrored))
	seen := besideCluster(t, l).images()
	for namespace, images := range seen {
		for _, image := range images {
			switch {
			case !strings.HasPrefix(image, imageMirror+"/"):
				t.Errorf("a pod in namespace %s takes %s from elsewhere", namespace, image)
			case !slices.Contains(known, image):
				t.Errorf("lab_images does not list %s, which namespace %s has", image, namespace)
			}
		}
	}
	for _, namespace := range mirroredNamespaces {
		if len(seen[namespace]) == 0 {
			t.Errorf("namespace %s has no pods", namespace)
		}
	}

	t.Log("another mirror is a change, which says what moves")
	w.config(mirrors(l, "other.test"), certManager(""), mirroredParts)
	r := w.plan()
	if r.code != 2 {
		t.Fatalf("the plan ends with %d:\n%s", r.code, r.output)
	}
	w.says(r,
		"controller.image.repository: want other.test/metallb/controller, installed with "+imageMirror+"/metallb/controller",
		"global.hub: want other.test/release, installed with "+imageMirror+"/release",
		`Deployment default/example-hotrod spec.template.spec.containers[example-hotrod].image: want \"other.test/jaegertracing/example-hotrod:`,
		`Kiali istio-system/kiali spec.deployment.image_name: want \"other.test/kiali/kiali\", live \"`+imageMirror+`/kiali/kiali\"`,
	)

	t.Log("what the mirror does not have is an error of the plan")
	w.config(behind, certManager(`chart_version = "v1.20.9"`), mirroredParts)
	w.fail(w.plan(), "cert-manager", "v1.20.9", "mirror "+l.EnvInside()["LAB_CHARTS_OCI"])
	w.must(l.Charts().SetFaults([]charts.Fault{{Kind: charts.Missing, Target: charts.Index, Chart: "traefik"}}))
	w.config(behind, certManager(""), mirroredParts, "resource \"lab_ingress_controller\" \"this\" {}\n")
	w.fail(w.plan(), "traefik", "41.3.0", "mirror "+l.EnvInside()["LAB_CHARTS_OCI"])

	w.config(behind, certManager(""), mirroredParts)
	w.noChanges()
	w.says(w.succeed(w.destroy()), "Destroy complete!")
	besideCluster(t, l).nothingLeft()
}
