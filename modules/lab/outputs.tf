output "cluster" {
  description = "Reference to the cluster, for resources of your own; null where the provider's `kubernetes` block serves."
  value       = local.cluster
}

output "urls" {
  description = "What the lab serves, by part. Names of the mesh's gateway begin with `mesh_`."
  value = merge(
    { for part, name in local.names : part => part == "kiali" ? "http://${name}/kiali" : "http://${name}/" },
    { for part, name in local.mesh_names : "mesh_${part}" => part == "bookinfo" ? "http://${name}/productpage" : "http://${name}/" },
  )
}

output "addresses" {
  description = "`ingress`: where the ingress controller answers. `gateway`: where the mesh's gateway does."
  value       = { ingress = local.ingress_address, gateway = local.gateway_address }
}

output "hosts_block" {
  description = "Lines for a hosts file, so that the names of `urls` resolve."
  value       = join("\n", [for address, names in local.entries : "${address} ${join(" ", names)}"])
}

output "endpoints" {
  description = "`collector`: addresses that take traces inside the cluster, by protocol. `tempo`: Tempo's own. `prometheus`, `grafana`: their Services. null where the part is off."
  value = {
    collector  = local.collector
    tempo      = try(lab_tempo.this[0].endpoints, null)
    prometheus = try(lab_monitoring.this[0].prometheus_url, null)
    grafana    = try(lab_monitoring.this[0].grafana_url, null)
  }
}

output "commands" {
  description = "Commands to go on with."
  value = { for name, command in {
    nodes   = length(var.servers) > 0 ? "ssh ${join("@", compact([var.servers[0].user, var.servers[0].host]))} sudo /var/lib/rancher/rke2/bin/kubectl --kubeconfig /etc/rancher/rke2/rke2.yaml get nodes -o wide" : null
    try     = local.gateway_address == null || !contains(keys(local.mesh_names), "nginx") ? null : "curl -H 'Host: ${local.mesh_names.nginx}' http://${local.gateway_address}/"
    traffic = local.gateway_address == null || !contains(keys(local.mesh_names), "bookinfo") ? null : "for i in $(seq 1 100); do curl -s -o /dev/null -H 'Host: ${local.mesh_names.bookinfo}' http://${local.gateway_address}/productpage; done"
    grafana = var.monitoring.enabled ? "kubectl -n ${local.namespaces.monitoring} port-forward svc/${regex("//([^.]+)", lab_monitoring.this[0].grafana_url)[0]} 3000:80" : null
  } : name => command if command != null }
}

output "credentials" {
  description = "Where the passwords are; none is kept in the state."
  value = { for part, hint in {
    grafana = var.monitoring.enabled ? "Secret ${lab_monitoring.this[0].grafana_admin_secret.namespace}/${lab_monitoring.this[0].grafana_admin_secret.name}, keys admin-user and admin-password, or ephemeral lab_grafana_credentials" : null
    cluster = length(var.servers) > 0 ? "/etc/rancher/rke2/rke2.yaml on ${var.servers[0].host}, or ephemeral lab_kubeconfig" : null
  } : part => hint if hint != null }
}

output "grafana_admin_secret" {
  description = "Namespace and name of the Secret with Grafana's administrator, for the ephemeral resource `lab_grafana_credentials`."
  value       = try(lab_monitoring.this[0].grafana_admin_secret, null)
}

output "versions" {
  description = "The versions of the profile, with the changes of `versions`."
  value       = local.version
}

output "proof" {
  description = "The trace that arrived: its id, its services, who called whom, as text and as a Mermaid diagram; and what came of the traffic. null without `proof`."
  value = !local.proved ? null : {
    trace_id = lab_trace_check.bookinfo[0].trace_id
    services = lab_trace_check.bookinfo[0].services_seen
    graph    = lab_trace_check.bookinfo[0].graph
    mermaid  = lab_trace_check.bookinfo[0].mermaid
    traffic  = "${lab_traffic.bookinfo[0].succeeded} of ${lab_traffic.bookinfo[0].sent} requests"
  }
}
