# Traefik on ports 80 and 443 of the nodes.
resource "lab_ingress_controller" "this" {
  cluster = lab_k3d_cluster.lab.cluster
}

# ingress-nginx behind an address of MetalLB.
resource "lab_ingress_controller" "nginx" {
  cluster  = lab_rke2_node.server.cluster
  kind     = "ingress-nginx"
  exposure = "load_balancer"
  address  = "10.0.0.20"

  depends_on = [lab_metallb_pool.this]
}
