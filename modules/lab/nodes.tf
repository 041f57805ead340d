locals {
  cluster = length(var.servers) > 0 ? lab_rke2_node.first[0].cluster : var.cluster

  nodes = {
    version            = local.version.rke2
    ingress_controller = var.rke2.ingress_controller != null ? var.rke2.ingress_controller : local.seed ? null : ["traefik"]
    tls_san            = distinct(concat([for s in slice(var.servers, 0, min(1, length(var.servers))) : s.host], var.rke2.tls_san))
  }
}

resource "lab_rke2_node" "first" {
  count = length(var.servers) > 0 ? 1 : 0

  host      = var.servers[0].host
  port      = var.servers[0].port
  user      = var.servers[0].user
  host_key  = var.servers[0].host_key
  node_name = var.servers[0].node_name
  node_ip   = var.servers[0].node_ip
  labels    = var.servers[0].labels

  version            = local.nodes.version
  artifacts          = var.rke2.artifacts
  cni                = var.rke2.cni
  tls_san            = local.nodes.tls_san
  ingress_controller = local.nodes.ingress_controller
  config             = var.rke2.config
  registries         = var.rke2.registries
  adopt              = var.rke2.adopt
  on_destroy         = var.rke2.on_destroy
}

resource "lab_rke2_node" "server" {
  for_each = { for i, s in var.servers : s.host => s if i > 0 }

  join      = lab_rke2_node.first[0].cluster
  host      = each.value.host
  port      = each.value.port
  user      = each.value.user
  host_key  = each.value.host_key
  node_name = each.value.node_name
  node_ip   = each.value.node_ip
  labels    = each.value.labels

  version            = local.nodes.version
  artifacts          = var.rke2.artifacts
  cni                = var.rke2.cni
  tls_san            = local.nodes.tls_san
  ingress_controller = local.nodes.ingress_controller
  config             = var.rke2.config
  registries         = var.rke2.registries
  adopt              = var.rke2.adopt
  on_destroy         = var.rke2.on_destroy
}

resource "lab_rke2_node" "agent" {
  for_each = { for a in var.agents : a.host => a }

  role      = "agent"
  join      = local.cluster
  host      = each.value.host
  port      = each.value.port
  user      = each.value.user
  host_key  = each.value.host_key
  node_name = each.value.node_name
  node_ip   = each.value.node_ip
  labels    = each.value.labels

  version    = local.nodes.version
  artifacts  = var.rke2.artifacts
  registries = var.rke2.registries
  adopt      = var.rke2.adopt
  on_destroy = var.rke2.on_destroy
}
