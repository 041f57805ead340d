resource "lab_istio_route" "nginx" {
  cluster = lab_rke2_node.server.cluster
  name    = "nginx"
  hosts   = ["nginx.lab.example"]

  rules = [{
    matches      = [{ prefix = "/" }]
    destinations = [{ host = lab_sample_app.nginx.service, port = 80 }]
  }]
}
