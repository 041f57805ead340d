# The whole tutorial with today's versions, on bare hosts, in one apply: an RKE2 server with Calico and Traefik, MetalLB,
# Istio with an ingress gateway of its own address, cert-manager, the OpenTelemetry operator and a collector, Tempo,
# Prometheus and Grafana, Kiali, and three applications to look at.
#
#   terraform init
#   terraform apply -var host=lab-1.example.com -var gateway_address=192.0.2.10
#   terraform output urls
#
# The host needs 4 CPUs and 12 GiB for all of it, and SSH as root or a user with sudo. The gateway's address must be free
# and in the host's network. What is not wanted is switched off: kiali = { enabled = false }.

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
    port = var.ssh_port
  }
}

module "lab" {
  source = "../../../modules/lab"

  profile          = "current"
  servers          = [{ host = var.host }]
  rke2             = { artifacts = var.artifacts }
  addresses        = { gateway = var.gateway_address }
  domain           = var.domain
  chart_repository = var.chart_repository

  # Every request is traced. A busy mesh wants a few percent.
  mesh = { sampling = 100 }

  # Istio's own dashboards, fetched by the machine that runs Terraform and checked.
  istio_monitoring = {
    dashboards = [{
      url    = "https://raw.githubusercontent.com/istio/istio/1.30.3/samples/addons/grafana.yaml"
      sha256 = "1f9ee332c828a29e7c4418661b80d7b766fba2d8a5234b892071ef0a0361b13e"
    }]
  }

  proof = { enabled = var.proof }
}
