# On a host, over SSH.
resource "lab_hosts_entries" "workstation" {
  host = "10.34.124.20"
  user = "ops"
  entries = {
    "10.34.124.114" = ["grafana.lab.example", "prometheus.lab.example"]
    "10.34.124.115" = ["bookinfo.lab.example"]
  }
}

# On the machine that Terraform runs on, in a block of its own beside others.
resource "lab_hosts_entries" "here" {
  name    = "tracing"
  entries = { "10.34.124.115" = ["hotrod.lab.example"] }
}
