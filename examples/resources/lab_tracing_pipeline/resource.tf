resource "lab_tracing_pipeline" "this" {
  cluster          = lab_rke2_node.server.cluster
  operator_version = lab_otel_operator.this.chart_version

  receivers      = ["otlp", "zipkin", "jaeger"]
  processors     = ["memory_limiter", "batch"]
  tempo_endpoint = lab_tempo.this.endpoints.otlp_grpc

  # Whatever the attributes have no word for is merged over the collector's configuration.
  config = yamlencode({
    processors = { batch = { timeout = "2s" } }
  })
}

output "zipkin" {
  value = lab_tracing_pipeline.this.endpoints.zipkin
}
