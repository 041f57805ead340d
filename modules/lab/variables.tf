variable "profile" {
  description = "Set of versions, and how the parts are wired: `current`, or `seed-2023` for the tutorial as it was written."
  type        = string
  default     = "current"
  nullable    = false

  validation {
    condition     = contains(["current", "seed-2023"], var.profile)
    error_message = "The profile must be current or seed-2023."
  }
}

variable "versions" {
  description = "Versions that differ from the profile's, by the keys of `provider::lab::versions`: `{ istio = \"1.30.3\" }`."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.versions) : contains(keys(provider::lab::versions("current")), key) && key != "profile"])
    error_message = "The keys are those of provider::lab::versions: ${join(", ", [for key in keys(provider::lab::versions("current")) : key if key != "profile"])}."
  }
}

variable "servers" {
  description = "Hosts that become RKE2 servers; the first one makes the cluster. None: an existing cluster is used."
  type = list(object({
    host      = string
    port      = optional(number)
    user      = optional(string)
    host_key  = optional(string)
    node_name = optional(string)
    node_ip   = optional(string)
    labels    = optional(map(string))
  }))
  default  = []
  nullable = false

  validation {
    condition     = length(distinct([for s in var.servers : "${s.host}:${s.port == null ? "" : s.port}"])) == length(var.servers)
    error_message = "A host can be a server only once."
  }
}

variable "agents" {
  description = "Hosts that become RKE2 agents of the cluster."
  type = list(object({
    host      = string
    port      = optional(number)
    user      = optional(string)
    host_key  = optional(string)
    node_name = optional(string)
    node_ip   = optional(string)
    labels    = optional(map(string))
  }))
  default  = []
  nullable = false

  validation {
    condition     = length(distinct([for a in var.agents : "${a.host}:${a.port == null ? "" : a.port}"])) == length(var.agents)
    error_message = "A host can be an agent only once."
  }
  validation {
    condition     = length(setintersection([for a in var.agents : "${a.host}:${a.port == null ? "" : a.port}"], [for s in var.servers : "${s.host}:${s.port == null ? "" : s.port}"])) == 0
    error_message = "A host is a server or an agent, not both."
  }
  validation {
    condition     = length(var.agents) == 0 || length(var.servers) > 0 || var.cluster != null
    error_message = "Agents need a server to join: give servers or cluster."
  }
}

variable "cluster" {
  description = "An existing cluster as a reference, such as `lab_rke2_node.x.cluster` or `lab_k3d_cluster.x.cluster`. With neither `servers` nor `cluster` the provider's `kubernetes` block serves."
  type = object({
    uid             = optional(string)
    host            = string
    port            = optional(number)
    user            = optional(string)
    host_key        = optional(string)
    address         = optional(string)
    kubeconfig_path = optional(string)
  })
  default = null

  validation {
    condition     = var.cluster == null || length(var.servers) == 0
    error_message = "Give servers, which make a cluster, or an existing cluster, not both."
  }
}

variable "rke2" {
  description = "What all RKE2 nodes have in common, as attributes of `lab_rke2_node`. `tls_san` is added to the first server's host; `ingress_controller` is Traefik in profile `current` and RKE2's own (ingress-nginx) in `seed-2023`."
  type = object({
    artifacts = optional(object({
      url         = optional(string)
      channel_url = optional(string)
      path        = optional(string)
      local_path  = optional(string)
    }))
    cni                = optional(list(string), ["calico"])
    tls_san            = optional(list(string), [])
    ingress_controller = optional(list(string))
    config             = optional(string)
    registries = optional(object({
      mirrors = optional(map(object({ endpoint = optional(list(string)), rewrite = optional(map(string)) })))
      configs = optional(map(object({
        ca_file              = optional(string)
        cert_file            = optional(string)
        key_file             = optional(string)
        insecure_skip_verify = optional(bool)
      })))
    }))
    adopt      = optional(bool, false)
    on_destroy = optional(string, "uninstall")
  })
  default  = {}
  nullable = false
}

variable "addresses" {
  description = "`gateway`: free address of the hosts' network for the Istio gateway. `pool`: what MetalLB may give away, default the gateway's address alone. `ingress`: where the ingress controller answers, default what it says itself, then the first server's address."
  type = object({
    gateway = optional(string)
    pool    = optional(list(string))
    ingress = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.addresses.gateway == null || can(cidrhost("${var.addresses.gateway}/32", 0)) || can(cidrhost("${var.addresses.gateway}/128", 0))
    error_message = "addresses.gateway must be an IP address."
  }
  validation {
    condition     = !var.pool.enabled || var.addresses.gateway != null || var.addresses.pool != null
    error_message = "Give addresses.gateway or addresses.pool, or switch the pool off: pool = { enabled = false }."
  }
}

variable "domain" {
  description = "Domain of the lab. The ingress controller serves names below `dxlab.<domain>`, the mesh's gateway names below `istio-dxlab.<domain>`."
  type        = string
  default     = "example.com"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", var.domain))
    error_message = "The domain must be a DNS name in lower case."
  }
}

variable "ingress_domain" {
  description = "Domain of the ingress controller's names. Default: `dxlab.<domain>`."
  type        = string
  default     = null
}

variable "mesh_domain" {
  description = "Domain of the gateway's names. Default: `istio-dxlab.<domain>`."
  type        = string
  default     = null
}

variable "chart_repository" {
  description = "Repository of every chart. Default: the provider's `charts.mirror`, then the upstream ones."
  type        = string
  default     = null
}

variable "namespaces" {
  description = "Namespaces that differ from the profile's, by part: `metallb`, `mesh`, `cert_manager`, `otel`, `tempo`, `monitoring`, `kiali_operator`, `samples`."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.namespaces) : contains(["metallb", "mesh", "cert_manager", "otel", "tempo", "monitoring", "kiali_operator", "samples"], key)])
    error_message = "The keys are metallb, mesh, cert_manager, otel, tempo, monitoring, kiali_operator and samples."
  }
}
