# namespace/name
terraform import lab_sample_app.nginx default/nginx
