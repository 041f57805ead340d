package onhost_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/release"
)

// TestServers_ThreeKeepQuorum makes a cluster of three servers and an agent, loses a server, and takes another out for good.
func TestServers_ThreeKeepQuorum(t *testing.T) {
	t.Parallel()
	releases := releaseServer(t, release.Options{})
	first, second, third, worker := newSite(t, releases), newSite(t, releases), newSite(t, releases), newSite(t, releases)
	all := []site{first, second, third}
	t.Cleanup(func() {
		if t.Failed() {
			for _, s := range all {
				t.Log(s.Name(), "\n", s.journal(t.Context()))
			}
		}
	})
	first.install(t, "INSTALL_RKE2_CHANNEL=latest")
	first.start(t, "server")
	address := "server: https://" + first.Address().String() + ":9345"
	token := "token: " + first.run(t, "cat /var/lib/rancher/rke2/server/token")

	second.install(t, "INSTALL_RKE2_CHANNEL=latest")
	second.configure(t, address, "token: wrong")
	second.startFails(t, "/v1-rke2/server-bootstrap: 401 Unauthorized")
	second.configure(t, address, token, "service-cidr: 10.99.0.0/16")
	second.logged(t, "server", "critical configuration value mismatch between servers")
	second.run(t, "systemctl stop rke2-server")

	for _, s := range all[1:] {
		begin := time.Now()
		if s.Name() == third.Name() {
			s.install(t, "INSTALL_RKE2_CHANNEL=latest")
		}
		s.configure(t, address, token)
		s.start(t, "server")
		first.waitReady(t, s.Name())
		t.Logf("%s joined after %s", s.Name(), time.Since(begin).Round(10*time.Millisecond))
	}
	worker.install(t, "INSTALL_RKE2_CHANNEL=latest")
	worker.configure(t, address, token)
	worker.start(t, "agent")
	first.waitReady(t, worker.Name())
	members(t, first, all...)
	if a, b := kubeSystem(t, first), kubeSystem(t, third); a != b {
		t.Errorf("two clusters: %s and %s", a, b)
	}
	losesTheFirst(t, first, second, third, worker)
	leavesForGood(t, first, second, third)
}

// members waits until etcd has the given servers and no others.
func members(t *testing.T, from site, want ...site) {
	t.Helper()
	eventually(t, time.Minute, func() string {
		got := from.run(t, `cd /var/lib/rancher/rke2/server/tls/etcd && curl -s --cacert server-ca.crt --cert client.crt --key client.key -X POST -d '{}' https://127.0.0.1:2379/v3/cluster/member/list`)
		for _, s := range want {
			if !strings.Contains(got, "https://"+s.Address().String()+":2380") {
				return got
			}
		}
		if strings.Count(got, `"name":`) != len(want) || strings.Contains(got, "isLearner") {
			return got
		}
		return ""
	})
}

// losesTheFirst cuts the power of the server that the others joined through.
func losesTheFirst(t *testing.T, first, second, third, worker site) {
	if err := first.PowerCut(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, 2*time.Minute, func() string {
		states := second.nodes(t)
		if states[first.Name()] == "Ready" || states[worker.Name()] != "Ready" || states[third.Name()] != "Ready" {
			return fmt.Sprint(states)
		}
		return ""
	})
	worker.run(t, "systemctl restart rke2-agent")
	second.waitReady(t, second.Name(), third.Name(), worker.Name())
	if err := first.PowerOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	second.waitReady(t, first.Name(), second.Name(), third.Name(), worker.Name())
}

// leavesForGood removes a server's node: its member leaves etcd, and the host can join again after it was uninstalled.
func leavesForGood(t *testing.T, first, second, third site) {
	third.run(t, "/usr/local/bin/rke2-killall.sh")
	first.delete(t, "/api/v1/nodes/"+third.Name())
	members(t, first, first, second)
	third.run(t, "/usr/local/bin/rke2-uninstall.sh")
	third.install(t, "INSTALL_RKE2_CHANNEL=latest")
	third.configure(t, "server: https://"+second.Address().String()+":9345", "token: "+second.run(t, "cat /var/lib/rancher/rke2/server/token"))
	third.start(t, "server")
	first.waitReady(t, third.Name())
	members(t, first, first, second, third)
}
