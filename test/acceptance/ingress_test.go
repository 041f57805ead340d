package acceptance_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// samplesBehind are the tutorial's applications behind the bundled ingress controller, and dashboards of a size that
// kubectl apply could not handle.
const samplesBehind = `
data "lab_ingress_controller" "this" {
  cluster = lab_rke2_node.server.cluster
}

resource "lab_sample_app" "hotrod" {
  cluster          = lab_rke2_node.server.cluster
  app              = "hotrod"
  image            = "jaegertracing/example-hotrod:1.42.0"
  tracing_endpoint = "otel-collector.otel-system.svc:14268"
}

resource "lab_sample_app" "bookinfo" {
  cluster   = lab_rke2_node.server.cluster
  app       = "bookinfo"
  namespace = "books"
}

resource "lab_ingress" "hotrod" {
  cluster    = lab_rke2_node.server.cluster
  name       = "ingress-example-hotrod"
  hosts      = ["hotrod.lab.example"]
  class_name = data.lab_ingress_controller.this.class_name
  service    = { name = lab_sample_app.hotrod.service_name, port = lab_sample_app.hotrod.port }
}

resource "lab_istio_monitoring" "dashboards" {
  cluster    = lab_rke2_node.server.cluster
  namespace  = "default"
  monitors   = false
  dashboards = [{ file = "${path.module}/fat.json" }, { builtin = "mesh-overview" }]
}

output "ingress" {
  value = "${data.lab_ingress_controller.this.workload} at ${join(" ", lab_ingress.hotrod.addresses)}: ${join(" ", lab_ingress.hotrod.urls)}"
}
`

// TestAccIngress puts applications behind what RKE2 bundles, takes drift back, and shows that a second controller is refused.
func TestAccIngress(t *testing.T) {
	t.Parallel()
	l, host := oneHost(t)
	w := newWorkspace(t, l)
	w.write("fat.json", fmt.Sprintf(`{"title": "Fat", "panels": [], "fat": %q}`, strings.Repeat("x", 600<<10)))
	base := server(l, host, `ingress_controller = ["traefik"]`) + variables(l)
	w.config(base, samplesBehind)
	r := w.succeed(w.apply())
	w.says(r, fmt.Sprintf("DaemonSet kube-system/rke2-traefik at %s: http://hotrod.lab.example/", host.Address()))
	w.noChanges()
	if state := w.read("terraform.tfstate"); strings.Contains(state, strings.Repeat("x", 100)) {
		t.Error("the state has the content of a dashboard")
	}

	t.Log("what was changed by hand is named and put right")
	other := beside(t, host)
	boards := ref("v1", "ConfigMap", "default", "istio-dashboards")
	other.patch(boards, `{"data":{"fat.json":"{}"}}`)
	other.patch(ref("networking.k8s.io/v1", "Ingress", "default", "ingress-example-hotrod"), `{"spec":{"ingressClassName":"other"}}`)
	r = w.plan()
	if r.code != 2 {
		t.Fatalf("drift is not seen:\n%s", r.output)
	}
	w.says(r, "ConfigMap default/istio-dashboards data: differs", `spec.ingressClassName: want \"traefik\", live \"other\"`)
	w.succeed(w.apply())
	w.noChanges()
	if got := object.String(other.get(boards), "data", "fat.json"); !strings.Contains(got, "Fat") {
		t.Errorf("the dashboard is %d bytes", len(got))
	}

	t.Log("a second controller is refused, and an endpoint that does not fit")
	w.config(base, samplesBehind, `
resource "lab_ingress_controller" "second" {
  cluster    = lab_rke2_node.server.cluster
  repository = var.charts
}
`)
	w.fail(w.apply(), "conflict", "IngressClass traefik belongs to another controller", "DaemonSet kube-system/rke2-traefik")
	w.config(base, strings.Replace(samplesBehind, "example-hotrod:1.42.0", "example-hotrod:2.20.0", 1))
	w.fail(w.plan(), "sends spans as OTLP over HTTP", "port 4318 is right")
	w.config(base, samplesBehind)
	w.says(w.succeed(w.destroy()), "Destroy complete!")
}
