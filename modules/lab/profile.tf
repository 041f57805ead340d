# What a profile decides, and what follows from which parts are there.

locals {
  seed    = var.profile == "seed-2023"
  version = merge(provider::lab::versions(var.profile), var.versions)

  # The tutorial keeps everything that watches in Rancher's namespace; today's charts have one each.
  namespaces = merge({
    metallb        = "metallb-system"
    mesh           = "istio-system"
    cert_manager   = "cert-manager"
    otel           = "otel-system"
    tempo          = local.seed ? "cattle-monitoring-system" : "tempo"
    monitoring     = local.seed ? "cattle-monitoring-system" : "monitoring"
    kiali_operator = local.seed ? "cattle-monitoring-system" : "kiali-operator"
    samples        = "default"
  }, var.namespaces)

  flavor = var.monitoring.flavor != null ? var.monitoring.flavor : local.seed ? "rancher-monitoring" : "kube-prometheus-stack"

  # Istio 1.17 knows v1alpha3 and v1beta1, and v1 came with 1.22.
  istio_api = local.seed ? "networking.istio.io/v1alpha3" : "networking.istio.io/v1"

  ingress_domain = var.ingress_domain != null ? var.ingress_domain : "dxlab.${var.domain}"
  mesh_domain    = var.mesh_domain != null ? var.mesh_domain : "istio-dxlab.${var.domain}"

  # The names that the lab answers to, where their part is there.
  names = { for part, name in {
    nginx      = var.ingress.enabled && var.samples.nginx ? "nginx.${local.ingress_domain}" : null
    grafana    = var.ingress.enabled && var.monitoring.enabled ? "grafana.${local.ingress_domain}" : null
    prometheus = var.ingress.enabled && var.monitoring.enabled ? "prometheus.${local.ingress_domain}" : null
    hotrod     = var.ingress.enabled && var.samples.hotrod ? "hotrod.${local.ingress_domain}" : null
    kiali      = var.ingress.enabled && var.kiali.enabled ? "kiali.${local.ingress_domain}" : null
  } : part => name if name != null }
  mesh_names = { for part, name in {
    nginx    = var.gateway.enabled && var.samples.nginx ? "nginx.${local.mesh_domain}" : null
    bookinfo = var.gateway.enabled && var.samples.bookinfo ? "bookinfo.${local.mesh_domain}" : null
  } : part => name if name != null }
}
