# namespace/name
terraform import lab_ingress.hotrod default/ingress-example-hotrod
