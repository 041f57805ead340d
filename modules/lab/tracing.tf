resource "lab_tempo" "this" {
  count = var.tempo.enabled ? 1 : 0

  cluster       = local.cluster
  namespace     = local.namespaces.tempo
  chart_version = local.version.tempo
  repository    = var.chart_repository
  values        = var.tempo.values
  retention     = var.tempo.retention
  receivers     = local.seed ? ["otlp", "jaeger", "opencensus"] : null
}

resource "lab_cert_manager" "this" {
  count = var.cert_manager.enabled ? 1 : 0

  cluster       = local.cluster
  namespace     = local.namespaces.cert_manager
  chart_version = local.version.cert_manager
  repository    = var.chart_repository
  values        = var.cert_manager.values
}

resource "lab_otel_operator" "this" {
  count = var.otel.enabled ? 1 : 0

  cluster       = local.cluster
  namespace     = local.namespaces.otel
  chart_version = local.version.otel_operator
  repository    = var.chart_repository
  values        = var.otel.values

  # Its chart asks for a certificate.
  depends_on = [lab_cert_manager.this]
}

resource "lab_tracing_pipeline" "this" {
  count = var.pipeline.enabled ? 1 : 0

  cluster        = local.cluster
  name           = "otel"
  namespace      = local.namespaces.otel
  tempo_endpoint = var.pipeline.tempo_endpoint != null ? var.pipeline.tempo_endpoint : try(lab_tempo.this[0].endpoints.otlp_grpc, null)
  # A pipeline has to lead somewhere.
  debug = var.pipeline.debug != null || var.tempo.enabled || var.pipeline.tempo_endpoint != null ? var.pipeline.debug : "basic"

  operator_version = var.otel.enabled ? lab_otel_operator.this[0].chart_version : local.version.otel_operator

  # The tutorial uses no processor, and defines a receiver, a processor and an exporter that its pipeline does not use.
  processors = local.seed ? [] : null
  config = local.seed ? yamlencode({
    receivers  = { opencensus = { endpoint = "0.0.0.0:55678" } }
    processors = { batch = {} }
    exporters  = { logging = { loglevel = "debug" } }
  }) : null
}
