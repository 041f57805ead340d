locals {
  collector = var.pipeline.enabled ? lab_tracing_pipeline.this[0].endpoints : null
  # The tutorial gives the proxies Zipkin's address; today a Telemetry resource names an OTLP provider.
  tracing = !var.pipeline.enabled ? null : {
    zipkin_address     = local.seed ? local.collector.zipkin : null
    otlp_grpc_endpoint = local.seed ? null : local.collector.otlp_grpc
    sampling           = var.mesh.sampling
  }
}

resource "lab_istio_mesh" "this" {
  count = var.mesh.enabled ? 1 : 0

  cluster       = local.cluster
  namespace     = local.namespaces.mesh
  chart_version = local.version.istio
  repository    = var.chart_repository
  values        = var.mesh.values
  mesh_config   = var.mesh.mesh_config
  tracing       = local.tracing
}

resource "lab_istio_gateway" "this" {
  count = var.gateway.enabled ? 1 : 0

  cluster        = local.cluster
  namespace      = local.namespaces.mesh
  chart_version  = local.version.istio
  repository     = var.chart_repository
  values         = var.gateway.values
  mesh_namespace = var.mesh.enabled ? lab_istio_mesh.this[0].namespace : local.namespaces.mesh
  address        = var.addresses.gateway
  # MetalLB reads its own annotation from 0.14.9 on; before, the Service's field is the one way that all versions know.
  address_annotation = local.seed || var.addresses.gateway == null ? null : "metallb.io/loadBalancerIPs"

  # The pool is named by its address alone, so the order is said here.
  depends_on = [lab_metallb_pool.this]
}

resource "lab_istio_route" "nginx" {
  count = contains(keys(local.mesh_names), "nginx") ? 1 : 0

  cluster     = local.cluster
  name        = "virtualservice-nginx-svc"
  namespace   = local.namespaces.samples
  api_version = local.istio_api
  hosts       = [local.mesh_names.nginx]
  server      = { name = "gateway-nginx-svc" }
  rules       = [{ destinations = [{ host = lab_sample_app.nginx[0].service, port = 80 }] }]

  depends_on = [lab_istio_gateway.this]
}

resource "lab_istio_route" "bookinfo" {
  count = contains(keys(local.mesh_names), "bookinfo") ? 1 : 0

  cluster     = local.cluster
  name        = "bookinfo"
  namespace   = local.namespaces.samples
  api_version = local.istio_api
  hosts       = [local.mesh_names.bookinfo]
  server      = { name = "bookinfo-gateway" }
  rules = [{
    matches = [
      { exact = "/productpage" },
      { prefix = "/static" },
      { exact = "/login" },
      { exact = "/logout" },
      { prefix = "/api/v1/products" },
    ]
    destinations = [{ host = "productpage", port = 9080 }]
  }]

  depends_on = [lab_istio_gateway.this, lab_sample_app.bookinfo]
}
