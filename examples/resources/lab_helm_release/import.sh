# namespace/release
terraform import lab_helm_release.podinfo podinfo/podinfo
