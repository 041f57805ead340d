resource "lab_istio_mesh" "this" {
  cluster         = lab_rke2_node.server.cluster
  access_log_file = "/dev/stdout"

  tracing = {
    otlp_grpc_endpoint = lab_tracing_pipeline.this.endpoints.otlp_grpc
    sampling           = 10
  }

  values = [yamlencode({
    meshConfig = { outboundTrafficPolicy = { mode = "REGISTRY_ONLY" } }
  })]
}
