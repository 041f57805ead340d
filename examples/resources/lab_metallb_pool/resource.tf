resource "lab_metallb_pool" "gateways" {
  cluster   = lab_rke2_node.server.cluster
  name      = "gateways"
  namespace = lab_metallb.this.namespace
  addresses = ["10.0.0.240-10.0.0.250"]
}
