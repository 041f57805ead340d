# The quickstart without its host, on a cluster that is there.

terraform {
  required_providers {
    lab = {
      source = "dxlab/lab"
    }
  }
}

variable "kubeconfig" {
  type = string
}

variable "charts" {
  type = string
}

variable "address" {
  type = string
}

provider "lab" {
  kubernetes = {
    config_path = var.kubeconfig
  }
}

resource "lab_metallb" "this" {
  repository = var.charts
}

resource "lab_metallb_pool" "this" {
  name      = "ip-pool"
  namespace = lab_metallb.this.namespace
  addresses = ["${var.address}/32"]
}

resource "lab_istio_mesh" "this" {
  repository = var.charts
}

resource "lab_istio_gateway" "this" {
  repository     = var.charts
  mesh_namespace = lab_istio_mesh.this.namespace
  address        = var.address

  depends_on = [lab_metallb_pool.this]
}

resource "lab_sample_app" "nginx" {
  app  = "nginx"
  name = "nginx"
}

resource "lab_istio_route" "nginx" {
  name  = "nginx"
  hosts = ["nginx.lab.example"]
  rules = [{
    destinations = [{ host = lab_sample_app.nginx.service, port = 80 }]
  }]

  depends_on = [lab_istio_gateway.this]
}
