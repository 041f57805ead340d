variable "addresses" {
  type    = list(string)
  default = ["192.0.2.100-192.0.2.110"]
}

# An address that no pool gives out is refused before anything is installed.
variable "gateway_address" {
  type    = string
  default = "192.0.2.100"

  validation {
    condition     = provider::lab::ip_in_pool(var.gateway_address, var.addresses)
    error_message = "The gateway's address is not in the pool."
  }
}
