package acceptance_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab"
	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
	labrelease "github.com/dxlab/terraform-provider-lab/test/lab/release"
)

// TestAccNode_RefusedLogins shows what a user reads when a host cannot be logged in to, and that nothing is left.
func TestAccNode_RefusedLogins(t *testing.T) {
	t.Parallel()
	l, host := oneHost(t)
	cases := map[string]struct {
		prepare func(w *workspace)
		block   string
		says    []string
	}{
		"wrong key": {
			prepare: func(w *workspace) { w.env["LAB_SSH_PRIVATE_KEY_PATH"] = strangerKey(w) },
			says:    []string{"authentication refused", "root", "LAB_SSH_PRIVATE_KEY_PATH"},
		},
		"unknown host key": {
			prepare: func(w *workspace) {
				w.write("empty", "")
				w.env["LAB_SSH_KNOWN_HOSTS_PATH"] = filepath.Join(w.dir, "empty")
			},
			says: []string{"host key not accepted", "SHA256:"},
		},
		"changed host key": {
			prepare: func(w *workspace) {
				w.write("changed", host.Address().String()+" "+strangerPublicKey(w)+"\n")
				w.env["LAB_SSH_KNOWN_HOSTS_PATH"] = filepath.Join(w.dir, "changed")
			},
			says: []string{"host key not accepted", "changed:1"},
		},
		"no sudo right": {
			block: `user = "plain"`,
			says:  []string{"permission denied", "sudo"},
		},
		"password for sudo missing": {
			block: `user = "opspw"`,
			says:  []string{"permission denied", "sudo"},
		},
	}
	addPlainUser(t, host)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkspace(t, l)
			w.config(server(l, host, c.block))
			if c.prepare != nil {
				c.prepare(w)
			}
			w.fail(w.apply(), c.says...)
			if state := w.read("terraform.tfstate"); strings.Contains(state, "lab_rke2_node") {
				t.Errorf("the state tracks what was never touched:\n%s", state)
			}
		})
	}
}

func TestAccNode_WithoutSystemd(t *testing.T) {
	t.Parallel()
	l := lab.New(t, lab.Options{Hosts: 1, Host: hosts.Options{Init: hosts.PlainInit}})
	w := newWorkspace(t, l)
	w.config(server(l, l.Hosts()[0]))
	w.fail(w.apply(), "systemd")
}

// TestAccNode_Unreachable shows a host that is off: an error that says what was tried at apply, a warning that keeps
// the state at plan, an error at plan in strict mode.
func TestAccNode_Unreachable(t *testing.T) {
	t.Parallel()
	l, host := oneHost(t)
	w := newWorkspace(t, l)
	w.config(server(l, host))
	w.must(host.Partition(t.Context()))
	w.fail(w.apply(), "unreachable", host.Address().String())
	w.must(host.Heal(t.Context()))
	w.succeed(w.apply())

	w.must(host.PowerCut(t.Context()))
	r := w.plan()
	if r.code != 0 {
		t.Errorf("a host that is off changes the plan (%d):\n%s", r.code, r.output)
	}
	w.says(r, "Could not look at lab_rke2_node", "The state is kept as it was")
	w.env["LAB_STRICT_REFRESH"] = "true"
	w.fail(w.plan(), "Could not look at lab_rke2_node", "strict_refresh")
}

// TestAccNode_BadRelease shows downloads that are not what they should be: nothing is installed, and once the release
// is good the same configuration goes through.
func TestAccNode_BadRelease(t *testing.T) {
	t.Parallel()
	l, host := oneHost(t)
	w := newWorkspace(t, l)
	w.config(server(l, host))
	for _, c := range []struct {
		fault labrelease.FaultKind
		says  string
	}{{labrelease.WrongSum, "integrity check failed"}, {labrelease.Missing, "404"}} {
		w.must(l.Releases().SetFaults([]labrelease.Fault{{Kind: c.fault}}))
		w.fail(w.apply(), c.says)
		if out, err := host.Run(t.Context(), "ls /usr/local/bin"); err != nil || strings.Contains(out, "rke2") {
			t.Errorf("%s: installed all the same: %s %v", c.fault, out, err)
		}
	}
	w.must(l.Releases().SetFaults(nil))
	w.succeed(w.apply())
	w.noChanges()
}

func TestAccNode_DiskFull(t *testing.T) {
	t.Parallel()
	l := lab.New(t, lab.Options{Hosts: 1, Host: hosts.Options{DiskMiB: 64}})
	host := l.Hosts()[0]
	w := newWorkspace(t, l)
	w.config(server(l, host))
	w.must(host.FillDisk(1 << 20))
	w.fail(w.apply(), "no space left")
	w.must(host.FreeDisk())
}

// TestAccNode_StartFails shows a unit that does not start: the error carries the journal's last lines, and the next
// apply repairs the node in place.
func TestAccNode_StartFails(t *testing.T) {
	t.Parallel()
	l, host := oneHost(t)
	w := newWorkspace(t, l)
	w.config(server(l, host, `timeouts = { create = "60s" }`))
	_, err := host.Run(t.Context(), "systemd-run --unit=squatter --collect python3 -m http.server 6443 2>/dev/null || systemd-run --unit=squatter --collect socat TCP-LISTEN:6443,fork,reuseaddr EXEC:/bin/cat; sleep 1; ss -ltn | grep -q :6443")
	w.must(err)
	w.fail(w.apply(), "6443")
	_, err = host.Run(t.Context(), "systemctl stop squatter")
	w.must(err)
	w.succeed(w.apply())
	w.noChanges()
}

// TestAccNode_CutDuringInstall cuts the connection in the middle of an installation; the next apply goes on.
func TestAccNode_CutDuringInstall(t *testing.T) {
	t.Parallel()
	l, host := oneHost(t)
	w := newWorkspace(t, l)
	w.config(server(l, host, `timeouts = { create = "90s" }`))
	w.must(l.Releases().SetFaults([]labrelease.Fault{{Kind: labrelease.Slow, Rate: 400 << 10}}))
	r, took := w.interrupt(func(string) bool {
		out, err := host.Run(t.Context(), "pgrep -c curl || true")
		return err == nil && strings.TrimSpace(out) != "0"
	})
	if r.code == 0 {
		t.Fatalf("the interrupted apply succeeded:\n%s", r.output)
	}
	if took > 20*time.Second {
		t.Errorf("an interrupt took %s", took)
	}
	w.must(l.Releases().SetFaults(nil))
	w.succeed(w.apply())
	w.noChanges()
}

// TestAccNode_ConnectionLost takes the network away in the middle of an installation. The apply says that the host
// does not answer, and the next one goes on.
func TestAccNode_ConnectionLost(t *testing.T) {
	t.Parallel()
	l, host := oneHost(t)
	w := newWorkspace(t, l)
	w.config(server(l, host, `timeouts = { create = "60s" }`))
	w.must(l.Releases().SetFaults([]labrelease.Fault{{Kind: labrelease.Slow, Rate: 100 << 10}}))
	applied := make(chan result)
	go func() { applied <- w.apply() }()
	for downloading := false; !downloading; {
		select {
		case r := <-applied:
			t.Fatalf("the apply ended before its download:\n%s", r.output)
		case <-time.After(100 * time.Millisecond):
			out, err := host.Run(t.Context(), "pgrep -c curl || true")
			downloading = err == nil && strings.TrimSpace(out) != "0"
		}
	}
	w.must(host.Partition(t.Context()))
	if r := <-applied; r.code != 1 {
		t.Fatalf("an apply without a network succeeded:\n%s", r.output)
	}
	w.must(l.Releases().SetFaults(nil))
	w.must(host.Heal(t.Context()))
	w.config(server(l, host))
	w.succeed(w.apply())
	w.noChanges()
}

// TestAccNode_Upgrade takes a server to the next minor in place: its cluster, and what refers to it, stay.
func TestAccNode_Upgrade(t *testing.T) {
	t.Parallel()
	l, host := oneHost(t)
	w := newWorkspace(t, l)
	config := server(l, host) + `
resource "lab_sample_app" "nginx" {
  cluster = lab_rke2_node.server.cluster
  app     = "nginx"
  name    = "nginx"
}
`
	w.config(config)
	w.succeed(w.apply())
	const next = "v1.36.3+rke2r1"
	w.config(strings.Replace(config, release, next, 1))
	w.says(w.succeed(w.apply()), "0 added, 1 changed, 0 destroyed")
	w.noChanges()
	if out, err := host.Run(t.Context(), "/usr/local/bin/rke2 --version"); err != nil || !strings.Contains(out, next) {
		t.Errorf("the host has %q (%v)", out, err)
	}
}

// TestAccNode_AlreadyThere shows a host that runs RKE2 already: an error that says what was found, then adoption.
func TestAccNode_AlreadyThere(t *testing.T) {
	t.Parallel()
	l, host := oneHost(t)
	first := newWorkspace(t, l)
	first.config(server(l, host, `on_destroy = "keep"`))
	first.succeed(first.apply())
	first.succeed(first.destroy())
	_, err := host.Run(t.Context(), "rm -f /etc/rancher/rke2/terraform-provider-lab.json")
	first.must(err)

	second := newWorkspace(t, l)
	second.config(server(l, host))
	second.fail(second.apply(), "conflict", release)
	second.config(server(l, host, "adopt = true"))
	second.succeed(second.apply())
	second.noChanges()
}

// TestAccNode_TwoAppliesAtOnce has two configurations install the same host: one waits for the other.
func TestAccNode_TwoAppliesAtOnce(t *testing.T) {
	t.Parallel()
	l, host := oneHost(t)
	results := make(chan result, 2)
	for range 2 {
		w := newWorkspace(t, l)
		w.config(server(l, host))
		go func() { results <- w.apply() }()
	}
	first, second := <-results, <-results
	if first.code != 0 && second.code != 0 {
		t.Fatalf("neither apply went through:\n%s\n%s", first.output, second.output)
	}
	for _, r := range []result{first, second} {
		if r.code != 0 && !strings.Contains(flat(r.output), "conflict") && !strings.Contains(flat(r.output), "mark") {
			t.Errorf("the other apply gives no reason:\n%s", r.output)
		}
	}
}

// TestAccNode_AgentJoins has an agent join by reference, follow a change in place, and leave.
func TestAccNode_AgentJoins(t *testing.T) {
	t.Parallel()
	l := lab.New(t, lab.Options{Hosts: 2})
	w := newWorkspace(t, l)
	agent := func(label string) string {
		return strings.NewReplacer("HOST", l.Hosts()[1].Address().String(), "VERSION", release, "URL", l.EnvInside()["LAB_RELEASE_URL"], "LABEL", label).Replace(`
resource "lab_rke2_node" "agent" {
  host      = "HOST"
  role      = "agent"
  join      = lab_rke2_node.server.cluster
  version   = "VERSION"
  artifacts = { url = "URL/releases/download" }
  config    = yamlencode({ "kubelet-arg" = ["LABEL"] })
}
`)
	}
	w.config(server(l, l.Hosts()[0]), agent("max-pods=100"))
	w.succeed(w.apply())
	w.noChanges()
	nodes := beside(t, l.Hosts()[0])
	nodes.get(ref("v1", "Node", "", l.Hosts()[1].Name()))

	w.config(server(l, l.Hosts()[0]), agent("max-pods=90"))
	w.says(w.succeed(w.apply()), "0 added, 1 changed, 0 destroyed")
	w.noChanges()

	w.config(server(l, l.Hosts()[0]))
	w.succeed(w.apply())
	if _, err := nodes.client.Get(t.Context(), ref("v1", "Node", "", l.Hosts()[1].Name())); err == nil {
		t.Error("the node is still in the cluster")
	}
}

func addPlainUser(t *testing.T, host *hosts.Host) {
	t.Helper()
	if _, err := host.Run(t.Context(), "useradd -m -s /bin/bash plain && mkdir -p ~plain/.ssh && cp /root/.ssh/authorized_keys ~plain/.ssh/ && chown -R plain: ~plain/.ssh && chmod 700 ~plain/.ssh"); err != nil {
		t.Fatal(err)
	}
}

// strangerKey makes a key that no host knows.
func strangerKey(w *workspace) string {
	w.t.Helper()
	path := filepath.Join(w.dir, "stranger")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if out, err := exec.CommandContext(w.t.Context(), "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path).CombinedOutput(); err != nil {
		w.t.Fatalf("ssh-keygen: %v: %s", err, out)
	}
	return path
}

func strangerPublicKey(w *workspace) string {
	w.t.Helper()
	raw, err := os.ReadFile(strangerKey(w) + ".pub")
	w.must(err)
	return strings.Join(strings.Fields(string(raw))[:2], " ")
}
