# One line chooses the versions of everything.
locals {
  v = provider::lab::versions("current")
}

resource "lab_rke2_node" "server" {
  host    = "192.0.2.10"
  version = local.v.rke2
}

resource "lab_metallb" "this" {
  cluster       = lab_rke2_node.server.cluster
  chart_version = local.v.metallb
}

resource "lab_istio_mesh" "this" {
  cluster       = lab_rke2_node.server.cluster
  chart_version = local.v.istio
}
