# apiVersion/Kind/namespace/name, with - as the namespace of what has none
terraform import lab_manifest.settings v1/ConfigMap/default/settings
