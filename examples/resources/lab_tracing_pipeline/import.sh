# namespace/name of the OpenTelemetryCollector, on the cluster of the provider's kubernetes block
terraform import lab_tracing_pipeline.this otel-system/otel

# the same behind a node
terraform import lab_tracing_pipeline.this ssh://root@10.0.0.11/otel-system/otel
