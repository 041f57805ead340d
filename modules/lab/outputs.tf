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
  description = "Commands to go on with, ready to be pasted: `nodes`, `try` and `traffic`; `grafana`, `kiali`, `prometheus` and `tempo` lead a port of the machine there, see `local_urls`; `grafana_password` shows the administrator's; `kubeconfig` the cluster's; `trace` the trace of the proof. With `servers` they go over SSH and want nothing else on the machine."
  value = { for name, command in merge({
    nodes            = length(var.servers) > 0 ? "${local.kubectl} get nodes -o wide" : null
    try              = local.gateway_address == null || !contains(keys(local.mesh_names), "nginx") ? null : "curl -H 'Host: ${local.mesh_names.nginx}' http://${local.gateway_address}/"
    traffic          = local.gateway_address == null || !contains(keys(local.mesh_names), "bookinfo") ? null : "for i in $(seq 1 100); do curl -s -o /dev/null -H 'Host: ${local.mesh_names.bookinfo}' http://${local.gateway_address}/productpage; done"
    grafana_password = var.monitoring.enabled ? "${local.kubectl} -n ${lab_monitoring.this[0].grafana_admin_secret.namespace} get secret ${lab_monitoring.this[0].grafana_admin_secret.name} -o jsonpath={.data.admin-password} | base64 -d" : null
    kubeconfig       = length(var.servers) > 0 ? "${local.ssh} sudo cat ${local.rke2.kubeconfig}" : null
    trace            = local.proved ? replace(lab_trace_check.bookinfo[0].commands.trace, "kubectl ", "${local.kubectl} ") : null
  }, local.forwards) : name => command if command != null }
}

output "local_urls" {
  description = "Where the pages are while the command of the same name in `commands` runs: they need no name, no Ingress and no route to the lab."
  value       = { for part, at in local.inside : part => "http://localhost:${local.local_ports[part]}${at.path}" if at != null }
}

output "credentials" {
  description = "Where the passwords are; none is kept in the state. `commands.grafana_password` and `commands.kubeconfig` show them, and the ephemeral resources hand them to other providers."
  value = { for part, hint in {
    grafana = var.monitoring.enabled ? "Secret ${lab_monitoring.this[0].grafana_admin_secret.namespace}/${lab_monitoring.this[0].grafana_admin_secret.name}, keys admin-user and admin-password; commands.grafana_password shows it, ephemeral lab_grafana_credentials (with output grafana_admin_secret) hands it on" : null
    cluster = length(var.servers) > 0 ? "${local.rke2.kubeconfig} on ${var.servers[0].host}; commands.kubeconfig shows it, ephemeral lab_kubeconfig (with output cluster) hands it on" : null
    kiali   = var.kiali.enabled ? "Kiali wants no login (auth strategy anonymous)" : null
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
  description = "The trace that arrived: its id, its services, who called whom, as text and as a Mermaid diagram, how long it took, and where to look at it; and what came of the traffic. null without `proof`."
  value = !local.proved ? null : {
    trace_id         = lab_trace_check.bookinfo[0].trace_id
    services         = lab_trace_check.bookinfo[0].services_seen
    spans            = lab_trace_check.bookinfo[0].spans
    duration_ms      = lab_trace_check.bookinfo[0].duration_ms
    arrived_after_ms = lab_trace_check.bookinfo[0].arrived_after_ms
    graph            = lab_trace_check.bookinfo[0].graph
    mermaid          = lab_trace_check.bookinfo[0].mermaid
    explore_url      = lab_trace_check.bookinfo[0].explore_url
    command          = replace(lab_trace_check.bookinfo[0].commands.trace, "kubectl ", "${local.kubectl} ")
    traffic          = "${lab_traffic.bookinfo[0].succeeded} of ${lab_traffic.bookinfo[0].sent} requests"
  }
}
