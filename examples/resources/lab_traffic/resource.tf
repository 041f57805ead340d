resource "lab_traffic" "bookinfo" {
  cluster     = lab_rke2_node.server.cluster
  url         = "http://${lab_istio_gateway.this.load_balancer_address}/productpage"
  host        = "bookinfo.istio-dxlab.example"
  requests    = 1000
  rate        = 100
  min_success = 0.99
}
