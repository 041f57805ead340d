# namespace/release; the release is called traefik or ingress-nginx
terraform import lab_ingress_controller.this traefik/traefik
