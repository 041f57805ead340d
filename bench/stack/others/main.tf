# The same as ../lab, by hashicorp/helm and hashicorp/kubernetes. It takes two applies: a kubernetes_manifest is planned
# against its kind, which the charts bring.

terraform {
  required_providers {
    helm = {
      source = "hashicorp/helm"
    }
    kubernetes = {
      source = "hashicorp/kubernetes"
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

provider "helm" {
  kubernetes = {
    config_path = var.kubeconfig
  }
}

provider "kubernetes" {
  config_path = var.kubeconfig
}

resource "helm_release" "metallb" {
  name             = "metallb"
  namespace        = "metallb-system"
  create_namespace = true
  repository       = var.charts
  chart            = "metallb"
  version          = "0.16.1"
}

resource "kubernetes_manifest" "pool" {
  manifest = {
    apiVersion = "metallb.io/v1beta1"
    kind       = "IPAddressPool"
    metadata   = { name = "ip-pool", namespace = helm_release.metallb.namespace }
    spec       = { addresses = ["${var.address}/32"] }
  }
}

resource "kubernetes_manifest" "advertisement" {
  manifest = {
    apiVersion = "metallb.io/v1beta1"
    kind       = "L2Advertisement"
    metadata   = { name = "ip-pool", namespace = helm_release.metallb.namespace }
    spec       = { ipAddressPools = ["ip-pool"] }
  }

  depends_on = [kubernetes_manifest.pool]
}

resource "helm_release" "base" {
  name             = "istio-base"
  namespace        = "istio-system"
  create_namespace = true
  repository       = var.charts
  chart            = "base"
  version          = "1.30.3"
}

resource "helm_release" "istiod" {
  name       = "istiod"
  namespace  = helm_release.base.namespace
  repository = var.charts
  chart      = "istiod"
  version    = "1.30.3"
}

resource "helm_release" "gateway" {
  name       = "istio-ingressgateway"
  namespace  = helm_release.istiod.namespace
  repository = var.charts
  chart      = "gateway"
  version    = "1.30.3"
  values     = [yamlencode({ service = { loadBalancerIP = var.address } })]

  depends_on = [kubernetes_manifest.advertisement]
}

resource "kubernetes_deployment_v1" "nginx" {
  metadata {
    name   = "nginx"
    labels = { app = "nginx" }
  }
  spec {
    replicas = 1
    selector {
      match_labels = { app = "nginx" }
    }
    template {
      metadata {
        labels = { app = "nginx" }
      }
      spec {
        container {
          name  = "nginx"
          image = "docker.io/library/nginx:1.27.5"
          port {
            name           = "http"
            container_port = 80
          }
        }
      }
    }
  }
}

resource "kubernetes_service_v1" "nginx" {
  metadata {
    name   = "nginx"
    labels = { app = "nginx" }
  }
  spec {
    selector = { app = "nginx" }
    port {
      name        = "http"
      port        = 80
      target_port = "http"
    }
  }
}

resource "kubernetes_manifest" "gateway" {
  manifest = {
    apiVersion = "networking.istio.io/v1"
    kind       = "Gateway"
    metadata   = { name = "nginx", namespace = "default" }
    spec = {
      selector = { istio = "ingressgateway" }
      servers = [{
        hosts = ["nginx.lab.example"]
        port  = { name = "http", number = 80, protocol = "HTTP" }
      }]
    }
  }

  depends_on = [helm_release.gateway]
}

resource "kubernetes_manifest" "route" {
  manifest = {
    apiVersion = "networking.istio.io/v1"
    kind       = "VirtualService"
    metadata   = { name = "nginx", namespace = "default" }
    spec = {
      hosts    = ["nginx.lab.example"]
      gateways = ["nginx"]
      http = [{
        route = [{ destination = {
          host = "${kubernetes_service_v1.nginx.metadata[0].name}.default.svc.cluster.local"
          port = { number = 80 }
        } }]
      }]
    }
  }

  depends_on = [kubernetes_manifest.gateway]
}
