# The tutorial as it was written in February 2023, with its versions and its names, in one apply: RKE2 v1.24 with Calico
# and ingress-nginx, MetalLB 0.13, Istio 1.17 with Zipkin tracing, Tempo 2.0, rancher-monitoring with Grafana 9.3,
# cert-manager 1.11, the OpenTelemetry operator 0.70 and a collector, Kiali 1.64, nginx, HotROD and Bookinfo.
#
#   terraform init
#   terraform apply -var host=dxlab-dt-01 -var gateway_address=10.34.124.115 -var domain=example.com
#   terraform output urls
#
# These versions are old: nothing here belongs on a network with people who are not trusted, and the host should be of
# that time too (Ubuntu 20.04, cgroup v1). Where the lab differs from the text on purpose, and why, is said in the
# provider's documentation, page "The tutorial, object by object".

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

  profile          = "seed-2023"
  servers          = [{ host = var.host }]
  rke2             = { artifacts = var.artifacts }
  addresses        = { gateway = var.gateway_address }
  domain           = var.domain
  chart_repository = var.chart_repository

  # Istio's own dashboards, fetched by the machine that runs Terraform and checked.
  istio_monitoring = {
    dashboards = [{
      url    = "https://raw.githubusercontent.com/istio/istio/1.17.1/samples/addons/grafana.yaml"
      sha256 = "3fab023e8fee67435041459ef660287cb158d1cb0488485796c36c00d076163a"
    }]
  }
}
