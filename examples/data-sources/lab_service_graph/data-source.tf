data "lab_service_graph" "mesh" {
  cluster        = lab_rke2_node.server.cluster
  prometheus_url = lab_monitoring.this.prometheus_url
  namespaces     = ["default"]
}

output "graph" {
  value = data.lab_service_graph.mesh.mermaid
}
