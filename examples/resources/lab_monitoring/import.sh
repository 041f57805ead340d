# namespace/release, on the cluster of the provider's kubernetes block
terraform import lab_monitoring.monitoring monitoring/kube-stack-prometheus

# the same behind a node; a release with rancher-monitoring in its name is of that flavor
terraform import lab_monitoring.rancher ssh://root@10.0.0.11/cattle-monitoring-system/rancher-monitoring
