resource "lab_cert_manager" "this" {
  cluster = lab_rke2_node.server.cluster
}
