package acceptance_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dxlab/terraform-provider-lab/test/lab"
	"github.com/dxlab/terraform-provider-lab/test/lab/charts"
)

// The addresses of the labs' pools, free in the hosts' network.
const (
	labGateway = "10.88.100.10"
	labIngress = "10.88.100.11"
)

// example is one of examples/labs, copied with the module that it uses to where its relative path is right.
type example struct {
	*workspace
}

// newExample copies an example. settings are the lines of its terraform.tfvars, and override is what an override.tf
// says: Terraform merges it over the example's own blocks.
func newExample(t *testing.T, l *lab.Lab, name, override string, settings ...string) example {
	t.Helper()
	w := newWorkspace(t, l)
	w.must(os.Remove(filepath.Join(w.dir, "provider.tf")))
	root := w.dir
	w.must(os.CopyFS(filepath.Join(root, "modules"), os.DirFS("../../modules")))
	w.must(os.CopyFS(filepath.Join(root, "examples/labs", name), os.DirFS("../../examples/labs/"+name)))
	w.dir = filepath.Join(root, "examples/labs", name)
	settings = append(settings, `gateway_address = "`+labGateway+`"`, `chart_repository = "`+l.EnvInside()["LAB_CHARTS"]+`"`)
	w.write("terraform.tfvars", strings.Join(settings, "\n")+"\n")
	if override != "" {
		w.write("override.tf", override)
	}
	w.succeed(w.run("init", "-input=false"))
	return example{w}
}

// chartsVariable names a folder with chart archives, the real ones for example, that the labs are then made of instead
// of the miniatures.
const chartsVariable = "LAB_CHARTS_DIR"

func labCharts() charts.Options {
	if dir := os.Getenv(chartsVariable); dir != "" {
		return charts.Options{Folders: fstest.MapFS{}, Archives: os.DirFS(dir)}
	}
	return charts.Options{}
}

// onHost are the settings of an example that makes its cluster on the lab's first host.
func onHost(l *lab.Lab) []string {
	return []string{
		`host = "` + l.Hosts()[0].Address().String() + `"`,
		`artifacts = { url = "` + l.EnvInside()["LAB_RELEASE_URL"] + `/releases/download" }`,
	}
}

// keep is an override that leaves the cluster when the lab goes, so that a test can look at what is left on it.
func keep(more ...string) string {
	return "module \"lab\" {\n  rke2 = { artifacts = var.artifacts, on_destroy = \"keep\" }\n  " + strings.Join(more, "\n  ") + "\n}\n"
}

// noDownloads leaves out what is fetched from the internet, where a test lab does not get: tools, and Istio's dashboards.
const noDownloads = `tools = { calicoctl = { enabled = false }, kubens = { enabled = false }, helm = { enabled = false } }
  istio_monitoring = { dashboards = [{ builtin = "mesh-overview" }] }`

func TestAccLab_Current(t *testing.T) {
	t.Parallel()
	l := lab.New(t, lab.Options{Hosts: 1, Charts: labCharts()})
	host := l.Hosts()[0]
	e := newExample(t, l, "current", keep(noDownloads), onHost(l)...)
	e.says(e.succeed(e.apply()), "http://grafana.dxlab.example.com/", "http://kiali.dxlab.example.com/kiali", "http://bookinfo.istio-dxlab.example.com/productpage", labGateway)
	e.noChanges()
	other := beside(t, host)
	for what, want := range map[string]struct {
		object, path string
		value        any
	}{
		"traces leave the mesh by OTLP":        {"telemetry.istio.io/v1 Telemetry istio-system/mesh-default", "spec.tracing[0].randomSamplingPercentage", 100},
		"the collector is of today's version":  {"opentelemetry.io/v1beta1 OpenTelemetryCollector otel-system/otel", "spec.config.service.pipelines.traces.processors", []any{"batch"}},
		"Tempo is asked where it answers":      {"v1 Service tempo/tempo", "spec.ports[name=tempo-prom-metrics].port", 3200},
		"MetalLB is asked by its annotation":   {"v1 Service istio-system/istio-ingressgateway", `metadata.annotations["metallb.io/loadBalancerIPs"]`, labGateway},
		"the gateway has its address":          {"v1 Service istio-system/istio-ingressgateway", "status.loadBalancer.ingress[0].ip", labGateway},
		"Traefik serves what has pages":        {"networking.k8s.io/v1 Ingress default/ingress-nginx-svc", "spec.ingressClassName", "traefik"},
		"Kiali shows traces":                   {"kiali.io/v1alpha1 Kiali istio-system/kiali", "spec.external_services.tracing.provider", "tempo"},
		"HotROD sends OTLP":                    {"apps/v1 Deployment default/example-hotrod", "spec.template.spec.containers[0].env[name=OTEL_EXPORTER_OTLP_ENDPOINT].value", "http://otel-collector.otel-system.svc.cluster.local:4318"},
		"routes are of the mesh's own version": {"networking.istio.io/v1 VirtualService default/bookinfo", "spec.gateways", []any{"bookinfo-gateway"}},
		"Bookinfo gets sidecars":               {"v1 Namespace /default", "metadata.labels.istio-injection", "enabled"},
	} {
		got, err := field(other.get(tutorialRef(t, want.object)), want.path)
		if err != nil || !holds(got, want.value) {
			t.Errorf("%s: %s %s is %v (%v), want %v", what, want.object, want.path, got, err, want.value)
		}
	}

	t.Log("parts go one by one, and one that others live off stays")
	e.write("override.tf", keep(noDownloads, "kiali = { enabled = false }", "samples = { hotrod = false }"))
	e.says(e.succeed(e.apply()), "0 added", "3 destroyed")
	e.noChanges()
	e.write("override.tf", keep(noDownloads, "kiali = { enabled = false }", "samples = { hotrod = false }", "cert_manager = { enabled = false }"))
	e.fail(e.apply(), "cert-manager", "issued and renewed by nobody")
	e.says(e.succeed(e.destroy()), "Destroy complete!")
	other.nothingLeft()
}

// TestAccLab_ExistingCluster puts the lab on a cluster of which the provider knows a kubeconfig and no host.
func TestAccLab_ExistingCluster(t *testing.T) {
	t.Parallel()
	l := lab.New(t, lab.Options{Cluster: true, Charts: labCharts()})
	e := newExample(t, l, "existing-cluster", "", `ingress_controller = "traefik"`, `ingress_address = "`+labIngress+`"`)
	e.says(e.succeed(e.apply()), "http://grafana.dxlab.example.com/", labGateway, labIngress)
	e.noChanges()
	e.says(e.succeed(e.destroy()), "Destroy complete!")
	besideCluster(t, l).nothingLeft()
}
