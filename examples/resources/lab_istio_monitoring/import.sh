# namespace/istio-monitoring
terraform import lab_istio_monitoring.this istio-system/istio-monitoring
