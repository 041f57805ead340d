# namespace/name
terraform import lab_metallb_pool.gateways metallb-system/gateways
