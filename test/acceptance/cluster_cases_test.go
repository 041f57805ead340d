package acceptance_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/rke2"
	"github.com/dxlab/terraform-provider-lab/test/lab"
)

// web is a release of the lab's chart "web" on the server's cluster.
func web(version string, more ...string) string {
	return fmt.Sprintf(`
resource "lab_helm_release" "web" {
  cluster       = lab_rke2_node.server.cluster
  name          = "web"
  namespace     = "web"
  repository    = var.charts
  chart         = "web"
  chart_version = %q
  %s
}
`, version, strings.Join(more, "\n  "))
}

// TestAccCluster_RefusedConfigurations shows what is refused, when, and in which words. All of it runs against one
// cluster, because none of it changes it.
func TestAccCluster_RefusedConfigurations(t *testing.T) {
	t.Parallel()
	l, host := oneHost(t)
	w := newWorkspace(t, l)
	base := server(l, host) + variables(l)
	w.config(base, metallb)
	w.succeed(w.apply())
	pool := func(name, addresses string) string {
		return fmt.Sprintf("resource \"lab_metallb_pool\" %q {\n  cluster = lab_rke2_node.server.cluster\n  name = %q\n  addresses = [%q]\n}\n", name, name, addresses)
	}
	cases := map[string]struct {
		config string
		atPlan bool
		says   []string
	}{
		"chart version that does not exist": {config: web("9.9.9"), says: []string{"9.9.9", "1.1.0"}},
		"chart that does not exist":         {config: strings.Replace(web("1.0.0"), `chart         = "web"`, `chart         = "weeb"`, 1), says: []string{"weeb", "web"}},
		"chart for a newer Kubernetes":      {config: strings.Replace(web("1.0.0"), `chart         = "web"`, `chart         = "too-new"`, 1), atPlan: true, says: []string{"needs Kubernetes >= 99.0.0", "kubeVersion in its Chart.yaml"}},
		"values that are not YAML":          {config: web("1.0.0", `values = ["ok: true", "a: 1\nb: [1"]`), atPlan: true, says: []string{"document 2", "line"}},
		"write-only values that are no YAML": {
			config: web("1.0.0", "values_wo = var.broken", "values_wo_version = 1") + "variable \"broken\" {\n  default = \"canary: [1\"\n}\n", atPlan: true, says: []string{"write-only"},
		},
		"malformed range":   {config: pool("a", "10.0.0.300-10.0.0.301"), atPlan: true, says: []string{"10.0.0.300"}},
		"overlapping pools": {config: pool("a", "10.1.0.0/24") + pool("b", "10.1.0.128/25"), atPlan: true, says: []string{"overlaps"}},
		"downgrade":         {config: strings.Replace(base, release, "v1.34.1+rke2r1", 1), atPlan: true, says: []string{"downgrade"}},
		"skipped minor":     {config: strings.Replace(base, release, "v1.37.1+rke2r1", 1), atPlan: true, says: []string{"skip a minor"}},
	}
	for name, c := range cases { //nolint:paralleltest // they share one state
		t.Run(name, func(t *testing.T) {
			w.t = t
			if strings.Contains(c.config, "lab_rke2_node\" \"server\"") {
				w.config(c.config, metallb)
			} else {
				w.config(base, metallb, c.config)
			}
			r := w.plan()
			if !c.atPlan {
				r = w.apply()
			}
			w.fail(r, c.says...)
			if strings.Contains(r.output, "canary") {
				t.Errorf("a write-only value is shown:\n%s", r.output)
			}
		})
	}
	w.t = t
	w.config(base, metallb)
	w.noChanges()
}

// TestAccCluster_CannotLook shows refreshes that learn nothing: the API is down, refuses the credentials or the right.
// Nothing leaves the state, and the plan says that it did not look.
func TestAccCluster_CannotLook(t *testing.T) {
	t.Parallel()
	l, host := oneHost(t)
	nodes := newWorkspace(t, l)
	nodes.config(server(l, host))
	nodes.succeed(nodes.apply())

	text, err := host.Run(t.Context(), "cat /etc/rancher/rke2/rke2.yaml")
	nodes.must(err)
	good, err := rke2.KubeconfigAt([]byte(text), host.Address().String())
	nodes.must(err)
	w := newWorkspace(t, l)
	w.env["KUBECONFIG"] = w.dir + "/kubeconfig"
	w.write("kubeconfig", string(good))
	w.config(`
resource "lab_manifest" "settings" {
  manifest = yamlencode({
    apiVersion = "v1"
    kind       = "ConfigMap"
    metadata   = { name = "settings", namespace = "default" }
    data       = { greeting = "hello" }
  })
}`)
	w.succeed(w.apply())
	w.noChanges()
	before := w.read("terraform.tfstate")
	for name, c := range map[string]struct{ kubeconfig, says string }{
		"401": {strings.Replace(strings.Replace(string(good), "client-certificate-data:", "token: wrong\n    x-client-certificate-data:", 1), "client-key-data:", "x-client-key-data:", 1), "authentication refused"},
		"403": {strings.Replace(string(good), "client-certificate-data:", "as: nobody\n    client-certificate-data:", 1), "permission denied"},
	} {
		w.write("kubeconfig", c.kubeconfig)
		r := w.plan()
		if r.code != 0 {
			t.Errorf("%s: the plan is not empty (%d):\n%s", name, r.code, r.output)
		}
		w.says(r, "Could not look at lab_manifest", c.says, "The state is kept as it was")
	}
	w.write("kubeconfig", string(good))
	_, err = host.Run(t.Context(), "/usr/local/bin/rke2-killall.sh")
	w.must(err)
	r := w.plan()
	if r.code != 0 {
		t.Errorf("the plan without an API is not empty (%d):\n%s", r.code, r.output)
	}
	w.says(r, "Could not look at lab_manifest")
	if w.read("terraform.tfstate") != before {
		t.Error("the state changed")
	}
	w.env["LAB_STRICT_REFRESH"] = "1"
	w.fail(w.plan(), "strict_refresh")
}

// TestAccCluster_Releases takes a release through upgrade, foreign changes, CRDs and a namespace that will not go.
func TestAccCluster_Releases(t *testing.T) {
	t.Parallel()
	l, host := oneHost(t)
	w := newWorkspace(t, l)
	base := server(l, host) + variables(l)
	w.config(base, web("1.0.0"))
	w.succeed(w.apply())
	w.noChanges()
	w.config(base, web("1.1.0", `timeouts = { delete = "20s" }`))
	w.says(w.succeed(w.apply()), "1 changed")
	w.noChanges()

	other := beside(t, host)
	stuck := object.New(ref("v1", "ConfigMap", "web", "stuck"))
	object.Set(stuck, []any{"example.test/never"}, "metadata", "finalizers")
	other.apply(stuck)
	w.config(base)
	w.fail(w.apply(), "example.test/never")
	other.patch(ref("v1", "ConfigMap", "web", "stuck"), `{"metadata":{"finalizers":null}}`)
	w.succeed(w.apply())

	// The namespace may still be going; the next release waits for that.
	t.Log("a release whose hook fails stays in the state and is repaired in place")
	failing := strings.Replace(web("1.0.0", `timeouts = { create = "60s" }`), `chart         = "web"`, `chart         = "hook-fails"`, 1)
	w.config(base, failing)
	if r := w.apply(); r.code != 1 {
		t.Fatalf("a failing hook is no error:\n%s", r.output)
	}
	if !strings.Contains(w.read("terraform.tfstate"), `"status": "failed"`) {
		t.Error("the failed release is not in the state")
	}
	w.config(base, web("1.0.0"))
	w.succeed(w.apply())
	w.noChanges()
	w.says(w.succeed(w.destroy()), "Destroy complete!")
}

// TestAccCluster_ExistingObjects shows objects that somebody else made: an error that names them, then adoption.
func TestAccCluster_ExistingObjects(t *testing.T) {
	t.Parallel()
	l := lab.New(t, lab.Options{Hosts: 1})
	host := l.Hosts()[0]
	w := newWorkspace(t, l)
	base := server(l, host)
	w.config(base)
	w.succeed(w.apply())
	other := beside(t, host)
	settings := object.New(ref("v1", "ConfigMap", "default", "settings"))
	settings["data"] = map[string]any{"greeting": "theirs"}
	other.apply(settings)
	manifest := func(more string) string {
		return fmt.Sprintf(`
resource "lab_manifest" "settings" {
  cluster  = lab_rke2_node.server.cluster
  manifest = yamlencode({ apiVersion = "v1", kind = "ConfigMap", metadata = { name = "settings", namespace = "default" }, data = { greeting = "ours" } })
  %s
}
`, more)
	}
	w.config(base, manifest(""))
	w.fail(w.apply(), "conflict", "ConfigMap default/settings exists already", "bystander")
	w.config(base, manifest("adopt = true"))
	w.succeed(w.apply())
	if got := object.String(other.get(ref("v1", "ConfigMap", "default", "settings")), "data", "greeting"); got != "ours" {
		t.Errorf("the object says %q", got)
	}
	w.noChanges()

	t.Log("it can be forgotten and imported again")
	w.succeed(w.run("state", "rm", "lab_manifest.settings"))
	w.succeed(w.run("import", "-input=false", "lab_manifest.settings", "ssh://root@"+host.Address().String()+"/v1/ConfigMap/default/settings"))
	w.says(w.plan(), "0 to add")
}
