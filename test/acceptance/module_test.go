package acceptance_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// parts are the module's switches, each with what its absence takes out of the plan.
var parts = map[string]string{
	"metallb = { enabled = false }":          "lab_metallb.this",
	"pool = { enabled = false }":             "lab_metallb_pool.this",
	"ingress = { enabled = false }":          "lab_ingress.hotrod",
	"mesh = { enabled = false }":             "lab_istio_mesh.this",
	"gateway = { enabled = false }":          "lab_istio_gateway.this",
	"cert_manager = { enabled = false }":     "lab_cert_manager.this",
	"otel = { enabled = false }":             "lab_otel_operator.this",
	"pipeline = { enabled = false }":         "lab_tracing_pipeline.this",
	"tempo = { enabled = false }":            "lab_tempo.this",
	"monitoring = { enabled = false }":       "lab_monitoring.this",
	"istio_monitoring = { enabled = false }": "lab_istio_monitoring.this",
	"kiali = { enabled = false }":            "lab_kiali.this",
	"samples = { nginx = false }":            "lab_sample_app.nginx",
	"samples = { hotrod = false }":           "lab_sample_app.hotrod",
	"samples = { bookinfo = false }":         "lab_sample_app.bookinfo",
	"hosts_entries = { enabled = false }":    "lab_hosts_entries.server",
	"tools = { enabled = false }":            "lab_node_tools.this",
}

// TestModule_Plans runs the module's own tests, and one more for each part that can be switched off: the part is not
// planned, and everything else still is.
func TestModule_Plans(t *testing.T) {
	t.Parallel()
	w := bareWorkspace(t, nil)
	w.must(os.Remove(filepath.Join(w.dir, "provider.tf")))
	w.must(os.CopyFS(w.dir, os.DirFS("../../modules/lab")))
	var text strings.Builder
	text.WriteString("mock_provider \"lab\" {}\n\nvariables {\n  servers = [{ host = \"lab-1\" }]\n  addresses = { gateway = \"192.0.2.10\" }\n}\n")
	for off, resource := range parts {
		name := "without_" + strings.NewReplacer("lab_", "", ".", "_").Replace(resource)
		fmt.Fprintf(&text, "\nrun %q {\n  command = plan\n  variables {\n    %s\n  }\n  assert {\n    condition = length(%s) == 0\n    error_message = \"it is planned\"\n  }\n}\n",
			name, off, resource)
	}
	w.write("tests/each.tftest.hcl", text.String())
	w.succeed(w.run("init", "-input=false"))
	w.says(w.succeed(w.run("test")), "0 failed")
}
