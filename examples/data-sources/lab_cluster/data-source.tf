data "lab_cluster" "this" {
  cluster = lab_rke2_node.server.cluster
}

check "nodes" {
  assert {
    condition     = alltrue([for n in data.lab_cluster.this.nodes : n.ready])
    error_message = "Not all nodes are ready."
  }
}
