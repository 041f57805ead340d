data "lab_ingress_controller" "this" {
  cluster = lab_rke2_node.server.cluster
}

resource "lab_ingress" "hotrod" {
  cluster    = lab_rke2_node.server.cluster
  name       = "ingress-example-hotrod"
  hosts      = ["hotrod.lab.example"]
  class_name = data.lab_ingress_controller.this.class_name
  service    = { name = lab_sample_app.hotrod.service_name, port = lab_sample_app.hotrod.port }
}

resource "lab_ingress" "shop" {
  cluster    = lab_rke2_node.server.cluster
  name       = "shop"
  namespace  = "shop"
  hosts      = ["shop.lab.example", "www.shop.lab.example"]
  class_name = data.lab_ingress_controller.this.class_name
  tls_secret = "shop-tls"
  paths = [
    { service = { name = "shop", port = 8080 } },
    { path = "/health", type = "Exact", service = { name = "monitor", port_name = "http" } },
  ]
}
