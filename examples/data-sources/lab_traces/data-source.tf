data "lab_traces" "slow" {
  cluster   = lab_rke2_node.server.cluster
  tempo_url = lab_tempo.this.endpoints.query_url
  query     = "{ resource.service.name = \"productpage.default\" && duration > 500ms }"
  last      = "30m"
}
