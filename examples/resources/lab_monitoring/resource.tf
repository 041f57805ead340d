resource "lab_monitoring" "monitoring" {
  cluster = lab_rke2_node.server.cluster

  grafana = {
    host           = "grafana.lab.example"
    ingress_class  = "nginx"
    anonymous_role = "Viewer"
    tempo_url      = lab_tempo.tempo.endpoints.query_url
  }
  prometheus = {
    host          = "prometheus.lab.example"
    ingress_class = "nginx"
    retention     = "2d"
  }
}

# The tutorial's own charts, on Kubernetes up to 1.24.
resource "lab_monitoring" "rancher" {
  cluster = lab_rke2_node.old.cluster
  flavor  = "rancher-monitoring"

  grafana = {
    image_tag = "9.3.6"
    tempo_url = "http://tempo.cattle-monitoring-system:3100"
  }
}
