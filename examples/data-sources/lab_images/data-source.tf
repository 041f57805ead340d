# Everything that the current profile needs, RKE2 with Calico included.
data "lab_images" "all" {
  profile = "current"
  parts   = ["metallb", "istio", "cert_manager", "otel_operator", "tempo", "monitoring", "kiali", "samples"]

  charts = [{
    repository = "https://charts.example.org"
    chart      = "web"
    version    = "1.1.0"
  }]

  rke2 = {
    version = provider::lab::versions("current").rke2
    sets    = ["core", "calico"]
  }
}

# One line for each image, for a loop of copies into the mirror.
output "copies" {
  value = [for from, to in data.lab_images.all.mirrored : "crane copy ${from} ${to}"]
}
