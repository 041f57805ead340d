output "nodes" {
  description = "The cluster's nodes."
  value       = data.lab_cluster.this.nodes
}

output "gateway_address" {
  description = "Address of the ingress gateway."
  value       = lab_istio_gateway.this.load_balancer_address
}

output "url" {
  description = "The sample's address; its name must resolve to the gateway's."
  value       = "http://nginx.${var.domain}/"
}

output "try" {
  description = "A request to the sample."
  value       = "curl -H 'Host: nginx.${var.domain}' http://${lab_istio_gateway.this.load_balancer_address}/"
}
