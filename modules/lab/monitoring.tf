resource "lab_monitoring" "this" {
  count = var.monitoring.enabled ? 1 : 0

  cluster       = local.cluster
  flavor        = local.flavor
  namespace     = local.namespaces.monitoring
  chart_version = local.flavor == "rancher-monitoring" ? local.version.rancher_monitoring : local.version.kube_prometheus_stack
  repository    = var.chart_repository
  values        = var.monitoring.values

  grafana = {
    host           = try(local.names.grafana, null)
    ingress_class  = local.ingress_class
    image_tag      = local.seed ? "9.3.6" : null
    anonymous_role = var.monitoring.anonymous_role
    # From Grafana 12 on viewers only look, and Explore wants a login.
    viewers_can_edit    = local.seed
    dashboards_timezone = "browser"
    tempo_url           = try(lab_tempo.this[0].endpoints.query_url, null)
  }
  prometheus = {
    host          = try(local.names.prometheus, null)
    ingress_class = local.ingress_class
  }
}

resource "lab_istio_monitoring" "this" {
  count = var.istio_monitoring.enabled ? 1 : 0

  cluster     = local.cluster
  namespace   = var.mesh.enabled ? lab_istio_mesh.this[0].namespace : local.namespaces.mesh
  relabelings = local.seed ? "seed-2023" : "current"
  dashboards  = var.istio_monitoring.dashboards

  # The kinds of its objects come with the monitoring charts.
  depends_on = [lab_monitoring.this]
}

resource "lab_kiali" "this" {
  count = var.kiali.enabled ? 1 : 0

  cluster              = local.cluster
  namespace            = local.namespaces.kiali_operator
  instance_namespace   = var.mesh.enabled ? lab_istio_mesh.this[0].namespace : local.namespaces.mesh
  chart_version        = local.version.kiali_operator
  repository           = var.chart_repository
  values               = var.kiali.values
  spec                 = var.kiali.spec
  auth_strategy        = "anonymous"
  view_only            = var.kiali.view_only
  host                 = try(local.names.kiali, null)
  ingress_class        = local.ingress_class
  prometheus_url       = try(lab_monitoring.this[0].prometheus_url, null)
  grafana_url          = local.seed ? null : try(lab_monitoring.this[0].grafana_url, null)
  grafana_external_url = local.seed ? null : try(lab_monitoring.this[0].grafana_external_url, null)
  tempo_url            = local.seed ? null : try(lab_tempo.this[0].endpoints.query_url, null)
  tempo_datasource_uid = local.seed ? null : try(lab_monitoring.this[0].datasource_uids.tempo, null)
}
