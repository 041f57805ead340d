package istio

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/istio/discovery"
)

// nativeSince is the minor version since which sidecars are init containers that keep running (istio:releasenotes, 1.27).
const nativeSince = 27

// nativeAnnotation asks for the one or the other form (istio:pkg/kube/inject/inject.go@1.30.3).
const nativeAnnotation = "sidecar.istio.io/nativeSidecar"

// template is what injection puts into pods.
type template struct {
	image, revision string
	// settings are the mesh's settings for proxies, as JSON; discovery lists the hosts to ask.
	settings, discovery string
}

// operation is one operation of a JSON patch.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// fillGateway completes the pod of the gateway chart: its container, and the marks that injection leaves. What the chart says of the
// container stays.
func (t template) fillGateway(pod *corev1.Pod) []operation {
	var patch []operation
	for n, container := range pod.Spec.Containers {
		if container.Name == proxyContainer && container.Image == "auto" {
			patch = append(patch, operation{Op: "replace", Path: "/spec/containers/" + strconv.Itoa(n), Value: t.overlay(container, t.gateway(pod))})
		}
	}
	return append(patch, t.mark(pod, `{"containers":["istio-proxy"],"initContainers":null`)...)
}

// overlay is the template's container with what the chart's says of it.
func (t template) overlay(chart, filled corev1.Container) corev1.Container {
	own := chart
	own.Image, own.Args, own.Env = filled.Image, filled.Args, nil
	for _, variable := range filled.Env {
		if !slices.ContainsFunc(chart.Env, func(v corev1.EnvVar) bool { return v.Name == variable.Name }) {
			own.Env = append(own.Env, variable)
		}
	}
	own.Env = append(own.Env, chart.Env...)
	if own.SecurityContext == nil {
		own.SecurityContext = &corev1.SecurityContext{}
	} else {
		own.SecurityContext = own.SecurityContext.DeepCopy()
	}
	own.SecurityContext.RunAsUser = cmp.Or(own.SecurityContext.RunAsUser, filled.SecurityContext.RunAsUser)
	own.SecurityContext.RunAsGroup = cmp.Or(own.SecurityContext.RunAsGroup, filled.SecurityContext.RunAsGroup)
	own.ReadinessProbe = cmp.Or(own.ReadinessProbe, filled.ReadinessProbe)
	if len(own.Ports) == 0 {
		own.Ports = filled.Ports
	}
	return own
}

// addSidecar adds the proxy in the form of its version.
func (t template) addSidecar(pod *corev1.Pod) []operation {
	proxy := t.sidecar(pod)
	initial := []corev1.Container{t.setup(pod)}
	status := `{"initContainers":["istio-init"],"containers":["istio-proxy"]`
	var patch []operation
	if t.native(pod) {
		always := corev1.ContainerRestartPolicyAlways
		proxy.RestartPolicy = &always
		proxy.StartupProbe = probe(0, 1, 600)
		initial = append(initial, proxy)
		status = `{"initContainers":["istio-init","istio-proxy"],"containers":null`
	} else {
		patch = append(patch, operation{Op: "add", Path: "/spec/containers/0", Value: proxy})
	}
	patch = append(patch, operation{Op: "add", Path: "/spec/initContainers", Value: append(initial, pod.Spec.InitContainers...)})
	return append(patch, t.mark(pod, status)...)
}

// mark sets the annotations and labels of an injected pod; status lacks its end. Who collects metrics is led to the proxy, whatever the pod
// said before (istio:pkg/kube/inject/webhook.go@1.30.3, applyPrometheusMerge).
func (t template) mark(pod *corev1.Pod, status string) []operation {
	annotations := map[string]string{}
	maps.Copy(annotations, pod.Annotations)
	maps.Copy(annotations, map[string]string{
		statusAnnotation: status + `,"revision":"` + t.revision + `"}`, "istio.io/rev": t.revision,
		"prometheus.io/path": "/stats/prometheus", "prometheus.io/port": "15020", "prometheus.io/scrape": "true",
	})
	labels := map[string]string{}
	maps.Copy(labels, pod.Labels)
	name := cmp.Or(labels["app.kubernetes.io/name"], labels["app"], discovery.WorkloadName(pod), pod.GenerateName)
	for key, value := range map[string]string{
		"service.istio.io/canonical-name":     strings.TrimSuffix(name, "-"),
		"service.istio.io/canonical-revision": cmp.Or(labels["app.kubernetes.io/version"], labels["version"], "latest"),
		"security.istio.io/tlsMode":           "istio",
	} {
		labels[key] = cmp.Or(labels[key], value)
	}
	return []operation{{Op: "add", Path: "/metadata/annotations", Value: annotations}, {Op: "add", Path: "/metadata/labels", Value: labels}}
}

func (t template) native(pod *corev1.Pod) bool {
	if asked := pod.Annotations[nativeAnnotation]; asked != "" {
		return asked != "false"
	}
	minor := discovery.Minor(t.image)
	return minor < 0 || minor >= nativeSince
}
