locals {
  entries = merge(
    length(local.names) == 0 || local.ingress_address == null ? {} : { (local.ingress_address) = values(local.names) },
    length(local.mesh_names) == 0 || local.gateway_address == null ? {} : { (local.gateway_address) = values(local.mesh_names) },
  )
  gateway_address = var.gateway.enabled ? lab_istio_gateway.this[0].load_balancer_address : null
}

resource "lab_hosts_entries" "server" {
  for_each = { for s in var.servers : s.host => s if var.hosts_entries.enabled && var.hosts_entries.servers }

  host     = each.value.host
  port     = each.value.port
  user     = each.value.user
  host_key = each.value.host_key
  name     = "lab"
  path     = var.hosts_entries.path
  entries  = local.entries

  depends_on = [lab_rke2_node.first, lab_rke2_node.server]
}

resource "lab_hosts_entries" "local" {
  count = var.hosts_entries.enabled && var.hosts_entries.local ? 1 : 0

  name    = "lab"
  path    = var.hosts_entries.path
  entries = local.entries
}

locals {
  tools = { for name, tool in {
    calicoctl = var.tools.calicoctl
    kubens    = var.tools.kubens
    kubectl   = var.tools.kubectl
    helm      = var.tools.helm
    } : name => {
    version = tool.version != null ? tool.version : lookup({ kubens = local.version.kubens, helm = local.version.helm }, name, null)
    url     = tool.url
    sha256  = tool.sha256
  } if var.tools.enabled && tool.enabled }
}

resource "lab_node_tools" "this" {
  count = length(local.tools) > 0 && length(var.servers) > 0 ? 1 : 0

  cluster         = local.cluster
  calicoctl       = lookup(local.tools, "calicoctl", null)
  kubens          = lookup(local.tools, "kubens", null)
  kubectl         = lookup(local.tools, "kubectl", null)
  helm            = lookup(local.tools, "helm", null)
  kubeconfig_path = var.tools.kubeconfig_path
}
