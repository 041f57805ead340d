resource "lab_istio_gateway" "this" {
  cluster        = lab_rke2_node.server.cluster
  mesh_namespace = lab_istio_mesh.this.namespace
  address        = "10.0.0.240"

  depends_on = [lab_metallb_pool.gateways]
}
