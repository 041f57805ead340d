resource "lab_tempo" "tempo" {
  cluster   = lab_rke2_node.server.cluster
  retention = "48h"
}

# Its ports follow from the chart's version, so nobody has to know them.
output "tempo" {
  value = lab_tempo.tempo.endpoints
}
