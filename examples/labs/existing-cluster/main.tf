# The lab's upper floors on a cluster that is there already: no host is touched and no node is made. The provider's
# kubernetes block says which cluster.
#
#   terraform init
#   terraform apply -var kubeconfig=~/.kube/config -var gateway_address=192.0.2.10
#
# Where the cluster has an ingress controller, it is found and used; where it has none, ingress_controller = "traefik"
# installs one, which then wants an address of the pool too: ingress_address. What the cluster has of its own is
# switched off, here cert-manager by a variable, and the rest the same way.

terraform {
  required_version = ">= 1.11"
  required_providers {
    lab = {
      source = "dxlab/lab"
    }
  }
}

provider "lab" {
  kubernetes = {
    config_path    = var.kubeconfig
    config_context = var.context
  }
}

module "lab" {
  source = "../../../modules/lab"

  addresses = {
    gateway = var.gateway_address
    ingress = var.ingress_address
    pool    = [for a in [var.gateway_address, var.ingress_address] : "${a}/32" if a != null]
  }
  domain           = var.domain
  chart_repository = var.chart_repository

  ingress      = { install = var.ingress_controller }
  cert_manager = { enabled = var.cert_manager }
  mesh         = { sampling = 100 }
}
