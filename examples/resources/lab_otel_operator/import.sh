# namespace/release, on the cluster of the provider's kubernetes block
terraform import lab_otel_operator.this otel-system/opentelemetry-operator

# the same behind a node
terraform import lab_otel_operator.this ssh://root@10.0.0.11/otel-system/opentelemetry-operator
