# Both monitors, and a small dashboard of this provider.
resource "lab_istio_monitoring" "this" {
  cluster = lab_rke2_node.server.cluster

  depends_on = [lab_monitoring.this, lab_istio_mesh.this]
}

# Istio's own dashboards, checked, and one from a file.
resource "lab_istio_monitoring" "dashboards" {
  cluster  = lab_rke2_node.server.cluster
  monitors = false
  dashboards = [
    {
      url    = "https://raw.githubusercontent.com/istio/istio/1.30.3/samples/addons/grafana.yaml"
      sha256 = "1f9ee332c828a29e7c4418661b80d7b766fba2d8a5234b892071ef0a0361b13e"
    },
    { file = "${path.module}/dashboards/shop.json" },
  ]

  depends_on = [lab_istio_mesh.this]
}
