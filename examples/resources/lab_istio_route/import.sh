# namespace/name of the VirtualService
terraform import lab_istio_route.nginx default/nginx
