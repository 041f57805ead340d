resource "lab_metallb" "this" {
  count = var.metallb.enabled ? 1 : 0

  cluster       = local.cluster
  namespace     = local.namespaces.metallb
  chart_version = local.version.metallb
  repository    = var.chart_repository
  values        = var.metallb.values
}

resource "lab_metallb_pool" "this" {
  count = var.pool.enabled ? 1 : 0

  cluster          = local.cluster
  name             = var.pool.name
  namespace        = var.metallb.enabled ? lab_metallb.this[0].namespace : local.namespaces.metallb
  addresses        = var.addresses.pool != null ? var.addresses.pool : ["${var.addresses.gateway}/${strcontains(var.addresses.gateway, ":") ? 128 : 32}"]
  l2_advertisement = { name = "l2advertise" }
}

resource "lab_ingress_controller" "this" {
  count = var.ingress.install != null ? 1 : 0

  cluster       = local.cluster
  kind          = var.ingress.install
  chart_version = var.ingress.install == "traefik" ? local.version.traefik : local.version.ingress_nginx
  repository    = var.chart_repository
  values        = var.ingress.values

  # Its Service may get an address of the pool.
  depends_on = [lab_metallb_pool.this]
}

data "lab_ingress_controller" "this" {
  count = var.ingress.enabled && var.ingress.install == null ? 1 : 0

  cluster = local.cluster
}

locals {
  controller    = try(lab_ingress_controller.this[0], data.lab_ingress_controller.this[0], null)
  ingress_class = var.ingress.class_name != null ? var.ingress.class_name : try(local.controller.class_name, null)
  # Where the controller listens on the nodes' own ports, its Service has no address, and the node's serves.
  ingress_address = try(coalesce(
    var.addresses.ingress,
    try(local.controller.addresses[0], null),
    try(lab_rke2_node.first[0].address, null),
  ), null)
}

resource "lab_ingress" "nginx" {
  count = contains(keys(local.names), "nginx") ? 1 : 0

  cluster    = local.cluster
  name       = "ingress-nginx-svc"
  namespace  = local.namespaces.samples
  hosts      = [local.names.nginx]
  class_name = local.ingress_class
  service    = { name = lab_sample_app.nginx[0].service_name, port = lab_sample_app.nginx[0].port }
}

resource "lab_ingress" "hotrod" {
  count = contains(keys(local.names), "hotrod") ? 1 : 0

  cluster    = local.cluster
  name       = "ingress-example-hotrod"
  namespace  = local.namespaces.samples
  hosts      = [local.names.hotrod]
  class_name = local.ingress_class
  service    = { name = lab_sample_app.hotrod[0].service_name, port = lab_sample_app.hotrod[0].port }
}
