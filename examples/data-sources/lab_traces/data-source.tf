data "lab_traces" "slow" {
  cluster   = lab_rke2_node.server.cluster
  tempo_url = lab_tempo.this.endpoints.query_url
  query     = "{ resource.service.name = \"productpage.default\" && duration > 500ms }"
  last      = "30m"
}

check "slow_pages" {
  assert {
    condition     = data.lab_traces.slow.reachable && length(data.lab_traces.slow.traces) == 0
    error_message = coalesce(data.lab_traces.slow.reason, "Slow: ${join(", ", data.lab_traces.slow.traces[*].trace_id)}")
  }
}
