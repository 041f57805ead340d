# namespace/release of the operator, on the cluster of the provider's kubernetes block
terraform import lab_kiali.this kiali-operator/kiali-operator

# the same behind a node
terraform import lab_kiali.this ssh://root@10.0.0.11/kiali-operator/kiali-operator
