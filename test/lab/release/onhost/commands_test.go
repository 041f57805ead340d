package onhost_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/release"
)

// TestCommands runs the commands that work on a running server.
func TestCommands(t *testing.T) {
	t.Parallel()
	server := newSite(t, releaseServer(t, release.Options{}))
	server.install(t, "INSTALL_RKE2_CHANNEL=latest")
	server.configure(t, "token: first-secret")
	server.start(t, "server")
	for _, step := range []struct {
		name string
		run  func(t *testing.T, server site)
	}{
		{"snapshots", snapshots},
		{"wrong commands", wrongCommands},
		{"certificates", certificates},
		{"token", tokenRotation},
		{"new name", newName},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(t, server) }) {
			t.Fatal(server.journal(t.Context()))
		}
	}
}

func snapshots(t *testing.T, server site) {
	server.run(t, "rke2 etcd-snapshot save --name before")
	server.run(t, "sleep 1; rke2 etcd-snapshot save --name before --snapshot-compress")
	server.run(t, "sleep 1; rke2 etcd-snapshot save")
	rows := strings.Split(server.run(t, "rke2 etcd-snapshot ls"), "\n")
	if len(rows) != 4 || !strings.HasPrefix(rows[0], "Name") || !strings.HasPrefix(rows[1], "on-demand-"+server.Name()+"-") {
		t.Errorf("list: %q", rows)
	}
	if got := list(server.api(t, "/apis/k3s.cattle.io/v1/etcdsnapshotfiles")); len(got) != 3 {
		t.Errorf("snapshot objects: %v", got)
	}
	if got := server.run(t, "cd /var/lib/rancher/rke2/server/db/snapshots && head -c 20 before-*[0-9] | od -An -tx1 -j16 -N4"); got != "ed da 0c ed" {
		t.Errorf("not a database of etcd: %s", got)
	}
	server.run(t, "rke2 etcd-snapshot prune --name before --snapshot-retention 1")
	if got := server.run(t, "rke2 etcd-snapshot list -o json"); strings.Count(got, `"snapshotName"`) != 2 || !strings.Contains(got, ".zip") {
		t.Errorf("after prune: %s", got)
	}
	server.run(t, "rke2 etcd-snapshot delete $(ls /var/lib/rancher/rke2/server/db/snapshots)")
	if got := list(server.api(t, "/apis/k3s.cattle.io/v1/etcdsnapshotfiles")); len(got) != 0 {
		t.Errorf("snapshot objects: %v", got)
	}
}

func wrongCommands(t *testing.T, server site) {
	for command, want := range map[string]string{
		"rke2 etcd-snapshot delete":                                    "no snapshots given for removal",
		"rke2 etcd-snapshot save now":                                  "does not take any arguments",
		"rke2 etcd-snapshot save --s3":                                 "not on S3",
		"rke2 etcd-snapshot save -t wrong":                             "401 Unauthorized",
		"rke2 token rotate -t wrong --new-token b":                     "401 Unauthorized",
		"rke2 server --flannel-backend=none":                           "flag provided but not defined: -flannel-backend",
		"rke2 server --cni=weave":                                      "Invalid value weave for --cni flag",
		"rke2 agent -t x":                                              "--server is required",
		"rke2 agent -s https://127.0.0.1:9345 ":                        "--token is required",
		"rke2 server --node-label=node-role.kubernetes.io/worker=true": "unknown 'kubernetes.io' or 'k8s.io' labels",
		"rke2 server":                                                  "listen tcp :9345: bind: address already in use",
		"rke2 server --profile cis":                                    "missing required: user: unknown user etcd",
	} {
		out := server.run(t, "export RKE2_CONFIG_FILE=/none; "+command+" 2>&1; echo rc=$?")
		if !strings.Contains(out, want) || !strings.Contains(out, "level=fatal") || !strings.HasSuffix(out, "rc=1") {
			t.Errorf("%s: %s", command, out)
		}
	}
}

func certificates(t *testing.T, server site) {
	const state = "sha256sum < /var/lib/rancher/rke2/server/tls/serving-kube-apiserver.crt; pgrep -of 'lab-controlplane run'"
	if got := server.run(t, "rke2 certificate check --output table"); !strings.Contains(got, "serving-kube-apiserver.crt") || !strings.Contains(got, "OK") {
		t.Errorf("check: %s", got)
	}
	before := strings.Fields(server.run(t, state))
	server.run(t, "systemctl stop rke2-server && rke2 certificate rotate")
	server.start(t, "server")
	after := strings.Fields(server.run(t, state))
	if before[0] == after[0] || before[2] == after[2] {
		t.Errorf("certificate or process are the same: %s", after)
	}
	server.waitReady(t, server.Name())
}

// newName changes a setting that the running control plane has to take.
func newName(t *testing.T, server site) {
	server.configure(t, "token: second-secret", "tls-san: [new.example.org]")
	server.run(t, "timeout 180 systemctl restart rke2-server")
	for _, port := range []string{"6443", "9345"} {
		const ask = "curl -s -o /dev/null -w %%{http_code} --cacert /var/lib/rancher/rke2/server/tls/server-ca.crt --resolve new.example.org:%[1]s:127.0.0.1 https://new.example.org:%[1]s/ping"
		if got := server.run(t, fmt.Sprintf(ask, port)); got == "000" {
			t.Errorf("port %s does not know its new name", port)
		}
	}
}

func tokenRotation(t *testing.T, server site) {
	server.run(t, "rke2 token rotate --token first-secret --new-token second-secret")
	if got := server.run(t, "cat /var/lib/rancher/rke2/server/token"); !strings.HasSuffix(got, "::server:second-secret") {
		t.Errorf("token: %s", got)
	}
	server.run(t, "systemctl restart --no-block rke2-server")
	eventually(t, time.Minute, func() string {
		if got := server.run(t, "journalctl -u rke2-server -n 20"); !strings.Contains(got, "bootstrap data already found and encrypted with different token") {
			return got
		}
		return ""
	})
	server.configure(t, "token: second-secret")
	server.start(t, "server")
	if got := server.run(t, "cat /var/lib/rancher/rke2/server/token"); !strings.HasSuffix(got, "::server:second-secret") {
		t.Errorf("token: %s", got)
	}
	if got := fmt.Sprint(server.nodes(t)); !strings.Contains(got, "Ready") {
		t.Errorf("nodes: %s", got)
	}
}
