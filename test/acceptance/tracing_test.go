package acceptance_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// tracing is the way of a trace: certificates, the operator, a pipeline that leads to the log.
func tracing(more ...string) string {
	return fmt.Sprintf(`
resource "lab_cert_manager" "this" {
  cluster    = lab_rke2_node.server.cluster
  repository = var.charts
}

resource "lab_otel_operator" "this" {
  cluster    = lab_rke2_node.server.cluster
  repository = var.charts
  depends_on = [lab_cert_manager.this]
}

resource "lab_tracing_pipeline" "this" {
  cluster          = lab_rke2_node.server.cluster
  operator_version = lab_otel_operator.this.chart_version
  tempo_endpoint   = "tempo.tempo:4317"
  %s
}

output "zipkin" {
  value = lab_tracing_pipeline.this.endpoints.zipkin
}
`, strings.Join(more, "\n  "))
}

// TestAccTracing installs the way of a trace in one apply, changes it, sees what others change and takes it off in one run.
func TestAccTracing(t *testing.T) {
	t.Parallel()
	l, host := oneHost(t)
	w := newWorkspace(t, l)
	base := server(l, host) + variables(l)
	w.config(base)
	w.succeed(w.apply())

	t.Log("what is missing is said, and who brings it")
	w.config(base, "resource \"lab_otel_operator\" \"this\" {\n  cluster = lab_rke2_node.server.cluster\n  repository = var.charts\n}\n")
	w.fail(w.apply(), "lab_cert_manager installs it")
	w.config(base, tracing(`receivers = ["opencensus"]`))
	w.fail(w.plan(), "gone since collector 0.132.0")

	w.config(base, tracing())
	w.says(w.succeed(w.apply()), `zipkin = "otel-collector.otel-system.svc.cluster.local:9411"`)
	w.noChanges()

	t.Log("drift is named and put right")
	other := beside(t, host)
	collector := ref("opentelemetry.io/v1beta1", "OpenTelemetryCollector", "otel-system", "otel")
	other.patch(collector, `{"spec":{"config":{"exporters":{"otlp_grpc":{"endpoint":"elsewhere:4317"}}}}}`)
	w.says(w.plan(), "OpenTelemetryCollector otel-system/otel spec.config.exporters.otlp_grpc.endpoint: want", "elsewhere:4317")
	w.succeed(w.apply())
	w.noChanges()

	w.config(base, tracing(`replicas = 2`, `debug = "basic"`, `processors = ["memory_limiter", "batch"]`))
	w.succeed(w.apply())
	w.noChanges()
	if got, _ := object.Lookup(other.get(ref("apps/v1", "Deployment", "otel-system", "otel-collector")), "spec", "replicas"); got != int64(2) {
		t.Errorf("the collector has %v replicas", got)
	}

	t.Log("everything goes, in one run")
	w.config(base)
	w.says(w.succeed(w.apply()), "0 added, 0 changed, 3 destroyed")
}
