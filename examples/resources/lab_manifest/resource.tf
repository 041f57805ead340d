resource "lab_manifest" "settings" {
  cluster = lab_rke2_node.server.cluster

  manifest = yamlencode({
    apiVersion = "v1"
    kind       = "ConfigMap"
    metadata   = { name = "settings", namespace = "default" }
    data       = { greeting = "hello" }
  })
}
