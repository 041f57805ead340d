ephemeral "lab_grafana_credentials" "admin" {
  cluster   = lab_rke2_node.server.cluster
  namespace = lab_monitoring.monitoring.grafana_admin_secret.namespace
  secret    = lab_monitoring.monitoring.grafana_admin_secret.name
}

# For another provider, or a write-only argument.
provider "grafana" {
  url  = lab_monitoring.monitoring.grafana_external_url
  auth = "${ephemeral.lab_grafana_credentials.admin.username}:${ephemeral.lab_grafana_credentials.admin.password}"
}
