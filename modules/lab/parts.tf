# One variable for each part of the lab: whether it is there, and what may be said about it.

variable "metallb" {
  description = "MetalLB."
  type        = object({ enabled = optional(bool, true), values = optional(list(string)) })
  default     = {}
  nullable    = false
}

variable "pool" {
  description = "MetalLB's pool `ip-pool` and its L2 advertisement."
  type        = object({ enabled = optional(bool, true), name = optional(string, "ip-pool") })
  default     = {}
  nullable    = false
}

variable "ingress" {
  description = "Ingress objects of what has a web page. `class_name`: default what the cluster's controller says. `install`: a controller to install where there is none, `traefik` or `ingress-nginx`."
  type = object({
    enabled    = optional(bool, true)
    class_name = optional(string)
    install    = optional(string)
    values     = optional(list(string))
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.ingress.install == null || contains(["traefik", "ingress-nginx"], coalesce(var.ingress.install, "traefik"))
    error_message = "ingress.install must be traefik or ingress-nginx."
  }
}

variable "mesh" {
  description = "Istio's control plane. `sampling`: percentage of requests that are traced; default: the proxies' own, 1, as in the tutorial. `mesh_config`: YAML over everything else."
  type = object({
    enabled     = optional(bool, true)
    sampling    = optional(number)
    mesh_config = optional(string)
    values      = optional(list(string))
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.mesh.sampling == null || (coalesce(var.mesh.sampling, 0) >= 0 && coalesce(var.mesh.sampling, 0) <= 100)
    error_message = "mesh.sampling is a percentage, 0 to 100."
  }
}

variable "gateway" {
  description = "Istio's ingress gateway `istio-ingressgateway`."
  type        = object({ enabled = optional(bool, true), values = optional(list(string)) })
  default     = {}
  nullable    = false
}

variable "cert_manager" {
  description = "cert-manager, which the OpenTelemetry operator's webhooks need. Switch it off where the cluster has one."
  type        = object({ enabled = optional(bool, true), values = optional(list(string)) })
  default     = {}
  nullable    = false
}

variable "otel" {
  description = "The OpenTelemetry operator."
  type        = object({ enabled = optional(bool, true), values = optional(list(string)) })
  default     = {}
  nullable    = false
}

variable "pipeline" {
  description = "The collector `otel`, which takes traces of all protocols and sends them to Tempo, or to `tempo_endpoint` (`host:port`, OTLP over gRPC). `debug` writes them to its log, `basic`, `normal` or `detailed`; default `basic` where they go nowhere else."
  type        = object({ enabled = optional(bool, true), tempo_endpoint = optional(string), debug = optional(string) })
  default     = {}
  nullable    = false
}

variable "tempo" {
  description = "Grafana Tempo."
  type = object({
    enabled   = optional(bool, true)
    retention = optional(string)
    values    = optional(list(string))
  })
  default  = {}
  nullable = false
}

variable "monitoring" {
  description = "Prometheus and Grafana. `flavor`: `rancher-monitoring` or `kube-prometheus-stack`; default: the former in profile `seed-2023`, the latter in `current`. `anonymous_role`: what Grafana lets everybody do, `Viewer`, `Editor` or `Admin`; null asks for a login."
  type = object({
    enabled        = optional(bool, true)
    flavor         = optional(string)
    anonymous_role = optional(string, "Viewer")
    values         = optional(list(string))
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.monitoring.flavor == null || contains(["rancher-monitoring", "kube-prometheus-stack"], coalesce(var.monitoring.flavor, "rancher-monitoring"))
    error_message = "monitoring.flavor must be rancher-monitoring or kube-prometheus-stack."
  }
}

variable "istio_monitoring" {
  description = "Prometheus' view of the mesh: PodMonitor, ServiceMonitor and dashboards. `dashboards`: as in `lab_istio_monitoring`; default its own one, `[]` is none."
  type = object({
    enabled = optional(bool, true)
    dashboards = optional(list(object({
      url     = optional(string)
      file    = optional(string)
      builtin = optional(string)
      sha256  = optional(string)
      chart = optional(object({
        repository = optional(string)
        name       = string
        version    = optional(string)
        files      = optional(list(string))
      }))
    })))
  })
  default  = {}
  nullable = false
}

variable "kiali" {
  description = "Kiali and its operator."
  type = object({
    enabled   = optional(bool, true)
    view_only = optional(bool, true)
    spec      = optional(string)
    values    = optional(list(string))
  })
  default  = {}
  nullable = false
}

variable "samples" {
  description = "The sample applications, each with what publishes it."
  type = object({
    nginx    = optional(bool, true)
    hotrod   = optional(bool, true)
    bookinfo = optional(bool, true)
  })
  default  = {}
  nullable = false
}

variable "hosts_entries" {
  description = "Names of the lab in hosts files: on the `servers`, and with `local` on the machine that runs Terraform, which needs the right to write it."
  type = object({
    enabled = optional(bool, true)
    servers = optional(bool, true)
    local   = optional(bool, false)
    path    = optional(string)
  })
  default  = {}
  nullable = false
}

variable "tools" {
  description = "Command-line tools on the first server. Without a `version`, `calicoctl` is the one of the cluster's Calico, `kubectl` a link to RKE2's own, and the others are the profile's. `kubeconfig_path` is what login shells use, if they may read it."
  type = object({
    enabled         = optional(bool, true)
    calicoctl       = optional(object({ enabled = optional(bool, true), version = optional(string), url = optional(string), sha256 = optional(string) }), {})
    kubens          = optional(object({ enabled = optional(bool, true), version = optional(string), url = optional(string), sha256 = optional(string) }), {})
    kubectl         = optional(object({ enabled = optional(bool, true), version = optional(string), url = optional(string), sha256 = optional(string) }), {})
    helm            = optional(object({ enabled = optional(bool, true), version = optional(string), url = optional(string), sha256 = optional(string) }), {})
    kubeconfig_path = optional(string, "/etc/rancher/rke2/rke2.yaml")
  })
  default  = {}
  nullable = false
}

variable "proof" {
  description = "Traffic to Bookinfo through the gateway, and a trace of it that has to arrive in Tempo within `deadline`; a trace that does not fails the apply and names the hop that lost it. Any change of `triggers` does it again."
  type = object({
    enabled  = optional(bool, false)
    requests = optional(number, 100)
    rate     = optional(number, 20)
    deadline = optional(string, "2m")
    triggers = optional(map(string))
  })
  default  = {}
  nullable = false
}
