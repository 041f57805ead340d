resource "lab_sample_app" "nginx" {
  count = var.samples.nginx ? 1 : 0

  cluster   = local.cluster
  app       = "nginx"
  name      = "nginx"
  namespace = local.namespaces.samples
  image     = local.version.nginx_image
}

resource "lab_sample_app" "hotrod" {
  count = var.samples.hotrod ? 1 : 0

  cluster          = local.cluster
  app              = "hotrod"
  name             = "example-hotrod"
  namespace        = local.namespaces.samples
  image            = local.version.hotrod_image
  tracing_endpoint = !var.pipeline.enabled ? null : local.seed ? local.collector.jaeger_thrift_http : local.collector.otlp_http
}

# The tutorial labels the namespace after nginx and HotROD are there, which therefore have no sidecar.
resource "lab_istio_injection" "samples" {
  count = var.mesh.enabled && var.samples.bookinfo ? 1 : 0

  cluster          = local.cluster
  namespace        = local.namespaces.samples
  create_namespace = local.namespaces.samples != "default"
  mesh_namespace   = lab_istio_mesh.this[0].namespace
  mode             = "sidecar"

  depends_on = [lab_sample_app.nginx, lab_sample_app.hotrod]
}

resource "lab_sample_app" "bookinfo" {
  count = var.samples.bookinfo ? 1 : 0

  cluster   = local.cluster
  app       = "bookinfo"
  namespace = local.namespaces.samples
  image     = local.version.bookinfo_image
  image_tag = local.version.bookinfo_tag

  depends_on = [lab_istio_injection.samples]
}
