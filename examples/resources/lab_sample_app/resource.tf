resource "lab_sample_app" "nginx" {
  cluster = lab_rke2_node.server.cluster
  app     = "nginx"
  name    = "nginx"
  ingress = { host = "nginx.lab.example" }
}
