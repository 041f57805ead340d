package kubelet

import (
	"runtime"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/settings"
)

// The node's pods are simulated and use nothing, so that it can promise more than the host has: whole stacks fit on a small host.
const (
	capacityCPU    = "16"
	capacityMemory = "64Gi"
)

// fullReport is how often the status is sent even when nothing changed.
const fullReport = 5 * time.Minute

// cniSettles is how long after the first registration the network plugin needs to come up.
const cniSettles = 2 * time.Second

// status returns the node's status. live is the node as the API server has it, nil before it is registered.
func (k *Kubelet) status(live kubeapi.Object) kubeapi.Object {
	ready, reason, message := k.ready(live)
	k.wasReady = ready == "True"
	addresses := []any{}
	for _, ip := range k.o.IPs {
		addresses = append(addresses, kubeapi.Object{"type": "InternalIP", "address": ip.String()})
	}
	for _, ip := range k.o.ExternalIPs {
		addresses = append(addresses, kubeapi.Object{"type": "ExternalIP", "address": ip})
	}
	addresses = append(addresses, kubeapi.Object{"type": "Hostname", "address": k.o.Name})
	resources := kubeapi.Object{"cpu": capacityCPU, "memory": capacityMemory, "pods": "110", "ephemeral-storage": "200Gi"}
	return kubeapi.Object{
		"capacity": resources, "allocatable": resources, "addresses": addresses,
		"daemonEndpoints": kubeapi.Object{"kubeletEndpoint": kubeapi.Object{"Port": 10250}},
		"nodeInfo": kubeapi.Object{
			"machineID": k.info.MachineID, "systemUUID": k.info.SystemUUID, "bootID": k.info.BootID,
			"kernelVersion": k.info.Kernel, "osImage": k.info.OSImage, "operatingSystem": "linux", "architecture": runtime.GOARCH,
			"containerRuntimeVersion": "containerd://" + k.runtime().containerd, "kubeletVersion": k.o.Version, "kubeProxyVersion": "",
		},
		"conditions": []any{
			k.condition(live, "MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
			k.condition(live, "DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
			k.condition(live, "PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
			k.condition(live, "Ready", ready, reason, message),
		},
	}
}

// runtimeVersions are versions of what a release runs beside Kubernetes.
type runtimeVersions struct{ containerd, etcd string }

// runtime returns them (rancher/rke2 Dockerfile and scripts/version.sh at v1.36.3+rke2r1 and v1.24.10+rke2r1).
func (k *Kubelet) runtime() runtimeVersions {
	if settings.AtLeast(k.o.Version, "v1.25.0") {
		return runtimeVersions{containerd: "2.2.1-k3s1", etcd: "v3.6.8-k3s1"}
	}
	return runtimeVersions{containerd: "1.6.15-k3s1", etcd: "v3.5.4-k3s1"}
}

// ready says whether the node can run pods: some seconds after its first registration, and only with a network plugin.
func (k *Kubelet) ready(live kubeapi.Object) (status, reason, message string) {
	if live != nil && k.readyFrom.IsZero() {
		k.readyFrom = time.Now()
		if created, err := time.Parse(timeFormat, kubeapi.Text(live, "metadata", "creationTimestamp")); err == nil {
			k.readyFrom = created.Add(cniSettles)
		}
	}
	if live == nil || time.Now().Before(k.readyFrom) || !k.o.CNIReady() {
		return "False", "KubeletNotReady", "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady " +
			"message:Network plugin returns error: cni plugin not initialized"
	}
	return "True", "KubeletReady", "kubelet is posting ready status"
}

func (k *Kubelet) condition(live kubeapi.Object, kind, status, reason, message string) kubeapi.Object {
	now := time.Now().UTC().Format(timeFormat)
	changed := now
	if old := findCondition(live, kind); old != nil && old["status"] == status {
		changed = kubeapi.Text(old, "lastTransitionTime")
	}
	return kubeapi.Object{
		"type": kind, "status": status, "reason": reason, "message": message, "lastHeartbeatTime": now, "lastTransitionTime": changed,
	}
}

func findCondition(node kubeapi.Object, kind string) kubeapi.Object {
	for _, item := range kubeapi.List(node, "status", "conditions") {
		if c, ok := item.(kubeapi.Object); ok && c["type"] == kind {
			return c
		}
	}
	return nil
}

// outdated reports whether the API server's view of the node needs a new status.
func (k *Kubelet) outdated(live kubeapi.Object) bool {
	want, _, _ := k.ready(live)
	condition := findCondition(live, "Ready")
	if condition == nil || condition["status"] != want {
		return true
	}
	if kubeapi.Text(live, "status", "nodeInfo", "kubeletVersion") != k.o.Version ||
		kubeapi.Text(live, "status", "nodeInfo", "bootID") != k.info.BootID {
		return true
	}
	last, err := time.Parse(timeFormat, kubeapi.Text(condition, "lastHeartbeatTime"))
	return err != nil || time.Since(last) > fullReport
}
