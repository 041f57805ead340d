package acceptance_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/test/lab"
)

// quickstart copies the example and fills in its variables.
func quickstart(t *testing.T, l *lab.Lab) *workspace {
	t.Helper()
	w := newWorkspace(t, l)
	w.must(os.Remove(filepath.Join(w.dir, "provider.tf")))
	files, err := filepath.Glob("../../examples/labs/quickstart/*.tf")
	w.must(err)
	if len(files) == 0 {
		t.Fatal("the example is gone")
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		w.must(err)
		w.write(filepath.Base(file), string(raw))
	}
	env := l.EnvInside()
	w.write("terraform.tfvars", strings.Join([]string{
		`host = "` + l.Hosts()[0].Address().String() + `"`,
		`artifacts = { url = "` + env["LAB_RELEASE_URL"] + `/releases/download" }`,
		`chart_repository = "` + env["LAB_CHARTS"] + `"`,
		`gateway_address = "10.88.100.10"`,
	}, "\n"))
	w.succeed(w.run("init", "-input=false"))
	return w
}

func TestAccQuickstart(t *testing.T) {
	t.Parallel()
	l := lab.New(t, lab.Options{Hosts: 1})
	w := quickstart(t, l)
	r := w.succeed(w.apply())
	w.says(r, "Resources: 7 added, 0 changed, 0 destroyed", `gateway_address = "10.88.100.10"`)

	t.Log("a plan that changes nothing is empty and fetches no chart")
	w.noChanges()
	l.Charts().ResetStats()
	w.must(os.RemoveAll(filepath.Join(w.dir, "charts")))
	w.noChanges()
	if asked := l.Charts().Stats(); asked.Requests != 0 {
		t.Errorf("an empty plan asked the chart repository: %+v", asked.Log)
	}

	t.Log("drift is named and put right")
	other := beside(t, l.Hosts()[0])
	nginx := ref("apps/v1", "Deployment", "default", "nginx")
	other.delete(ref("v1", "Service", "metallb-system", "metallb-webhook-service"))
	other.patch(nginx, `{"spec":{"replicas":3}}`)
	r = w.plan()
	if r.code != 2 {
		t.Fatalf("drift is not seen:\n%s", r.output)
	}
	w.says(r, "Service metallb-system/metallb-webhook-service: it is missing", "Deployment default/nginx spec.replicas: want 1, live 3")
	w.succeed(w.apply())
	w.noChanges()
	if got, _ := object.Lookup(other.get(nginx), "spec", "replicas"); got != int64(1) {
		t.Errorf("nginx has %v replicas", got)
	}

	t.Log("everything goes, in one run")
	w.says(w.succeed(w.destroy()), "Destroy complete! Resources: 7 destroyed.")
	out, err := l.Hosts()[0].Run(t.Context(), "ls -d /var/lib/rancher/rke2 /etc/rancher/rke2 /usr/local/bin/rke2 2>/dev/null || true")
	w.must(err)
	if strings.TrimSpace(out) != "" {
		t.Errorf("left on the host: %s", out)
	}
}
