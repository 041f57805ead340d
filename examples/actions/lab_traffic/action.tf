# terraform apply -invoke=action.lab_traffic.bookinfo
action "lab_traffic" "bookinfo" {
  config {
    cluster  = lab_rke2_node.server.cluster
    url      = "http://${lab_istio_gateway.this.load_balancer_address}/productpage"
    host     = "bookinfo.istio-dxlab.example"
    requests = 200
  }
}
