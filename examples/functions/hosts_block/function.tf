output "hosts" {
  description = "For the hosts file of whoever wants to look at the lab."
  value       = provider::lab::hosts_block({ "10.34.124.114" = ["grafana.lab.example", "prometheus.lab.example"] })
}
