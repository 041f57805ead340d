package lab_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	lab "github.com/dxlab/terraform-provider-lab/test/lab"
	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
)

func TestMain(m *testing.M) { lab.Main(m, lab.PrepareContainers) }

// bare starts a lab in which any program stands for the control plane: these tests do not start it.
func bare(t *testing.T, count int) *lab.Lab {
	t.Helper()
	return lab.New(t, lab.Options{Hosts: count, ControlPlane: "/bin/true"})
}

func TestLab_ServesItsHosts(t *testing.T) {
	t.Parallel()
	l := bare(t, 2)
	env := l.Env()
	for _, host := range l.Hosts() {
		for script, want := range map[string]string{
			"curl -sf " + env["LAB_RELEASE_URL"] + "/install.sh | head -n 1":                     "#!/bin/sh",
			"curl -sf " + env["LAB_CHARTS"] + "/index.yaml | head -n 1":                          "apiVersion: v1",
			"curl -s -o /dev/null -w %{http_code} " + env["LAB_CHARTS"] + "/../v2/":              "200",
			lab.ControlPlanePath + " && echo runs":                                               "runs",
			"rm " + lab.ControlPlanePath + " 2>&1 | grep -oE 'Read-only|busy' | head -n 1":       "busy",
			"sh -c 'echo > " + lab.ControlPlanePath + "' 2>&1 | grep -o 'Read-only file system'": "Read-only file system",
		} {
			if out, err := host.Run(t.Context(), script); err != nil || out != want {
				t.Errorf("on %s, %s: %q (%v), want %q", host.Name(), script, out, err, want)
			}
		}
	}
	if l.Charts().Stats().Indexes < 2 {
		t.Errorf("the chart server counted %+v", l.Charts().Stats())
	}
	if !slices.Contains(l.Releases().Versions(), l.Releases().Channels()["stable"]) {
		t.Error("the stable channel leads to no release")
	}
}

func TestLab_Containers(t *testing.T) {
	t.Parallel()
	l := lab.New(t, lab.Options{Hosts: 1, ControlPlane: "/bin/true", Containers: true})
	if env := l.Env(); !l.Containers() || env["LAB_CONTAINERS"] != "true" {
		t.Errorf("the lab does not tell of its containers: %v", env)
	}
	const manifest = "curl -sf -H 'Accept: application/vnd.oci.image.manifest.v1+json' $(cat /usr/libexec/lab/registry)/v2/any/nginx/manifests/1.27"
	for script, want := range map[string]string{
		"grep -x nginx /usr/libexec/lab/containers":                      "nginx",
		manifest + " | grep -o 'image.layer' | head -n 1; containerd -v": "image.layer\ncontainerd",
	} {
		if out, err := l.Hosts()[0].Run(t.Context(), script); err != nil || !strings.HasPrefix(out, want) {
			t.Errorf("%s: %q (%v), want %q", script, out, err, want)
		}
	}
	if env := bare(t, 0).Env(); env["LAB_CONTAINERS"] != "" {
		t.Errorf("a lab without containers says %s", env["LAB_CONTAINERS"])
	}
}

func TestLab_FilesLeadToHosts(t *testing.T) {
	t.Parallel()
	l := bare(t, 2)
	env := l.Env()
	key, err := os.ReadFile(env["LAB_SSH_PRIVATE_KEY_PATH"])
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.ParsePrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	known, err := knownhosts.New(env["LAB_SSH_KNOWN_HOSTS_PATH"])
	if err != nil {
		t.Fatal(err)
	}
	targets := strings.Fields(env["LAB_HOSTS"])
	if len(targets) != 2 {
		t.Fatalf("LAB_HOSTS is %q", env["LAB_HOSTS"])
	}
	for i, target := range targets {
		user, address, _ := strings.Cut(target, "@")
		client, err := ssh.Dial("tcp", address, &ssh.ClientConfig{
			User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: known, Timeout: 10 * time.Second,
		})
		if err != nil {
			t.Errorf("%s: %v", target, err)
			continue
		}
		defer client.Close()
		session, err := client.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		if out, err := session.Output("hostname"); err != nil || strings.TrimSpace(string(out)) != l.Hosts()[i].Name() {
			t.Errorf("%s is %q (%v), want %s", target, out, err, l.Hosts()[i].Name())
		}
	}
}

func TestLab_SeveralInOneProcess(t *testing.T) {
	t.Parallel()
	a, b := bare(t, 1), bare(t, 1)
	if a.Env()["LAB_CHARTS"] == b.Env()["LAB_CHARTS"] || a.Hosts()[0].Address() == b.Hosts()[0].Address() {
		t.Errorf("two labs share an address: %v, %v", a.Env(), b.Env())
	}
	if out, err := a.Hosts()[0].Run(t.Context(), "nc -z -w 2 "+b.Hosts()[0].Address().String()+" 22 && echo reached"); err != nil || out != "reached" {
		t.Errorf("from one lab to the other: %q (%v)", out, err)
	}
}

func TestLab_OwnCluster(t *testing.T) {
	t.Parallel()
	var servers []string
	for range 2 {
		l := lab.New(t, lab.Options{Cluster: true})
		if !l.Cluster().Running() {
			t.Error("the cluster does not run")
		}
		text, err := os.ReadFile(l.Env()["KUBECONFIG"])
		if err != nil {
			t.Fatal(err)
		}
		server := l.Cluster().Address().String()
		if !strings.Contains(string(text), "server: https://"+server+"\n") {
			t.Errorf("the kubeconfig does not name %s:\n%s", server, text)
		}
		conn, err := net.DialTimeout("tcp", server, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		servers = append(servers, server)
	}
	if servers[0] == servers[1] {
		t.Errorf("two clusters are at %s", servers[0])
	}
	if l := bare(t, 0); l.Cluster() != nil || l.Env()["KUBECONFIG"] != "" {
		t.Error("a lab has a cluster that was not asked for")
	}
}

func TestLab_ClusterThatDoesNotStart(t *testing.T) {
	t.Parallel()
	rack := hosts.Shared(t)
	for path, want := range map[string]string{"": "no control plane binary", "/bin/true": "ended before it was ready", "/nowhere": "no such file"} {
		l, err := lab.Start(t.Context(), rack, lab.Options{Dir: t.TempDir(), ControlPlane: path, Cluster: true})
		if err == nil {
			t.Errorf("with the binary %q a cluster started: %v", path, l.Close(t.Context()))
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("with the binary %q: %v, want %q", path, err, want)
		}
	}
}

func TestStart_FailsCleanly(t *testing.T) {
	t.Parallel()
	rack := hosts.Shared(t)
	o := lab.Options{Dir: filepath.Join(t.TempDir(), "missing"), Hosts: 1, ControlPlane: "/bin/true"}
	if l, err := lab.Start(t.Context(), rack, o); err == nil {
		t.Error("a lab without its folder started", l.Close(t.Context()))
	}
}

func TestFindControlPlane(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("LAB_CACHE", dir)
	t.Setenv("LAB_CONTROLPLANE", "")
	if path, err := lab.FindControlPlane(); !errors.Is(err, lab.ErrNoControlPlane) {
		t.Errorf("in an empty cache: %q, %v", path, err)
	}
	for i, name := range []string{"controlplane-old", "controlplane-new", "controlplane-older"} {
		path := filepath.Join(dir, name, "lab-controlplane")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o755); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add([]time.Duration{-time.Hour, 0, -2 * time.Hour}[i])
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	if path, err := lab.FindControlPlane(); err != nil || path != filepath.Join(dir, "controlplane-new", "lab-controlplane") {
		t.Errorf("newest: %q, %v", path, err)
	}
	t.Setenv("LAB_CONTROLPLANE", filepath.Join(dir, "nowhere"))
	if path, err := lab.FindControlPlane(); err == nil {
		t.Errorf("a named binary that is not there: %q", path)
	}
	t.Setenv("LAB_CONTROLPLANE", "/bin/true")
	if path, err := lab.FindControlPlane(); err != nil || path != "/bin/true" {
		t.Errorf("a named binary: %q, %v", path, err)
	}
}

func TestFindKubernetes(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("LAB_CACHE", dir)
	if path, err := lab.FindKubernetes("1.24"); !errors.Is(err, lab.ErrNoKubernetes) {
		t.Errorf("in an empty cache: %q, %v", path, err)
	}
	if path, err := lab.FindKubernetes("1.25"); err == nil || errors.Is(err, lab.ErrNoKubernetes) {
		t.Errorf("one that the lab does not have: %q, %v", path, err)
	}
	want := filepath.Join(dir, "kubernetes-1.24-0", "lab-kubernetes")
	if err := os.MkdirAll(filepath.Dir(want), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(want, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if path, err := lab.FindKubernetes("1.24"); err != nil || path != want {
		t.Errorf("built: %q, %v", path, err)
	}
}

func TestRelease(t *testing.T) {
	t.Parallel()
	for kubernetes, want := range map[string]string{"": "v1.35.7+rke2r1", "1.24": "v1.24.10+rke2r1", "1.25": ""} {
		if got := lab.Release(kubernetes); got != want {
			t.Errorf("%q: %q, want %q", kubernetes, got, want)
		}
	}
}
