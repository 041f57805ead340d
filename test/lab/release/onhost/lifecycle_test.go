package onhost_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/release"
)

// TestLifecycle takes one server and one agent from nothing through reboot and upgrade to removal. The steps build on each other.
func TestLifecycle(t *testing.T) {
	t.Parallel()
	releases := releaseServer(t, release.Options{})
	server, worker := newSite(t, releases), newSite(t, releases)
	for _, step := range []struct {
		name string
		run  func(t *testing.T, server, worker site)
	}{
		{"server starts", serverStarts},
		{"packaged components are ready", componentsReady},
		{"agent joins", agentJoins},
		{"manifests are applied", manifestsApplied},
		{"node without power is noticed", powerCutNoticed},
		{"control plane outlives the service", controlPlaneOutlives},
		{"server reboots", serverReboots},
		{"server is upgraded", serverUpgraded},
		{"killall stops everything", killallStops},
		{"uninstall leaves nothing", uninstallLeavesNothing},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(t, server, worker) }) {
			t.Fatal(server.journal(t.Context()), "\n", worker.journal(t.Context()))
		}
	}
}

func serverStarts(t *testing.T, server, _ site) {
	server.install(t, "INSTALL_RKE2_CHANNEL=stable")
	if got := server.run(t, "systemctl is-enabled rke2-server || true"); got != "disabled" {
		t.Errorf("after the installation the unit is %s", got)
	}
	server.configure(t, "write-kubeconfig-mode: \"0640\"", "tls-san: [cluster.example.org]", "node-label: [tier=control]")
	begin := time.Now()
	server.start(t, "server")
	t.Logf("started after %s", time.Since(begin).Round(10*time.Millisecond))
	server.waitReady(t, server.Name())
	t.Logf("ready after %s", time.Since(begin).Round(10*time.Millisecond))

	if got := server.run(t, "stat -c %a /etc/rancher/rke2/rke2.yaml; grep server: /etc/rancher/rke2/rke2.yaml"); got != "640\n    server: https://127.0.0.1:6443" {
		t.Errorf("kubeconfig: %s", got)
	}
	ca := server.run(t, "sha256sum /var/lib/rancher/rke2/server/tls/server-ca.crt | cut -c1-64")
	if got := server.run(t, "cat /var/lib/rancher/rke2/server/node-token"); !strings.HasPrefix(got, "K10"+ca+"::server:") {
		t.Errorf("token: %s", got)
	}
	if got := server.run(t, "curl -sk https://127.0.0.1:9345/ping; curl -sk https://127.0.0.1:9345/cacerts | sha256sum | cut -c1-64"); got != "pong"+ca {
		t.Errorf("supervisor: %s", got)
	}
	if got := server.run(t, "curl -sk -o /dev/null -w %{http_code} https://127.0.0.1:9345/v1-rke2/readyz"); got != "401" {
		t.Errorf("readyz without a token: %s", got)
	}
	const ask = "cd /var/lib/rancher/rke2/server/tls && curl -s --cacert server-ca.crt --resolve cluster.example.org:%[1]s:127.0.0.1 https://cluster.example.org:%[1]s/cacerts -o /dev/null -w %%{http_code}"
	if got := server.run(t, fmt.Sprintf(ask, "9345")); got != "200" {
		t.Errorf("supervisor under a tls-san: %s", got)
	}
	checkNode(t, server)
}

func checkNode(t *testing.T, server site) {
	t.Helper()
	eventually(t, time.Minute, func() string {
		node := server.api(t, "/api/v1/nodes/"+server.Name())
		metadata, _ := node["metadata"].(map[string]any)
		labels, _ := metadata["labels"].(map[string]any)
		for key, want := range map[string]string{
			"tier": "control", "node-role.kubernetes.io/control-plane": "true", "node-role.kubernetes.io/etcd": "true",
			"node.kubernetes.io/instance-type": "rke2",
		} {
			if labels[key] != want {
				return fmt.Sprintf("labels: %v", labels)
			}
		}
		spec, _ := node["spec"].(map[string]any)
		if spec["taints"] != nil {
			return fmt.Sprintf("taints: %v", spec["taints"])
		}
		if got := fmt.Sprint(node["status"]); !strings.Contains(got, "kubeletVersion:"+stable) || !strings.Contains(got, server.Address().String()) {
			return got
		}
		return ""
	})
}

func componentsReady(t *testing.T, server, _ site) {
	eventually(t, time.Minute, func() string {
		var unready []string
		for path, fields := range map[string][2]string{
			"/apis/apps/v1/namespaces/kube-system/deployments/rke2-coredns-rke2-coredns":    {"replicas", "readyReplicas"},
			"/apis/apps/v1/namespaces/kube-system/deployments/rke2-metrics-server":          {"replicas", "readyReplicas"},
			"/apis/apps/v1/namespaces/kube-system/daemonsets/rke2-ingress-nginx-controller": {"desiredNumberScheduled", "numberReady"},
			"/apis/apps/v1/namespaces/kube-system/daemonsets/rke2-canal":                    {"desiredNumberScheduled", "numberReady"},
		} {
			status, _ := server.api(t, path)["status"].(map[string]any)
			if want := status[fields[0]]; want == nil || want == 0.0 || want != status[fields[1]] {
				unready = append(unready, fmt.Sprint(filepath.Base(path), " ", status))
			}
		}
		for _, item := range list(server.api(t, "/apis/batch/v1/namespaces/kube-system/jobs")) {
			if status, _ := item["status"].(map[string]any); status["succeeded"] != 1.0 {
				unready = append(unready, fmt.Sprint(item["metadata"], status))
			}
		}
		for _, item := range list(server.api(t, "/api/v1/namespaces/kube-system/pods")) {
			status, _ := item["status"].(map[string]any)
			if phase := status["phase"]; phase != "Running" && phase != "Succeeded" {
				unready = append(unready, fmt.Sprint(item["metadata"], phase))
			}
		}
		return strings.Join(unready, "\n")
	})
	if phase := fmt.Sprint(server.api(t, "/api/v1/namespaces/kube-system/pods/kube-apiserver-"+server.Name())["status"]); !strings.Contains(phase, "phase:Running") {
		t.Errorf("static pod: %s", phase)
	}
	if got := list(server.api(t, "/apis/networking.k8s.io/v1/ingressclasses")); len(got) != 1 || !strings.Contains(fmt.Sprint(got), "k8s.io/ingress-nginx") {
		t.Errorf("ingress classes: %v", got)
	}
}

func list(answer map[string]any) []map[string]any {
	var out []map[string]any
	items, _ := answer["items"].([]any)
	for _, item := range items {
		object, _ := item.(map[string]any)
		out = append(out, object)
	}
	return out
}

func agentJoins(t *testing.T, server, worker site) {
	token := server.run(t, "cat /var/lib/rancher/rke2/server/node-token")
	worker.install(t, "INSTALL_RKE2_CHANNEL=stable INSTALL_RKE2_TYPE=agent")
	worker.configure(t, "server: https://"+server.Address().String()+":9345", "token: "+token, "node-taint: [dedicated=web:NoSchedule]")
	begin := time.Now()
	worker.start(t, "agent")
	server.waitReady(t, worker.Name())
	t.Logf("ready after %s", time.Since(begin).Round(10*time.Millisecond))
	node := server.api(t, "/api/v1/nodes/"+worker.Name())
	if got := fmt.Sprint(node["spec"]); !strings.Contains(got, "dedicated") {
		t.Errorf("taint is missing: %s", got)
	}
	password := worker.run(t, "cat /etc/rancher/node/password")
	if annotations := fmt.Sprint(node["metadata"]); strings.Contains(annotations, token) || strings.Contains(annotations, password) {
		t.Errorf("a secret is in the node's metadata: %s", annotations)
	}
	if got := worker.run(t, "systemctl start rke2-server; systemctl is-active rke2-server || true"); got != "inactive" {
		t.Errorf("the other role on the same host is %s", got)
	}
}

func manifestsApplied(t *testing.T, server, _ site) {
	const file = "/var/lib/rancher/rke2/server/manifests/extra.yaml"
	write := func(names ...string) {
		var docs []string
		for _, n := range names {
			docs = append(docs, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "+n+", namespace: kube-system}\n")
		}
		server.run(t, "cat > "+file+" <<'E'\n"+strings.Join(docs, "---\n")+"E")
	}
	present := func(name string) bool {
		return server.api(t, "/api/v1/namespaces/kube-system/configmaps/"+name)["kind"] == "ConfigMap"
	}
	write("one", "two")
	eventually(t, time.Minute, func() string {
		if present("one") && present("two") {
			return ""
		}
		return "not applied"
	})
	write("one")
	eventually(t, time.Minute, func() string {
		if present("two") {
			return "still there"
		}
		return ""
	})
}

func powerCutNoticed(t *testing.T, server, worker site) {
	if err := worker.PowerCut(t.Context()); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	eventually(t, 90*time.Second, func() string {
		if state := server.nodes(t)[worker.Name()]; state == "Ready" {
			return "still ready"
		}
		return ""
	})
	t.Logf("not ready after %s", time.Since(begin).Round(100*time.Millisecond))
	if err := worker.PowerOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.waitReady(t, worker.Name())
}

func controlPlaneOutlives(t *testing.T, server, _ site) {
	before := server.run(t, "pgrep -of 'lab-controlplane run'")
	server.run(t, "systemctl stop rke2-server")
	server.waitReady(t, server.Name())
	if got := server.run(t, "curl -sk https://127.0.0.1:9345/ping || echo closed"); got != "closed" {
		t.Errorf("supervisor of a stopped service: %s", got)
	}
	begin := time.Now()
	server.start(t, "server")
	t.Logf("started again after %s", time.Since(begin).Round(10*time.Millisecond))
	if after := server.run(t, "pgrep -of 'lab-controlplane run'"); after != before {
		t.Errorf("control plane was started again: %s, %s", before, after)
	}
}

func serverReboots(t *testing.T, server, worker site) {
	uid := kubeSystem(t, server)
	begin := time.Now()
	if err := server.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, func() string {
		return strings.TrimPrefix(server.run(t, "systemctl is-active rke2-server || true"), "active")
	})
	t.Logf("active again after %s", time.Since(begin).Round(10*time.Millisecond))
	server.waitReady(t, server.Name(), worker.Name())
	if got := kubeSystem(t, server); got != uid {
		t.Errorf("cluster %s became %s", uid, got)
	}
}

// kubeSystem returns the UID by which a cluster is known.
func kubeSystem(t *testing.T, server site) string {
	t.Helper()
	metadata, _ := server.api(t, "/api/v1/namespaces/kube-system")["metadata"].(map[string]any)
	return fmt.Sprint(metadata["uid"])
}

func serverUpgraded(t *testing.T, server, _ site) {
	uid := kubeSystem(t, server)
	server.install(t, "INSTALL_RKE2_VERSION="+latest)
	if got := server.run(t, "rke2 --version | head -n 1"); !strings.HasPrefix(got, "rke2 version "+latest+" (") {
		t.Errorf("version: %s", got)
	}
	server.run(t, "timeout 180 systemctl restart rke2-server")
	eventually(t, time.Minute, func() string {
		if got := fmt.Sprint(server.api(t, "/api/v1/nodes/"+server.Name())["status"]); !strings.Contains(got, "kubeletVersion:"+latest) {
			return got
		}
		return ""
	})
	if got := kubeSystem(t, server); got != uid {
		t.Errorf("cluster %s became %s", uid, got)
	}
	if got := list(server.api(t, "/apis/networking.k8s.io/v1/ingressclasses")); !strings.Contains(fmt.Sprint(got), "k8s.io/ingress-nginx") {
		t.Errorf("an upgraded cluster keeps its ingress controller, but has %v", got)
	}
}

func killallStops(t *testing.T, server, _ site) {
	server.run(t, "/usr/local/bin/rke2-killall.sh")
	// a killed process may take a moment to give its memory back
	eventually(t, time.Minute, func() string {
		got := server.run(t, "pgrep -c lab-control || true; systemctl is-enabled rke2-server; curl -sk https://127.0.0.1:6443/ || echo closed")
		return strings.TrimPrefix(got, "0\nenabled\nclosed")
	})
	server.start(t, "server")
	server.waitReady(t, server.Name())
}

func uninstallLeavesNothing(t *testing.T, server, worker site) {
	for _, s := range []site{server, worker} {
		s.run(t, "touch /etc/default/rke2-server; /usr/local/bin/rke2-uninstall.sh")
		left := s.run(t, `ls -d /etc/rancher /var/lib/rancher /var/lib/kubelet /etc/cni /usr/local/bin/rke2* /usr/local/share/rke2 \
/usr/local/lib/systemd/system/rke2* /run/k3s 2>/dev/null || true; pgrep -a lab-control || true; pgrep -ax rke2 || true; ls /etc/default/rke2-server`)
		if left != "/run/k3s\n/etc/default/rke2-server" {
			t.Errorf("%s: left over: %s", s.Name(), left)
		}
	}
}

// TestUpstreamInstallScript lets the real installer install the stand-in release, online and from a folder.
func TestUpstreamInstallScript(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("RKE2_UPSTREAM_DIR")
	if dir == "" {
		t.Skip("RKE2_UPSTREAM_DIR does not name a checkout of rancher/rke2")
	}
	script, err := os.ReadFile(filepath.Join(dir, "install.sh"))
	if err != nil {
		t.Fatal(err)
	}
	releases := releaseServer(t, release.Options{})
	for name, test := range map[string]struct{ env, want string }{
		"channel": {"INSTALL_RKE2_CHANNEL=stable", stable},
		"version": {"INSTALL_RKE2_VERSION=" + latest, latest},
		"prefix":  {"INSTALL_RKE2_TAR_PREFIX=/opt/rke2", stable},
		"folder":  {"INSTALL_RKE2_ARTIFACT_PATH=/root/artifacts", latest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, releases)
			if name == "folder" {
				s.run(t, fmt.Sprintf(`mkdir /root/artifacts && cd /root/artifacts && for f in %s %s rke2-images.linux-amd64.tar.zst; do
curl -sfO %s/releases/download/v1.36.3%%2Brke2r1/$f; done`, release.Bundle(), release.Sums(), releases))
			}
			s.run(t, "cat > /root/install.sh <<'UPSTREAM'\n"+string(script)+"\nUPSTREAM")
			s.run(t, fmt.Sprintf("INSTALL_RKE2_CHANNEL_URL=%[1]s/channels INSTALL_RKE2_ARTIFACT_URL=%[1]s/releases/download %[2]s sh /root/install.sh", releases, test.env))
			s.start(t, "server")
			s.waitReady(t, s.Name())
			prefix := "/usr/local"
			if name == "prefix" {
				prefix = "/opt/rke2"
			}
			if got := s.run(t, prefix+"/bin/rke2 --version | head -n 1"); !strings.Contains(got, test.want) {
				t.Errorf("installed %s", got)
			}
			s.run(t, prefix+"/bin/rke2-uninstall.sh")
			if got := s.run(t, "ls "+prefix+"/bin; ls /etc/systemd/system/rke2* 2>/dev/null || true"); got != "" {
				t.Errorf("left over: %s", got)
			}
		})
	}
}
