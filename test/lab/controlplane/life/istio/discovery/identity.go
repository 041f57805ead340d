package discovery

import (
	"cmp"
	"encoding/json"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

const (
	proxyContainer   = "istio-proxy"
	statusAnnotation = "sidecar.istio.io/status"
)

// workload is what a pod belongs to. What only injection knows (app, version) is told of pods with a proxy alone, because Istio's proxies
// learn it from each other.
func workload(pod *corev1.Pod) Workload {
	if pod == nil {
		return Workload{}
	}
	name := WorkloadName(pod)
	labels := pod.Labels
	w := Workload{
		Name: name, Namespace: pod.Namespace, ClusterName: clusterName,
		CanonicalName:     cmp.Or(labels["service.istio.io/canonical-name"], labels["app.kubernetes.io/name"], labels["app"], name),
		CanonicalRevision: cmp.Or(labels["service.istio.io/canonical-revision"], labels["app.kubernetes.io/version"], labels["version"], "latest"),
	}
	if proxyOf(pod) != nil {
		w.App, w.Version = labels["app"], labels["version"]
	}
	return w
}

// WorkloadName is that of a pod's controller (istio:pkg/kube/util.go@1.30.3, GetWorkloadMetaFromPod).
func WorkloadName(pod *corev1.Pod) string {
	if name := pod.Labels["service.istio.io/workload-name"]; name != "" {
		return name
	}
	owner := controller(pod)
	if owner == nil || pod.GenerateName == "" {
		return pod.Name
	}
	if hash := pod.Labels["pod-template-hash"]; owner.Kind == "ReplicaSet" && hash != "" {
		return strings.TrimSuffix(owner.Name, "-"+hash)
	}
	return owner.Name
}

// self is what a proxy says of itself.
func self(pod *corev1.Pod) Workload {
	w := workload(pod)
	w.MeshID = meshID
	w.NodeID = string(roleOf(pod)) + "~" + pod.Status.PodIP + "~" + pod.Name + "." + pod.Namespace + "~" + pod.Namespace + ".svc." + clusterDomain
	// istio:pkg/bootstrap/config.go@1.30.3, serviceClusterOrDefault
	app := cmp.Or(pod.Labels["app"], pod.Labels["app.kubernetes.io/name"], pod.Labels["service.istio.io/canonical-name"], w.Name)
	w.ServiceName = app + "." + pod.Namespace
	return w
}

// role is which kind of proxy a pod has.
type role string

const (
	sidecar role = "sidecar"
	router  role = "router"
)

// proxyOf returns the container of a pod's proxy; nil when it has none.
func proxyOf(pod *corev1.Pod) *corev1.Container {
	for _, list := range [][]corev1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range list {
			if list[i].Name == proxyContainer {
				return &list[i]
			}
		}
	}
	return nil
}

func roleOf(pod *corev1.Pod) role {
	if proxy := proxyOf(pod); proxy != nil && len(proxy.Args) > 1 && proxy.Args[1] == string(router) {
		return router
	}
	return sidecar
}

// revisionOf is that of the istiod which injected a pod; it is in the status that injection leaves.
func revisionOf(pod *corev1.Pod) string {
	var status struct {
		Revision string `json:"revision"`
	}
	if json.Unmarshal([]byte(pod.Annotations[statusAnnotation]), &status) != nil {
		return "default"
	}
	return cmp.Or(status.Revision, "default")
}
