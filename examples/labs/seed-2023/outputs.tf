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
  description = "Commands to go on with, ready to be pasted."
  value       = module.lab.commands
}

output "local_urls" {
  description = "Where Grafana, Kiali, Prometheus and Tempo are while their command runs."
  value       = module.lab.local_urls
}

output "credentials" {
  description = "Where the passwords are."
  value       = module.lab.credentials
}
