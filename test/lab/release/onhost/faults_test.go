package onhost_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/release"
)

// unit returns what systemd says of a property of the server's unit.
func (s site) unit(t *testing.T, role, property string) string {
	t.Helper()
	return s.run(t, "systemctl show --value -p "+property+" rke2-"+role)
}

// logged waits for a line of a role's journal.
func (s site) logged(t *testing.T, role, line string) {
	t.Helper()
	eventually(t, time.Minute, func() string {
		if got := s.run(t, "journalctl --no-pager -o cat -u rke2-"+role); !strings.Contains(got, line) {
			return got
		}
		return ""
	})
}

// TestServer_Troubles makes one host's server fail in one way after the other.
func TestServer_Troubles(t *testing.T) {
	t.Parallel()
	server := newSite(t, releaseServer(t, release.Options{}))
	server.install(t, "INSTALL_RKE2_CHANNEL=latest")
	for _, step := range []struct {
		name string
		run  func(t *testing.T, server site)
	}{
		{"config is not YAML", configNotYAML},
		{"data directory cannot be written", dataNotWritable},
		{"API port is taken", apiPortTaken},
		{"supervisor port is taken", supervisorPortTaken},
		{"crashes twice, then starts", crashesTwice},
		{"crashes when it was ready", crashesLater},
		{"ignores SIGTERM", ignoresSIGTERM},
		{"control plane dies", controlPlaneDies},
		{"is never ready", neverReady},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(t, server) }) {
			t.Fatal(server.journal(t.Context()))
		}
		server.run(t, "systemctl stop rke2-server; systemctl reset-failed rke2-server; rm -rf /etc/rancher/rke2 /run/lab-rke2-crashes /etc/default/rke2-server")
		server.run(t, "journalctl --rotate --vacuum-time=1s")
	}
}

// startFails starts the server and expects that systemd tries again and again.
func (s site) startFails(t *testing.T, line string) {
	t.Helper()
	s.run(t, "systemctl start rke2-server && exit 1 || exit 0")
	s.logged(t, "server", line)
	eventually(t, time.Minute, func() string {
		if restarts := s.unit(t, "server", "NRestarts"); restarts == "0" {
			return "not restarted"
		}
		return ""
	})
	eventually(t, time.Minute, func() string { return strings.TrimPrefix(s.unit(t, "server", "ActiveState"), "activating") })
}

func configNotYAML(t *testing.T, server site) {
	server.configure(t, "node-name: [a", "tls-san: b")
	server.startFails(t, `level=fatal msg="yaml: line 1: `)
}

func dataNotWritable(t *testing.T, server site) {
	server.run(t, "touch /var/lib/notadir")
	server.configure(t, "data-dir: /var/lib/notadir/rke2")
	server.startFails(t, "mkdir /var/lib/notadir: not a directory")
}

func apiPortTaken(t *testing.T, server site) {
	server.run(t, "systemd-run --unit=squatter --collect nc -lk 6443; timeout 5 sh -c 'until nc -z 127.0.0.1 6443; do sleep 0.1; done'")
	server.startFails(t, "listen tcp :6443: bind: address already in use")
	server.run(t, "systemctl stop squatter")
}

func supervisorPortTaken(t *testing.T, server site) {
	server.run(t, "systemd-run --unit=squatter --collect nc -lk 9345; timeout 5 sh -c 'until nc -z 127.0.0.1 9345; do sleep 0.1; done'")
	server.startFails(t, "listen tcp :9345: bind: address already in use")
	server.run(t, "systemctl stop squatter")
}

func crashesTwice(t *testing.T, server site) {
	server.run(t, "mkdir -p /etc/rancher/rke2 && echo 'crash-before-ready: 2' > /etc/rancher/rke2/lab-faults.yaml")
	server.startFails(t, "crash requested by fault crash-before-ready (start 1)")
	eventually(t, time.Minute, func() string { return strings.TrimPrefix(server.unit(t, "server", "ActiveState"), "active") })
	if got := server.unit(t, "server", "NRestarts"); got != "2" {
		t.Errorf("%s restarts", got)
	}
}

func crashesLater(t *testing.T, server site) {
	server.run(t, "echo LAB_FAULT_CRASH_AFTER=2s > /etc/default/rke2-server")
	server.start(t, "server")
	server.logged(t, "server", "crash requested by fault crash-after")
	eventually(t, time.Minute, func() string {
		if server.unit(t, "server", "NRestarts") == "0" {
			return "not restarted"
		}
		return ""
	})
}

func ignoresSIGTERM(t *testing.T, server site) {
	server.run(t, "mkdir -p /etc/rancher/rke2 && echo 'ignore-sigterm: true' > /etc/rancher/rke2/lab-faults.yaml")
	server.start(t, "server")
	server.run(t, "systemctl stop --no-block rke2-server; sleep 2")
	if got := server.unit(t, "server", "ActiveState"); got != "deactivating" {
		t.Errorf("the unit is %s", got)
	}
	server.run(t, "systemctl kill -s KILL rke2-server")
}

func controlPlaneDies(t *testing.T, server site) {
	server.start(t, "server")
	server.run(t, "kill -9 $(pgrep -of 'lab-controlplane run')")
	server.logged(t, "server", "Control plane ended, starting it again")
	eventually(t, time.Minute, func() string {
		return server.run(t, "curl -sk https://127.0.0.1:6443/ >/dev/null || echo closed")
	})
	server.waitReady(t, server.Name())
}

func neverReady(t *testing.T, server site) {
	server.run(t, "/usr/local/bin/rke2-killall.sh; echo LAB_FAULT_NEVER_READY=true > /etc/default/rke2-server; systemctl start --no-block rke2-server")
	server.logged(t, "server", "Waiting for API server to become available")
	if got := server.unit(t, "server", "ActiveState") + server.run(t, "curl -sk https://127.0.0.1:9345/ping; curl -sk https://127.0.0.1:6443/ || echo closed"); got != "activatingpongclosed" {
		t.Errorf("got %s", got)
	}
}

// TestAgent_Troubles makes an agent's join fail, and succeed at last.
func TestAgent_Troubles(t *testing.T) {
	t.Parallel()
	releases := releaseServer(t, release.Options{})
	server, worker := newSite(t, releases), newSite(t, releases)
	server.install(t, "INSTALL_RKE2_CHANNEL=latest")
	server.configure(t, "token: right-secret", "agent-token: agents-secret", "cni: none", "write-kubeconfig: /root/admin.yaml", "write-kubeconfig-mode: \"0600\"")
	server.start(t, "server")
	worker.install(t, "INSTALL_RKE2_CHANNEL=latest")
	for _, step := range []struct {
		name string
		run  func(t *testing.T, server, worker site)
	}{
		{"kubeconfig elsewhere", kubeconfigElsewhere},
		{"wrong password", wrongPassword},
		{"wrong CA", wrongCA},
		{"agent token", agentToken},
		{"no network plugin", noNetworkPlugin},
		{"reinstalled host", reinstalledHost},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(t, server, worker) }) {
			t.Fatal(server.journal(t.Context()), "\n", worker.journal(t.Context()))
		}
	}
}

func kubeconfigElsewhere(t *testing.T, server, _ site) {
	if got := server.run(t, "readlink /etc/rancher/rke2/rke2.yaml; stat -c %a /root/admin.yaml"); got != "/root/admin.yaml\n600" {
		t.Errorf("kubeconfig: %s", got)
	}
}

// join writes the worker's configuration and starts it without waiting.
func (s site) join(t *testing.T, server site, token string) {
	t.Helper()
	s.configure(t, "server: https://"+server.Address().String()+":9345", "token: "+token)
	s.run(t, "systemctl restart --no-block rke2-agent")
}

func wrongPassword(t *testing.T, server, worker site) {
	worker.join(t, server, "wrong-secret")
	worker.logged(t, "agent", "failed to retrieve configuration from server: https://127.0.0.1:6444/v1-rke2/config: 401 Unauthorized")
	worker.logged(t, "agent", "the token does not include a CA hash")
	if got := worker.unit(t, "agent", "ActiveState"); got != "activating" {
		t.Errorf("the unit is %s", got)
	}
}

func wrongCA(t *testing.T, server, worker site) {
	worker.join(t, server, "K10"+strings.Repeat("a", 64)+"::server:right-secret")
	worker.logged(t, "agent", "token CA hash does not match the Cluster CA certificate hash: "+strings.Repeat("a", 64)+" != ")
}

func agentToken(t *testing.T, server, worker site) {
	token := server.run(t, "cat /var/lib/rancher/rke2/server/agent-token")
	if !strings.HasSuffix(token, "::node:agents-secret") {
		t.Fatalf("agent token: %s", token)
	}
	worker.join(t, server, token)
	eventually(t, time.Minute, func() string { return strings.TrimPrefix(worker.unit(t, "agent", "ActiveState"), "active") })
	if got := worker.run(t, "curl -sk -u node:agents-secret -o /dev/null -w %{http_code} https://"+server.Address().String()+":9345/v1-rke2/server-bootstrap"); got != "403" {
		t.Errorf("an agent gets the cluster's keys: %s", got)
	}
}

func noNetworkPlugin(t *testing.T, server, worker site) {
	eventually(t, time.Minute, func() string {
		if got := server.nodes(t); got[server.Name()] != "NotReady" || got[worker.Name()] != "NotReady" {
			return "not both nodes are there without being ready"
		}
		return ""
	})
	for _, s := range []site{server, worker} {
		s.run(t, "mkdir -p /etc/cni/net.d && echo {} > /etc/cni/net.d/10-own.conf")
	}
	server.waitReady(t, server.Name(), worker.Name())
}

func reinstalledHost(t *testing.T, server, worker site) {
	worker.run(t, "systemctl stop rke2-agent && rm -rf /etc/rancher/node /var/lib/rancher/rke2")
	worker.run(t, "systemctl start --no-block rke2-agent")
	worker.logged(t, "agent", "Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not match server node-passwd entry")
	server.delete(t, "/api/v1/nodes/"+worker.Name())
	server.waitReady(t, worker.Name())
}
