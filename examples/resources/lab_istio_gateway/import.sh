# namespace/release
terraform import lab_istio_gateway.this istio-system/istio-ingressgateway
