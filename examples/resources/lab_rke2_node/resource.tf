resource "lab_rke2_node" "server" {
  host    = "10.0.0.11"
  version = "v1.35.7+rke2r1"
  cni     = ["calico"]
  tls_san = ["lab.example.com"]
}

resource "lab_rke2_node" "agent" {
  for_each = toset(["10.0.0.21", "10.0.0.22"])

  host    = each.value
  role    = "agent"
  join    = lab_rke2_node.server.cluster
  version = lab_rke2_node.server.version
  labels  = { tier = "workload" }
}
