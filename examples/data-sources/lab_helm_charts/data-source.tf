# The newest Istio 1.30 that the mirror has.
data "lab_helm_charts" "istiod" {
  name    = "istiod"
  version = "~1.30.0"
}

resource "lab_istio_mesh" "this" {
  cluster       = lab_rke2_node.server.cluster
  chart_version = data.lab_helm_charts.istiod.newest
}

# What upstream offers, and which Kubernetes each version needs.
data "lab_helm_charts" "upstream" {
  repository = "oci://quay.io/jetstack/charts"
  name       = "cert-manager"
  limit      = 3
}

output "cert_manager" {
  value = { for v in data.lab_helm_charts.upstream.charts[0].versions : v.version => v.kube_version }
}
