resource "lab_istio_injection" "default" {
  cluster        = lab_rke2_node.server.cluster
  namespace      = "default"
  mesh_namespace = lab_istio_mesh.this.namespace

  # Pods that ran before get their sidecars too, and new ones after an upgrade of the mesh.
  restart       = true
  proxy_version = lab_istio_mesh.this.app_version
}

# A namespace of its own in ambient mode, in a mesh with ambient = true.
resource "lab_istio_injection" "quiet" {
  cluster          = lab_rke2_node.server.cluster
  namespace        = "quiet"
  create_namespace = true
  mode             = "ambient"
  mesh_namespace   = lab_istio_mesh.this.namespace
}
