# What the module plans, without hosts and clusters: the provider's resources are mocked, its schemas and functions are
# the real ones. `terraform test` runs it.

mock_provider "lab" {}

variables {
  servers   = [{ host = "lab-1.example.com" }]
  addresses = { gateway = "192.0.2.10" }
}

run "everything" {
  command = plan

  assert {
    condition     = toset(keys(output.urls)) == toset(["nginx", "grafana", "prometheus", "hotrod", "kiali", "mesh_nginx", "mesh_bookinfo"])
    error_message = "The lab does not serve what it should: ${join(", ", keys(output.urls))}."
  }
  assert {
    condition     = output.urls.kiali == "http://kiali.dxlab.example.com/kiali" && output.urls.mesh_bookinfo == "http://bookinfo.istio-dxlab.example.com/productpage"
    error_message = "A URL is wrong."
  }
  assert {
    condition     = lab_rke2_node.first[0].version == provider::lab::versions("current").rke2 && lab_rke2_node.first[0].ingress_controller == tolist(["traefik"])
    error_message = "The node is not of today's profile."
  }
  assert {
    condition     = lab_metallb_pool.this[0].addresses == tolist(["192.0.2.10/32"])
    error_message = "The pool is not the gateway's address."
  }
  assert {
    condition     = lab_monitoring.this[0].flavor == "kube-prometheus-stack" && lab_tempo.this[0].namespace == "tempo"
    error_message = "Monitoring is not of today's profile."
  }
}

run "the_tutorial" {
  command = plan

  variables {
    profile = "seed-2023"
    agents  = [{ host = "lab-2.example.com" }]
  }

  assert {
    condition     = lab_rke2_node.first[0].version == "v1.24.10+rke2r1" && lab_rke2_node.first[0].ingress_controller == null
    error_message = "The node is not of the tutorial."
  }
  assert {
    condition     = lab_monitoring.this[0].flavor == "rancher-monitoring" && lab_tempo.this[0].namespace == "cattle-monitoring-system"
    error_message = "Monitoring is not the tutorial's."
  }
  assert {
    condition     = lab_istio_route.bookinfo[0].api_version == "networking.istio.io/v1alpha3"
    error_message = "Istio 1.17 does not serve this version."
  }
  assert {
    condition     = lab_rke2_node.agent["lab-2.example.com"].role == "agent"
    error_message = "The agent is missing."
  }
}

run "an_existing_cluster" {
  command = plan

  variables {
    servers = []
    ingress = { install = "traefik" }
  }

  assert {
    condition     = length(lab_rke2_node.first) == 0 && length(lab_node_tools.this) == 0 && length(lab_hosts_entries.server) == 0
    error_message = "A host is touched."
  }
  assert {
    condition     = output.cluster == null && length(lab_ingress_controller.this) == 1 && length(data.lab_ingress_controller.this) == 0
    error_message = "The cluster is not the provider's, or has no controller."
  }
}

run "nothing_but_nodes" {
  command = plan

  variables {
    metallb          = { enabled = false }
    pool             = { enabled = false }
    ingress          = { enabled = false }
    mesh             = { enabled = false }
    gateway          = { enabled = false }
    cert_manager     = { enabled = false }
    otel             = { enabled = false }
    pipeline         = { enabled = false }
    tempo            = { enabled = false }
    monitoring       = { enabled = false }
    istio_monitoring = { enabled = false }
    kiali            = { enabled = false }
    samples          = { nginx = false, hotrod = false, bookinfo = false }
    hosts_entries    = { enabled = false }
    tools            = { enabled = false }
    addresses        = {}
  }

  assert {
    condition     = length(output.urls) == 0 && length(lab_hosts_entries.server) == 0 && length(lab_rke2_node.first) == 1
    error_message = "Something is there that is switched off."
  }
}

run "other_versions_and_names" {
  command = plan

  variables {
    versions       = { istio = "1.29.0" }
    namespaces     = { tempo = "traces" }
    domain         = "lab.test"
    ingress_domain = "apps.lab.test"
  }

  assert {
    condition     = lab_istio_mesh.this[0].chart_version == "1.29.0" && lab_istio_gateway.this[0].chart_version == "1.29.0"
    error_message = "The version of Istio is not the one that was asked for."
  }
  assert {
    condition     = lab_tempo.this[0].namespace == "traces" && output.urls.grafana == "http://grafana.apps.lab.test/" && output.urls.mesh_nginx == "http://nginx.istio-dxlab.lab.test/"
    error_message = "A name is not the one that was asked for."
  }
}

run "refused_profile" {
  command = plan
  variables { profile = "tomorrow" }
  expect_failures = [var.profile]
}

run "refused_version" {
  command = plan
  variables { versions = { istoi = "1.30.3" } }
  expect_failures = [var.versions]
}

run "refused_address" {
  command = plan
  variables { addresses = { gateway = "lab.example.com" } }
  expect_failures = [var.addresses]
}

run "refused_without_address" {
  command = plan
  variables { addresses = {} }
  expect_failures = [var.addresses]
}

run "refused_host_twice" {
  command = plan
  variables { agents = [{ host = "lab-1.example.com" }] }
  expect_failures = [var.agents]
}

run "refused_two_clusters" {
  command = plan
  variables { cluster = { host = "lab-9.example.com" } }
  expect_failures = [var.cluster]
}

run "refused_namespace" {
  command = plan
  variables { namespaces = { metalb = "metallb-system" } }
  expect_failures = [var.namespaces]
}

run "refused_sampling" {
  command = plan
  variables { mesh = { sampling = 101 } }
  expect_failures = [var.mesh]
}

run "proof" {
  command = plan

  variables {
    proof = { enabled = true, requests = 10 }
  }

  assert {
    condition     = lab_traffic.bookinfo[0].requests == 10 && lab_trace_check.bookinfo[0].host == "bookinfo.istio-dxlab.example.com"
    error_message = "The proof does not go to Bookinfo."
  }
  assert {
    condition     = lab_trace_check.bookinfo[0].collector.port == 4317 && lab_trace_check.bookinfo[0].services == tolist(["istio-ingressgateway.istio-system", "productpage.default", "details.default", "reviews.default"])
    error_message = "The proof does not follow the way of today's profile."
  }
}

run "no_proof_without_a_store" {
  command = plan

  variables {
    proof = { enabled = true }
    tempo = { enabled = false }
  }

  assert {
    condition     = length(lab_trace_check.bookinfo) == 0 && output.proof == null
    error_message = "A trace is looked for where none is kept."
  }
}

run "commands" {

  variables {
    servers = [{ host = "lab-1.example.com", user = "admin", port = 2222 }]
    proof   = { enabled = true }
    # What else the lab has does not matter here, and would want more than made-up values.
    ingress       = { enabled = false }
    hosts_entries = { enabled = false }
    samples       = { nginx = false, hotrod = false }
  }

  override_resource {
    target = lab_monitoring.this
    values = {
      grafana_url          = "http://graf.monitoring.svc.cluster.local:80"
      prometheus_url       = "http://prom.monitoring:9090/"
      grafana_external_url = "http://grafana.dxlab.example.com/"
      grafana_admin_secret = { namespace = "monitoring", name = "graf" }
      datasource_uids      = { tempo = "tempo" }
    }
  }
  override_resource {
    target = lab_kiali.this
    values = { url = "http://kiali.istio-system:20001/kiali" }
  }
  override_resource {
    target = lab_tempo.this
    values = { endpoints = { query_url = "http://tempo.tempo.svc.cluster.local:3200", otlp_grpc = "tempo.tempo:4317" } }
  }
  override_resource {
    target = lab_trace_check.bookinfo
    values = { commands = { trace = "kubectl get --raw '/api/traces/1'" } }
  }

  assert {
    condition     = output.commands.grafana == "ssh -L 3000:127.0.0.1:3000 -p 2222 admin@lab-1.example.com sudo /var/lib/rancher/rke2/bin/kubectl --kubeconfig /etc/rancher/rke2/rke2.yaml -n monitoring port-forward svc/graf 3000:80"
    error_message = "Wrong: ${output.commands.grafana}"
  }
  assert {
    condition     = endswith(output.commands.kiali, "-n istio-system port-forward svc/kiali 20001:20001") && endswith(output.commands.prometheus, "-n monitoring port-forward svc/prom 9090:9090") && endswith(output.commands.tempo, "-n tempo port-forward svc/tempo 3200:3200")
    error_message = "Wrong: ${jsonencode(output.commands)}"
  }
  assert {
    condition     = output.commands.grafana_password == "ssh -p 2222 admin@lab-1.example.com sudo /var/lib/rancher/rke2/bin/kubectl --kubeconfig /etc/rancher/rke2/rke2.yaml -n monitoring get secret graf -o jsonpath={.data.admin-password} | base64 -d"
    error_message = "Wrong: ${output.commands.grafana_password}"
  }
  assert {
    condition     = output.commands.trace == "ssh -p 2222 admin@lab-1.example.com sudo /var/lib/rancher/rke2/bin/kubectl --kubeconfig /etc/rancher/rke2/rke2.yaml get --raw '/api/traces/1'"
    error_message = "Wrong: ${output.commands.trace}"
  }
  assert {
    condition     = output.local_urls == { grafana = "http://localhost:3000", kiali = "http://localhost:20001/kiali", prometheus = "http://localhost:9090/", tempo = "http://localhost:3200" }
    error_message = "Wrong: ${jsonencode(output.local_urls)}"
  }
  assert {
    condition     = lab_trace_check.bookinfo[0].grafana.external_url == "http://grafana.dxlab.example.com/"
    error_message = "The link to the trace leads elsewhere."
  }
}

run "commands_without_hosts" {

  variables {
    servers       = []
    cluster       = { host = "lab-1.example.com" }
    ingress       = { enabled = false }
    hosts_entries = { enabled = false }
    samples       = { nginx = false, hotrod = false }
  }

  override_resource {
    target = lab_kiali.this
    values = { url = "http://kiali.istio-system:20001/kiali" }
  }

  assert {
    condition     = output.commands.kiali == "kubectl -n istio-system port-forward svc/kiali 20001:20001"
    error_message = "Wrong: ${output.commands.kiali}"
  }
}
