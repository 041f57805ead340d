resource "lab_k3d_cluster" "this" {
  host   = "10.0.0.30"
  name   = "lab"
  agents = 2
  subnet = "172.28.0.0/16"
  ports  = [{ port = "8080:80", node_filters = ["loadbalancer"] }]
}

# MetalLB hands out addresses of the Docker network.
resource "lab_metallb" "this" {
  cluster = lab_k3d_cluster.this.cluster
}

resource "lab_metallb_pool" "this" {
  cluster   = lab_k3d_cluster.this.cluster
  name      = "docker"
  namespace = lab_metallb.this.namespace
  addresses = ["172.28.255.1-172.28.255.50"]
}
