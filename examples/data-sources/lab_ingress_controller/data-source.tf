data "lab_ingress_controller" "this" {
  cluster = lab_rke2_node.server.cluster
}

output "ingress_address" {
  value = try(data.lab_ingress_controller.this.addresses[0], null)
}
