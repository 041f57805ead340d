# namespace/istiod
terraform import lab_istio_mesh.this istio-system/istiod
