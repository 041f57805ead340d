ephemeral "lab_kubeconfig" "this" {
  cluster = lab_rke2_node.server.cluster
}

# For providers that need credentials of their own; nothing of it is stored.
provider "kubernetes" {
  host                   = yamldecode(ephemeral.lab_kubeconfig.this.kubeconfig).clusters[0].cluster.server
  cluster_ca_certificate = base64decode(yamldecode(ephemeral.lab_kubeconfig.this.kubeconfig).clusters[0].cluster["certificate-authority-data"])
  client_certificate     = base64decode(yamldecode(ephemeral.lab_kubeconfig.this.kubeconfig).users[0].user["client-certificate-data"])
  client_key             = base64decode(yamldecode(ephemeral.lab_kubeconfig.this.kubeconfig).users[0].user["client-key-data"])
}
