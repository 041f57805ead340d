resource "lab_trace_check" "bookinfo" {
  cluster   = lab_rke2_node.server.cluster
  url       = "http://${lab_istio_gateway.this.load_balancer_address}/productpage"
  host      = "bookinfo.istio-dxlab.example"
  services  = ["istio-ingressgateway.istio-system", "productpage.default", "details.default"]
  tempo_url = lab_tempo.this.endpoints.query_url

  collector = {
    namespace = lab_tracing_pipeline.this.namespace
    service   = "otel-collector"
    port      = 4317
  }
  grafana = {
    url            = lab_monitoring.this.grafana_url
    datasource_uid = lab_monitoring.this.datasource_uids.tempo
    external_url   = lab_monitoring.this.grafana_external_url
  }

  triggers = { mesh = lab_istio_mesh.this.chart_version }
}

# For a pull request: the way of the request, and where to look at it.
output "proof" {
  value = "${lab_trace_check.bookinfo.spans} spans of ${join(", ", lab_trace_check.bookinfo.services_seen)} in ${lab_trace_check.bookinfo.duration_ms} ms\n${lab_trace_check.bookinfo.graph}\n${lab_trace_check.bookinfo.explore_url}"
}

# Applications that send spans themselves need no mesh, and are reached by the name of their Service.
resource "lab_trace_check" "hotrod" {
  cluster        = lab_rke2_node.server.cluster
  url            = "http://example-hotrod.default:8080/dispatch?customer=123"
  via            = "cluster"
  services       = ["frontend", "customer", "driver", "route"]
  tempo_url      = lab_tempo.this.endpoints.query_url
  mesh_namespace = ""
}
