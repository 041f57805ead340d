resource "lab_otel_operator" "this" {
  cluster = lab_rke2_node.server.cluster

  # The operator's webhooks get their certificate from cert-manager.
  depends_on = [lab_cert_manager.this]
}
