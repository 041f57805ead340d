# A bare Linux host becomes an RKE2 server with MetalLB, Istio, a gateway of its own address and a web server behind it.

terraform {
  required_version = ">= 1.11"
  required_providers {
    lab = {
      source = "dxlab/lab"
    }
  }
}

provider "lab" {
  ssh = {
    user = var.ssh_user
  }
}

resource "lab_rke2_node" "server" {
  host      = var.host
  port      = var.ssh_port
  version   = var.rke2_version
  artifacts = var.artifacts
  tls_san   = [var.host]
}

resource "lab_metallb" "this" {
  cluster    = lab_rke2_node.server.cluster
  repository = var.chart_repository
}

resource "lab_metallb_pool" "this" {
  cluster   = lab_rke2_node.server.cluster
  name      = "ip-pool"
  namespace = lab_metallb.this.namespace
  addresses = ["${var.gateway_address}/32"]
}

resource "lab_istio_mesh" "this" {
  cluster    = lab_rke2_node.server.cluster
  repository = var.chart_repository
}

resource "lab_istio_gateway" "this" {
  cluster        = lab_rke2_node.server.cluster
  repository     = var.chart_repository
  mesh_namespace = lab_istio_mesh.this.namespace
  address        = var.gateway_address

  # The pool is named by its address alone, so the order is said here.
  depends_on = [lab_metallb_pool.this]
}

resource "lab_sample_app" "nginx" {
  cluster = lab_rke2_node.server.cluster
  app     = "nginx"
  name    = "nginx"
}

resource "lab_istio_route" "nginx" {
  cluster = lab_rke2_node.server.cluster
  name    = "nginx"
  hosts   = ["nginx.${var.domain}"]
  rules = [{
    destinations = [{ host = lab_sample_app.nginx.service, port = 80 }]
  }]

  depends_on = [lab_istio_gateway.this]
}

data "lab_cluster" "this" {
  cluster = lab_rke2_node.server.cluster
}
