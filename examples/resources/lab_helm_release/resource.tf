variable "admin_password" {
  type      = string
  ephemeral = true
}

resource "lab_helm_release" "podinfo" {
  cluster       = lab_rke2_node.server.cluster
  name          = "podinfo"
  namespace     = "podinfo"
  repository    = "oci://ghcr.io/stefanprodan/charts"
  chart         = "podinfo"
  chart_version = "6.9.0"

  values            = [yamlencode({ replicaCount = 2 })]
  values_wo         = yamlencode({ redis = { password = var.admin_password } })
  values_wo_version = 1
}
