resource "lab_kiali" "this" {
  cluster            = lab_rke2_node.server.cluster
  instance_namespace = lab_istio_mesh.this.namespace

  prometheus_url       = lab_monitoring.this.prometheus_url
  grafana_url          = lab_monitoring.this.grafana_url
  grafana_external_url = lab_monitoring.this.grafana_external_url
  tempo_url            = lab_tempo.this.endpoints.query_url
  tempo_datasource_uid = lab_monitoring.this.datasource_uids.tempo

  host          = "kiali.lab.example"
  ingress_class = "nginx"

  # Whatever the attributes have no word for is merged over the object's spec.
  spec = yamlencode({
    deployment = { logger = { log_level = "debug" } }
  })
}

output "kiali" {
  value = lab_kiali.this.external_url
}
