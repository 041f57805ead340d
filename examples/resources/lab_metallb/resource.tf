resource "lab_metallb" "this" {
  cluster = lab_rke2_node.server.cluster
}
