resource "lab_sample_app" "nginx" {
  cluster = lab_rke2_node.server.cluster
  app     = "nginx"
  ingress = { host = "nginx.lab.example" }
}

# The endpoint must fit the version: OTLP over HTTP from 1.49 on, Jaeger Thrift over HTTP before.
resource "lab_sample_app" "hotrod" {
  cluster          = lab_rke2_node.server.cluster
  app              = "hotrod"
  tracing_endpoint = lab_tracing_pipeline.this.endpoints.otlp_http
}

resource "lab_sample_app" "bookinfo" {
  cluster   = lab_rke2_node.server.cluster
  app       = "bookinfo"
  namespace = "books"
}
