variable "kubeconfig" {
  description = "Path of the kubeconfig; default: KUBE_CONFIG_PATH, then KUBECONFIG."
  type        = string
  default     = null
}

variable "context" {
  description = "Context of the kubeconfig; default: its current one."
  type        = string
  default     = null
}

variable "gateway_address" {
  description = "Free address of the nodes' network, for the Istio gateway."
  type        = string
}

variable "ingress_address" {
  description = "Another free address, for an ingress controller that is installed; null where the cluster has one."
  type        = string
  default     = null
}

variable "ingress_controller" {
  description = "Ingress controller to install, traefik or ingress-nginx; null where the cluster has one."
  type        = string
  default     = null
}

variable "cert_manager" {
  description = "Whether to install cert-manager; false where the cluster has it."
  type        = bool
  default     = true
}

variable "domain" {
  description = "Domain of the lab: names are below dxlab.<domain> and istio-dxlab.<domain>."
  type        = string
  default     = "example.com"
}

variable "chart_repository" {
  description = "Repository for all charts; default: the upstream ones."
  type        = string
  default     = null
}
