check "bookinfo" {
  data "lab_http_check" "bookinfo" {
    cluster  = lab_rke2_node.server.cluster
    url      = "http://${lab_istio_gateway.this.load_balancer_address}/productpage"
    host     = "bookinfo.istio-dxlab.example"
    contains = "<title>Simple Bookstore App</title>"
  }

  assert {
    condition     = data.lab_http_check.bookinfo.passed
    error_message = coalesce(data.lab_http_check.bookinfo.reason, "no reason")
  }
}
