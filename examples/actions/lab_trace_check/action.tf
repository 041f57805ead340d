# terraform apply -invoke=action.lab_trace_check.bookinfo
action "lab_trace_check" "bookinfo" {
  config {
    cluster   = lab_rke2_node.server.cluster
    url       = "http://${lab_istio_gateway.this.load_balancer_address}/productpage"
    host      = "bookinfo.istio-dxlab.example"
    services  = ["productpage.default"]
    tempo_url = lab_tempo.this.endpoints.query_url
  }
}
