# namespace/release, on the cluster of the provider's kubernetes block
terraform import lab_cert_manager.this cert-manager/cert-manager

# the same behind a node
terraform import lab_cert_manager.this ssh://root@10.0.0.11/cert-manager/cert-manager
