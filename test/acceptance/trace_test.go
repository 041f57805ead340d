package acceptance_test

import (
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab"
)

// bookinfo are the services that a request for its page crosses: the proxies' names, from the gateway on.
const bookinfo = `["istio-ingressgateway.istio-system", "productpage.default", "details.default", "reviews.default"]`

// look asks the lab what a person would look at on its screens.
const look = `
resource "lab_trace_check" "hotrod" {
  cluster        = module.lab.cluster
  url            = "http://example-hotrod.default:8080/dispatch?customer=123"
  via            = "cluster"
  services       = ["frontend", "customer", "driver", "route", "redis-manual", "mysql"]
  tempo_url      = module.lab.endpoints.tempo.query_url
  mesh_namespace = ""
  depends_on     = [module.lab]
}

data "lab_http_check" "page" {
  cluster    = module.lab.cluster
  url        = "http://${var.gateway_address}/productpage"
  host       = "bookinfo.istio-dxlab.example.com"
  contains   = "<title>Simple Bookstore App</title>"
  depends_on = [module.lab]
}

data "lab_traces" "productpage" {
  cluster    = module.lab.cluster
  tempo_url  = module.lab.endpoints.tempo.query_url
  query      = "{ resource.service.name = \"productpage.default\" }"
  depends_on = [module.lab]
}

data "lab_traces" "nobody" {
  cluster    = module.lab.cluster
  tempo_url  = module.lab.endpoints.tempo.query_url
  service    = "nobody.default"
  depends_on = [module.lab]
}

# Rates need traffic that goes on for longer than Prometheus takes from one look to the next.
resource "lab_traffic" "steady" {
  cluster     = module.lab.cluster
  url         = "http://${var.gateway_address}/productpage"
  host        = "bookinfo.istio-dxlab.example.com"
  requests    = 90
  rate        = 2
  min_success = 1
  depends_on  = [module.lab]
}

data "lab_service_graph" "mesh" {
  cluster        = module.lab.cluster
  prometheus_url = module.lab.endpoints.prometheus
  depends_on     = [lab_traffic.steady]
}

output "looked" {
  value = {
    page    = data.lab_http_check.page.passed
    traces  = length(data.lab_traces.productpage.traces) > 0 && length(data.lab_traces.nobody.traces) == 0
    hotrod  = lab_trace_check.hotrod.spans > 20
    proof   = module.lab.proof.traffic
  }
}

output "graph" {
  value = "${data.lab_service_graph.mesh.text}${data.lab_service_graph.mesh.mermaid}"
}

output "grafana_url" {
  value = module.lab.endpoints.grafana
}
`

// TestAccTrace applies the whole lab on a host that runs containers: requests cross proxies and applications, spans go
// through a real collector, and a real Prometheus counts. What is a stand-in is told in the lab's README. Then each
// hop is broken by itself.
func TestAccTrace(t *testing.T) {
	t.Parallel()
	l := lab.New(t, lab.Options{Hosts: 1, Containers: true, Charts: labCharts()})
	e := newExample(t, l, "current", keep(noDownloads), append(onHost(l), "proof = true")...)
	e.says(e.succeed(e.apply()), "100 of 100 requests", "istio-ingressgateway.istio-system -> productpage.default")
	e.noChanges()

	t.Log("what one would look at on screens: the page, the traces of a service, the graph of the mesh")
	e.write("look.tf", look)
	shown := e.succeed(e.apply())
	e.says(shown, `"hotrod" = true`, `"page" = true`, `"traces" = true`, "istio-system/istio-ingressgateway -> default/productpage-v1",
		"default/productpage-v1 -> default/details-v1", "default/reviews-v3 -> default/ratings-v1", "flowchart LR")

	breakHops(t, l, strings.TrimSpace(e.succeed(e.run("output", "-raw", "grafana_url")).output))

	t.Log("everything goes, with containers as without")
	e.says(e.succeed(e.destroy()), "Destroy complete!")
	beside(t, l.Hosts()[0]).nothingLeft()
}
