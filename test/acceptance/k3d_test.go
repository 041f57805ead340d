package acceptance_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/hostscript/hostscripttest"
	"github.com/dxlab/terraform-provider-lab/test/lab"
	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
	labk3d "github.com/dxlab/terraform-provider-lab/test/lab/k3d"
)

// dockerHost is a lab with one host that has the stand-in for Docker, and a release of the stand-in for k3d.
func dockerHost(t *testing.T) (*lab.Lab, *hosts.Host, *hostscripttest.Releases) {
	t.Helper()
	program, err := labk3d.Program(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	l := lab.New(t, lab.Options{Hosts: 1, Host: hosts.Options{Binds: []hosts.Bind{labk3d.Docker(program)}}})
	r := hostscripttest.NewReleasesAt(t, hosts.Gateway)
	sum := r.Put("/"+labk3d.Version+"/k3d-linux-amd64", string(raw))
	r.Put("/"+labk3d.Version+"/checksums.txt", sum+"  _dist/k3d-linux-amd64\n")
	return l, l.Hosts()[0], r
}

// k3dCluster is a lab_k3d_cluster named k3d.
func k3dCluster(host *hosts.Host, r *hostscripttest.Releases, more ...string) string {
	return fmt.Sprintf("resource \"lab_k3d_cluster\" \"k3d\" {\n  host = %q\n  k3d  = { url = \"%s/{version}/\" }\n  %s\n}\n", host.Address(), r.URL, strings.Join(more, "\n  "))
}

const metallbOnK3d = `
resource "lab_metallb" "this" {
  cluster    = lab_k3d_cluster.k3d.cluster
  repository = var.charts
}

resource "lab_metallb_pool" "docker" {
  cluster   = lab_k3d_cluster.k3d.cluster
  name      = "docker"
  namespace = lab_metallb.this.namespace
  addresses = ["172.18.255.1-172.18.255.50"]
}

output "subnet" {
  value = lab_k3d_cluster.k3d.network_subnet
}
`

// TestAccK3d makes a cluster with what is on it in one apply; a cluster that was stopped is started again and stays the same one,
// a cluster that is gone is made again with everything on it; a destroy leaves neither the cluster nor k3d.
func TestAccK3d(t *testing.T) {
	t.Parallel()
	l, host, r := dockerHost(t)
	w := newWorkspace(t, l)
	w.config(variables(l), k3dCluster(host, r, "agents = 1"), metallbOnK3d)
	w.says(w.succeed(w.apply()), "172.18.0.0/16")
	w.noChanges()
	kubeconfig := "/var/lib/terraform-provider-lab/k3d/lab/kubeconfig.yaml"
	if out := atHost(t, host, "stat -c '%a %U' "+kubeconfig+"; stat -c '%a %U' /var/lib/terraform-provider-lab/k3d/lab/config.yaml; k3d version | head -n 1; grep -c 'disable=traefik' /var/lib/terraform-provider-lab/k3d/lab/config.yaml"); out != "600 root\n600 root\nk3d version "+labk3d.Version+"\n1" {
		t.Errorf("the host has %q", out)
	}
	if state := w.read("terraform.tfstate"); strings.Contains(state, "client-key-data") || strings.Contains(state, "PRIVATE KEY") {
		t.Error("the state has the kubeconfig in it")
	}

	atHost(t, host, "k3d cluster stop lab; chmod 644 "+kubeconfig)
	p := w.plan()
	w.says(p, "servers: want 1 running, the host runs 0", "kubeconfig: want mode 0600")
	if p.code != 2 {
		t.Fatalf("the plan sees nothing (%d):\n%s", p.code, p.output)
	}
	w.says(w.succeed(w.apply()), "0 added, 1 changed, 0 destroyed")
	w.noChanges()

	atHost(t, host, "k3d cluster delete lab")
	w.says(w.succeed(w.apply()), "is gone")
	w.noChanges()
	atHost(t, host, "k3d kubeconfig get lab | grep -q 127.0.0.1:6550")

	w.succeed(w.destroy())
	if out := atHost(t, host, "ls -d /usr/local/bin/k3d /var/lib/terraform-provider-lab /var/lib/lab-k3d/lab 2>/dev/null || true"); out != "" {
		t.Errorf("left: %s", out)
	}
}

// TestAccK3d_Refusals shows what a user reads without Docker, with Docker down, with a wrong checksum, with a port that is taken and
// with a cluster that is there, and that the last can be imported.
func TestAccK3d_Refusals(t *testing.T) {
	t.Parallel()
	l, host, r := dockerHost(t)
	w := newWorkspace(t, l)
	w.config(k3dCluster(host, r))
	atHost(t, host, "touch /run/docker-is-down")
	w.fail(w.apply(), "Docker on host", "does not answer", "systemctl start docker")
	atHost(t, host, "rm /run/docker-is-down")

	bad := hostscripttest.NewReleasesAt(t, hosts.Gateway)
	bad.Put("/"+labk3d.Version+"/k3d-linux-amd64", "evil")
	bad.Put("/"+labk3d.Version+"/checksums.txt", strings.Repeat("0", 64)+"  _dist/k3d-linux-amd64\n")
	w.config(k3dCluster(host, bad))
	w.fail(w.apply(), "integrity check failed", "k3d "+labk3d.Version)
	if out := atHost(t, host, "ls -A /usr/local/bin"); strings.Contains(out, "k3d") || strings.Contains(out, "terraform") {
		t.Errorf("installed all the same: %s", out)
	}

	w.config(k3dCluster(host, r, "api_port = 22"))
	w.fail(w.apply(), "port is already allocated")
	w.config(k3dCluster(host, r))
	w.succeed(w.apply())

	other := newWorkspace(t, l)
	other.config(k3dCluster(host, r))
	other.fail(other.apply(), "conflict", "has a k3d cluster lab already")
	other.succeed(other.run("import", "-input=false", "lab_k3d_cluster.k3d", "root@"+host.Address().String()+"/lab"))
	if p := other.plan(); strings.Contains(p.output, "must be replaced") || p.code == 1 {
		t.Errorf("an import is followed by\n%s", p.output)
	}

	atHost(t, host, "touch /run/docker-is-down")
	p := w.plan()
	if p.code != 0 {
		t.Errorf("Docker that is down changes the plan (%d):\n%s", p.code, p.output)
	}
	w.says(p, "Could not look at lab_k3d_cluster", "The state is kept as it was")
	atHost(t, host, "rm /run/docker-is-down")
	w.succeed(w.destroy())
}

// TestAccK3d_WithoutDocker shows a host that has no Docker.
func TestAccK3d_WithoutDocker(t *testing.T) {
	t.Parallel()
	l, host := oneHost(t)
	w := newWorkspace(t, l)
	w.config(k3dCluster(host, hostscripttest.NewReleasesAt(t, hosts.Gateway)))
	w.fail(w.apply(), "has no Docker", "install it")
}
