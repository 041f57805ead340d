resource "lab_traffic" "bookinfo" {
  cluster     = lab_rke2_node.server.cluster
  url         = "http://${lab_istio_gateway.this.load_balancer_address}/productpage"
  host        = "bookinfo.istio-dxlab.example"
  requests    = 1000
  rate        = 100
  min_success = 0.99
}

output "traffic" {
  value = "${lab_traffic.bookinfo.succeeded} of ${lab_traffic.bookinfo.sent} answered well, 99 of 100 within ${lab_traffic.bookinfo.latency_ms.p99} ms"
}
