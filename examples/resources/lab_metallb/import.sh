# namespace/release, on the cluster of the provider's kubernetes block
terraform import lab_metallb.this metallb-system/metallb

# the same behind a node
terraform import lab_metallb.this ssh://root@10.0.0.11/metallb-system/metallb
