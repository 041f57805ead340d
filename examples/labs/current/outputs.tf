output "urls" {
  description = "What the lab serves; the names must resolve, see hosts_block."
  value       = module.lab.urls
}

output "addresses" {
  description = "Addresses of the ingress controller and of the gateway."
  value       = module.lab.addresses
}

output "hosts_block" {
  description = "Lines for /etc/hosts of the machine with the browser."
  value       = module.lab.hosts_block
}

output "commands" {
  description = "Commands to go on with."
  value       = module.lab.commands
}

output "credentials" {
  description = "Where the passwords are."
  value       = module.lab.credentials
}

output "proof" {
  description = "The trace that arrived, and who called whom in it."
  value       = module.lab.proof
}
