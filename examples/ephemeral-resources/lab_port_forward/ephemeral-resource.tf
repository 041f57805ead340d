ephemeral "lab_port_forward" "grafana" {
  cluster   = lab_rke2_node.server.cluster
  namespace = lab_monitoring.this.namespace
  service   = "kube-stack-prometheus-grafana"
  port      = 80
}

provider "grafana" {
  url = "http://${ephemeral.lab_port_forward.grafana.address}"
}
