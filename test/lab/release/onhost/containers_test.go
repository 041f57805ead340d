package onhost_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	lab "github.com/dxlab/terraform-provider-lab/test/lab"
)

// TestContainers takes a server with real containers through the life of pods that run, and of one beside them that is simulated. The steps
// build on each other.
func TestContainers(t *testing.T) {
	t.Parallel()
	l := lab.New(t, lab.Options{Hosts: 2, Containers: true})
	releases := l.EnvInside()["LAB_RELEASE_URL"]
	server, worker := site{Host: l.Hosts()[0], releases: releases}, site{Host: l.Hosts()[1], releases: releases}
	for _, step := range []struct {
		name string
		run  func(t *testing.T, server site)
	}{
		{"node is a real one", containersNode},
		{"pods run and find each other", podsRun},
		{"a simulated pod is ready beside them", simulatedBeside},
		{"logs, commands and ports by the API server", podsReached},
		{"pods of another node keep their addresses", func(t *testing.T, server site) { podsElsewhere(t, server, worker) }},
		{"pods outlive the service", podsOutlive},
		{"a kubelet that dies comes back", kubeletComesBack},
		{"a deleted pod is gone", podDeleted},
		{"pods come back after a reboot", podsComeBack},
		{"killall stops containers", containersStop},
		{"uninstall leaves no container", containersUninstalled},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(t, server) }) {
			t.Fatal(server.journal(t.Context()), "\n", server.containerLogs(t.Context()))
		}
	}
}

const (
	webPod    = "/api/v1/namespaces/default/pods/web"
	storePods = "/api/v1/namespaces/default/pods/productpage"
)

func containersNode(t *testing.T, server site) {
	server.install(t, "INSTALL_RKE2_CHANNEL=stable")
	server.configure(t, "node-label: [tier=control]", "node-external-ip: 192.0.2.1")
	begin := time.Now()
	server.start(t, "server")
	t.Logf("started after %s", time.Since(begin).Round(10*time.Millisecond))
	server.waitReady(t, server.Name())
	t.Logf("ready after %s", time.Since(begin).Round(10*time.Millisecond))
	checkNode(t, server)
	eventually(t, time.Minute, func() string {
		node := server.api(t, "/api/v1/nodes/"+server.Name())
		metadata, status := fmt.Sprint(node["metadata"]), fmt.Sprint(node["status"])
		for _, want := range []string{"rke2.io/node-args", "rke2.io/internal-ip:" + server.Address().String()} {
			if !strings.Contains(metadata, want) {
				return metadata
			}
		}
		for _, want := range []string{"containerRuntimeVersion:containerd://1.", "map[address:192.0.2.1 type:ExternalIP]", "map[address:" + server.Address().String() + " type:InternalIP]"} {
			if !strings.Contains(status, want) {
				return want + " is not in " + status
			}
		}
		return ""
	})
	componentsReady(t, server, site{})
}

// apply sends a manifest to the API server by RKE2's folder of manifests.
func (s site) apply(t *testing.T, name, manifest string) {
	t.Helper()
	s.run(t, "cat > /var/lib/rancher/rke2/server/manifests/"+name+".yaml <<'E'\n"+manifest+"\nE")
}

// phase returns "" when a pod is Running and Ready, else what it is.
func (s site) phase(t *testing.T, path string) string {
	t.Helper()
	status, _ := s.api(t, path)["status"].(map[string]any)
	conditions, _ := status["conditions"].([]any)
	for _, item := range conditions {
		if c, _ := item.(map[string]any); c["type"] == "Ready" && c["status"] == "True" && status["phase"] == "Running" {
			return ""
		}
	}
	text, err := json.Marshal(status)
	if err != nil {
		t.Fatal(err)
	}
	return path + ": " + string(text)
}

func (s site) waitPods(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		eventually(t, time.Minute, func() string { return s.phase(t, path) })
	}
}

const podsManifest = `apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers:
  - name: nginx
    image: docker.io/library/nginx:1.27
    resources: {limits: {memory: 64Mi}, requests: {cpu: 10m, memory: 16Mi}}
    readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1}
  terminationGracePeriodSeconds: 1
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 8000, targetPort: 80, nodePort: 30080}], type: NodePort}
---
apiVersion: v1
kind: Service
metadata: {name: balanced}
spec: {selector: {app: web}, ports: [{port: 80}], type: LoadBalancer, loadBalancerClass: lab.test/by-hand}
---
apiVersion: v1
kind: Pod
metadata: {name: details, labels: {app: details}}
spec: {containers: [{name: details, image: "docker.io/istio/examples-bookinfo-details-v1:1.20.3"}], terminationGracePeriodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: details}
spec: {selector: {app: details}, ports: [{port: 9080, name: http}]}
---
apiVersion: v1
kind: Pod
metadata: {name: productpage, labels: {app: productpage}}
spec:
  containers:
  - {name: productpage, image: "registry.example.com:5000/istio/examples-bookinfo-productpage-v1:1.20.3", volumeMounts: [{name: tmp, mountPath: /tmp}]}
  volumes: [{name: tmp, emptyDir: {}}]
  terminationGracePeriodSeconds: 1
---
apiVersion: v1
kind: Service
metadata: {name: productpage}
spec: {selector: {app: productpage}, ports: [{port: 9080, name: http}]}`

func podsRun(t *testing.T, server site) {
	begin := time.Now()
	server.apply(t, "pods", podsManifest)
	server.waitPods(t, webPod, storePods, "/api/v1/namespaces/default/pods/details")
	t.Logf("three pods are ready after %s", time.Since(begin).Round(10*time.Millisecond))
	status := fmt.Sprint(server.api(t, webPod)["status"])
	if !realAddress(podAddress(t, server, "web")) || !strings.Contains(status, "containerID:containerd://") {
		t.Errorf("status of a pod that runs: %s", status)
	}
	servicesAnswer(t, server)
	balancerAnswers(t, server)
}

// balancerAnswers gives a Service the address of a load balancer and asks there from outside of the host.
func balancerAnswers(t *testing.T, server site) {
	t.Helper()
	const address = "10.88.210.1"
	client := server.apiClient(t)
	client.patch(t, "/api/v1/namespaces/default/services/balanced/status", `{"status":{"loadBalancer":{"ingress":[{"ip":"`+address+`"}]}}}`)
	outside := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 2 * time.Second}
	eventually(t, time.Minute, func() string {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := outside.Do(request)
		if err != nil {
			return err.Error()
		}
		defer func() { _ = answer.Body.Close() }()
		if answer.StatusCode != http.StatusOK {
			return answer.Status
		}
		return ""
	})
}

// servicesAnswer asks a pod by its Service, from the host and through another pod, which finds it by name.
func servicesAnswer(t *testing.T, server site) {
	t.Helper()
	eventually(t, time.Minute, func() string {
		spec, _ := server.api(t, "/api/v1/namespaces/default/services/web")["spec"].(map[string]any)
		page := server.run(t, fmt.Sprintf("curl -sm 2 http://%v:8000/ || true; curl -sm 2 http://%s:30080/ || true", spec["clusterIP"], server.Address()))
		if strings.Count(page, "Welcome to nginx!</h1>") != 2 {
			return "nginx by its Service: " + page
		}
		return ""
	})
	eventually(t, time.Minute, func() string {
		// the details come from another pod, which the page asks at http://details:9080
		answer := fmt.Sprint(server.api(t, "/api/v1/namespaces/default/services/productpage:9080/proxy/api/v1/products/0"))
		if !strings.Contains(answer, "publisher") {
			return "productpage by the API server's proxy: " + answer
		}
		return ""
	})
}

const simulatedManifest = `apiVersion: v1
kind: Pod
metadata: {name: simulated, labels: {app: simulated}}
spec: {containers: [{name: c, image: "quay.io/metallb/controller:v0.15.3"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: troubled, annotations: {lab.test/behaviour: crash}}
spec: {containers: [{name: c, image: "nginx"}]}`

func simulatedBeside(t *testing.T, server site) {
	server.apply(t, "simulated", simulatedManifest)
	server.waitPods(t, "/api/v1/namespaces/default/pods/simulated")
	if address := podAddress(t, server, "simulated"); realAddress(address) {
		t.Errorf("address of a simulated pod: %s", address)
	}
	// an image that would run, in a pod that asks for trouble
	eventually(t, time.Minute, func() string {
		if status := fmt.Sprint(server.api(t, "/api/v1/namespaces/default/pods/troubled")["status"]); !strings.Contains(status, "CrashLoopBackOff") {
			return status
		}
		return ""
	})
	if got := server.run(t, "ctr --address /run/k3s/containerd/containerd.sock --namespace k8s.io container ls"); strings.Contains(got, "metallb") || strings.Count(got, "nginx:") != 1 {
		t.Errorf("containers: %s", got)
	}
	// what goes to a simulated pod is refused at once
	address := podAddress(t, server, "simulated")
	begin := time.Now()
	if got := server.run(t, "curl -sS -m 10 http://"+address+":80/ 2>&1 || true"); time.Since(begin) > 5*time.Second {
		t.Errorf("a simulated pod: %s after %s", got, time.Since(begin))
	}
}

const elsewhereManifest = `apiVersion: v1
kind: Pod
metadata: {name: elsewhere}
spec: {nodeName: %s, containers: [{name: pause, image: "registry.k8s.io/pause:3.10"}], terminationGracePeriodSeconds: 1}`

// podsElsewhere asks nginx from a pod of another node, and nginx who asked.
func podsElsewhere(t *testing.T, server, worker site) {
	worker.install(t, "INSTALL_RKE2_CHANNEL=stable INSTALL_RKE2_TYPE=agent")
	token := server.run(t, "cat /var/lib/rancher/rke2/server/node-token")
	worker.configure(t, "server: https://"+server.Address().String()+":9345", "token: "+token, "node-taint: [dedicated=true:PreferNoSchedule]")
	begin := time.Now()
	worker.start(t, "agent")
	server.waitReady(t, worker.Name())
	t.Logf("agent is ready after %s", time.Since(begin).Round(10*time.Millisecond))
	server.apply(t, "elsewhere", fmt.Sprintf(elsewhereManifest, worker.Name()))
	server.waitPods(t, "/api/v1/namespaces/default/pods/elsewhere")
	own, web := podAddress(t, server, "elsewhere"), podAddress(t, server, "web")
	ask := fmt.Sprintf("ip netns exec $(ip -o netns list | cut -d ' ' -f 1 | head -n 1) curl -sm 2 http://%s/from-%s || true", web, own)
	eventually(t, time.Minute, func() string {
		if answer := worker.run(t, ask); !strings.Contains(answer, "404 Not Found") {
			return "nginx from " + own + ": " + answer
		}
		return ""
	})
	if log := server.apiClient(t).get(t, webPod+"/log"); !strings.Contains(log, own+` - - `) {
		t.Errorf("nginx saw another address than %s: %s", own, log)
	}
	if taints := fmt.Sprint(server.api(t, "/api/v1/nodes/"+worker.Name())["spec"]); !strings.Contains(taints, "dedicated") || strings.Contains(taints, "uninitialized") {
		t.Errorf("taints: %s", taints)
	}
}

// realAddress tells whether an address is one of pods that run: of 10.42.200.0 to 10.42.254.255, where in it depends on the node.
func realAddress(text string) bool {
	address, err := netip.ParseAddr(text)
	return err == nil && strings.HasPrefix(text, "10.42.") && address.As4()[2] >= 200
}

func podAddress(t *testing.T, server site, pod string) string {
	t.Helper()
	status, _ := server.api(t, "/api/v1/namespaces/default/pods/"+pod)["status"].(map[string]any)
	address, _ := status["podIP"].(string)
	if address == "" {
		t.Fatalf("pod %s has no address: %v", pod, status)
	}
	return address
}

func podsOutlive(t *testing.T, server site) {
	container := func() string {
		t.Helper()
		pod, err := json.Marshal(server.api(t, webPod)["status"])
		if err != nil {
			t.Fatal(err)
		}
		_, id, _ := strings.Cut(string(pod), "containerd://")
		return id[:min(len(id), 12)]
	}
	before := container()
	server.run(t, "systemctl stop rke2-server")
	eventually(t, time.Minute, func() string {
		return server.run(t, "pgrep -x 'containerd|kubelet' || true")
	})
	if page := server.run(t, "curl -sm 2 http://"+podAddress(t, server, "web")+"/"); !strings.Contains(page, "Welcome to nginx!") {
		t.Errorf("a pod while the service is stopped: %s", page)
	}
	server.start(t, "server")
	server.waitReady(t, server.Name())
	server.waitPods(t, webPod)
	if after := container(); after != before {
		t.Errorf("container %s became %s", before, after)
	}
}

func kubeletComesBack(t *testing.T, server site) {
	// a node counts as ready for a while before its kubelet is back
	before := ""
	eventually(t, time.Minute, func() string {
		if before = server.run(t, "pgrep -x kubelet || true"); before == "" {
			return "no kubelet runs"
		}
		return ""
	})
	server.run(t, "kill -9 "+before+" $(pgrep -x containerd) $(pgrep -x coredns)")
	eventually(t, time.Minute, func() string {
		after := server.run(t, "pgrep -x kubelet || true; pgrep -x containerd || true; pgrep -x coredns || true")
		if strings.Count(after, "\n") != 2 || strings.HasPrefix(after, before) {
			return "kubelet, containerd and coredns: " + after
		}
		return ""
	})
	server.waitReady(t, server.Name())
	servicesAnswer(t, server)
}

func podDeleted(t *testing.T, server site) {
	server.run(t, "sed -i '1,/^---/d' /var/lib/rancher/rke2/server/manifests/pods.yaml")
	begin := time.Now()
	eventually(t, time.Minute, func() string {
		if answer := server.api(t, webPod); answer["code"] != float64(http.StatusNotFound) {
			return fmt.Sprint(answer["metadata"])
		}
		return ""
	})
	t.Logf("gone after %s", time.Since(begin).Round(100*time.Millisecond))
	eventually(t, time.Minute, func() string { return server.run(t, "pgrep -af '[s]tandins nginx' || true") })
}

func podsComeBack(t *testing.T, server site) {
	server.apply(t, "pods", podsManifest)
	server.waitPods(t, webPod)
	begin := time.Now()
	if err := server.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("rebooted in %s", time.Since(begin).Round(10*time.Millisecond))
	eventually(t, time.Minute, func() string {
		return strings.TrimPrefix(server.run(t, "systemctl is-active rke2-server || true"), "active")
	})
	server.waitReady(t, server.Name())
	servicesAnswer(t, server)
	t.Logf("services answer %s after the reboot began", time.Since(begin).Round(10*time.Millisecond))
	server.waitPods(t, webPod, storePods)
}

// leftovers lists what containers leave behind on a host.
const leftovers = `pgrep -a 'containerd|kubelet|kube-proxy|coredns|standins' || true
grep -E ' /(run/k3s|var/lib/kubelet|run/netns)' /proc/mounts || true
nft list tables | grep -E 'kube-proxy|lab-pods' || true
iptables-save | grep -E 'KUBE|CNI' || true
ip -o address show dev lo | grep 10.88 || true
ip -o link | grep veth | grep -v eth0 || true
ip route show table all | grep -E 'proto 42|10\.42\.' || true
ls -d /sys/fs/cgroup/*/kubepods 2>/dev/null || true`

func containersStop(t *testing.T, server site) {
	server.run(t, "/usr/local/bin/rke2-killall.sh")
	eventually(t, time.Minute, func() string { return server.run(t, leftovers) })
	server.start(t, "server")
	server.waitReady(t, server.Name())
	servicesAnswer(t, server)
}

func containersUninstalled(t *testing.T, server site) {
	server.run(t, "/usr/local/bin/rke2-uninstall.sh")
	eventually(t, time.Minute, func() string {
		return server.run(t, leftovers+`
ls -d /etc/rancher /var/lib/rancher /var/lib/kubelet /etc/cni /var/lib/cni /var/log/pods /var/log/containers /run/k3s/containerd /opt/containerd 2>/dev/null || true
ls -A /var/lib/lab-containerd`)
	})
}
