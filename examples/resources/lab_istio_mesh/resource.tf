resource "lab_istio_mesh" "this" {
  cluster         = lab_rke2_node.server.cluster
  access_log_file = "/dev/stdout"

  values = [yamlencode({
    meshConfig = { outboundTrafficPolicy = { mode = "REGISTRY_ONLY" } }
  })]
}
