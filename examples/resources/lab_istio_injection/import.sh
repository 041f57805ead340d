# the namespace, on the cluster of the provider's kubernetes block
terraform import lab_istio_injection.default default

# the same behind a node
terraform import lab_istio_injection.default ssh://root@10.0.0.11/default
