variable "host" {
  description = "Name or address of the host, reachable over SSH."
  type        = string
}

variable "ssh_user" {
  description = "User to log in as; default: LAB_SSH_USER, ~/.ssh/config, then root."
  type        = string
  default     = null
}

variable "ssh_port" {
  description = "Port of the SSH server."
  type        = number
  default     = null
}

variable "gateway_address" {
  description = "Free address of the host's network, for the Istio gateway."
  type        = string
}

variable "domain" {
  description = "Domain of the lab: names are below dxlab.<domain> and istio-dxlab.<domain>."
  type        = string
  default     = "example.com"
}

variable "artifacts" {
  description = "Where RKE2 comes from; default: its public releases."
  type = object({
    url         = optional(string)
    channel_url = optional(string)
    path        = optional(string)
    local_path  = optional(string)
  })
  default = null
}

variable "chart_repository" {
  description = "Repository for all charts; default: the upstream ones."
  type        = string
  default     = null
}

variable "proof" {
  description = "Ends with the proof: traffic to Bookinfo, and a trace of it that has to arrive in Tempo."
  type        = bool
  default     = false
}
