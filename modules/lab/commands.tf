# How somebody at a shell gets to what the lab has: over SSH to the first server where there is one, so that nothing but its
# port 22 has to be reached, else with the kubectl that reaches the cluster.

locals {
  rke2 = {
    kubectl    = "/var/lib/rancher/rke2/bin/kubectl"
    kubeconfig = "/etc/rancher/rke2/rke2.yaml"
  }
  first_server = length(var.servers) > 0 ? var.servers[0] : null
  ssh_options  = try(local.first_server.port, null) == null ? "" : "-p ${local.first_server.port} "
  ssh_target   = local.first_server == null ? "" : join("@", compact([local.first_server.user, local.first_server.host]))
  ssh          = "ssh ${local.ssh_options}${local.ssh_target}"
  remote       = "sudo ${local.rke2.kubectl} --kubeconfig ${local.rke2.kubeconfig}"
  kubectl      = local.first_server == null ? "kubectl" : "${local.ssh} ${local.remote}"

  # The port of the machine that each page is led to.
  local_ports = { grafana = 3000, kiali = 20001, prometheus = 9090, tempo = 3200 }

  # The pages' Services, ports and paths, from their addresses inside the cluster.
  inside = { for part, url in {
    grafana    = try(lab_monitoring.this[0].grafana_url, null)
    kiali      = try(lab_kiali.this[0].url, null)
    prometheus = try(lab_monitoring.this[0].prometheus_url, null)
    tempo      = try(lab_tempo.this[0].endpoints.query_url, null)
  } : part => try(regex("^https?://(?P<service>[^.]+)\\.(?P<namespace>[^.:/]+)[^:/]*:?(?P<port>[0-9]*)(?P<path>(?:/.*)?)$", url), null) }

  forwards = { for part, at in local.inside : part => at == null ? null : join(" ", compact([
    local.first_server == null ? "" : "ssh -L ${local.local_ports[part]}:127.0.0.1:${local.local_ports[part]} ${local.ssh_options}${local.ssh_target}",
    local.first_server == null ? "kubectl" : local.remote,
    "-n ${at.namespace} port-forward svc/${at.service} ${local.local_ports[part]}:${at.port != "" ? at.port : "80"}",
  ])) }
}
