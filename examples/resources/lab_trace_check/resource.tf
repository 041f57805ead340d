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
  }

  triggers = { mesh = lab_istio_mesh.this.chart_version }
}
