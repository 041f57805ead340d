# Proof that the lab works: traffic to Bookinfo through the gateway, and one trace that is followed to Tempo. Both go out
# from the first server, so that nothing but its SSH port has to be reached.

locals {
  proved = var.proof.enabled && var.pipeline.enabled && var.tempo.enabled && contains(keys(local.mesh_names), "bookinfo")
}

resource "lab_trace_check" "bookinfo" {
  count = local.proved ? 1 : 0

  cluster        = local.cluster
  url            = "http://${local.gateway_address}/productpage"
  host           = local.mesh_names.bookinfo
  services       = ["istio-ingressgateway.${local.namespaces.mesh}", "productpage.${local.namespaces.samples}", "details.${local.namespaces.samples}", "reviews.${local.namespaces.samples}"]
  tempo_url      = lab_tempo.this[0].endpoints.query_url
  mesh_namespace = local.namespaces.mesh
  deadline       = var.proof.deadline
  collector = {
    namespace = lab_tracing_pipeline.this[0].namespace
    service   = "${lab_tracing_pipeline.this[0].name}-collector"
    port      = local.seed ? 9411 : 4317
  }
  # rancher-monitoring's Grafana lets nobody ask its API.
  grafana = local.seed || !var.monitoring.enabled ? null : {
    url            = lab_monitoring.this[0].grafana_url
    datasource_uid = lab_monitoring.this[0].datasource_uids.tempo
    external_url   = lab_monitoring.this[0].grafana_external_url
  }
  triggers = var.proof.triggers

  depends_on = [lab_istio_route.bookinfo, lab_sample_app.bookinfo, lab_istio_mesh.this]
}

resource "lab_traffic" "bookinfo" {
  count = local.proved ? 1 : 0

  cluster     = local.cluster
  url         = "http://${local.gateway_address}/productpage"
  host        = local.mesh_names.bookinfo
  requests    = var.proof.requests
  rate        = var.proof.rate
  min_success = 0.99
  triggers    = var.proof.triggers

  # The check says more when something is broken.
  depends_on = [lab_trace_check.bookinfo]
}
