# namespace/release, on the cluster of the provider's kubernetes block
terraform import lab_tempo.tempo tempo/tempo

# the same behind a node
terraform import lab_tempo.tempo ssh://root@10.0.0.11/tempo/tempo
