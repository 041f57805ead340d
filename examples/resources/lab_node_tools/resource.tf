# What the cluster's node needs, each in its default version: calicoctl as the cluster's Calico, kubectl as RKE2's own.
resource "lab_node_tools" "server" {
  cluster         = lab_rke2_node.server.cluster
  calicoctl       = {}
  helm            = {}
  kubectl         = {}
  kubens          = {}
  kubeconfig_path = "/etc/rancher/rke2/rke2.yaml"
}

# From a mirror, with the sums that were checked before.
resource "lab_node_tools" "workstation" {
  host = "10.0.0.20"
  user = "ops"
  kubectl = {
    version = "v1.35.7"
    url     = "https://mirror.example/kubernetes/{version}/kubectl-{arch}"
    sha256  = "0f2e5a1b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7"
  }
  kubens = { version = "v0.11.0", url = "https://mirror.example/kubectx/" }
}
