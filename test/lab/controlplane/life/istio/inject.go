// Package istio knows what istiod does to a cluster from outside: it fills in the pods of gateways, adds sidecars, refuses configuration
// that makes no sense, and puts its root certificate into every namespace.
package istio

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/webhook"
)

const (
	proxyContainer     = "istio-proxy"
	templateAnnotation = "inject.istio.io/templates"
	statusAnnotation   = "sidecar.istio.io/status"
	injectLabel        = "sidecar.istio.io/inject"
	// nativeSince is the minor version since which sidecars are init containers that keep running (istio:releasenotes, 1.27).
	nativeSince = 27
)

// Injector answers for istiod's injection webhook.
type Injector struct{ View *cluster.View }

// Answers implements webhook.Answerer.
func (i *Injector) Answers(q webhook.Question) bool {
	return q.Path == "/inject" || strings.HasPrefix(q.Path, "/inject/")
}

// Answer implements webhook.Answerer.
func (i *Injector) Answer(_ context.Context, q webhook.Question) (*admissionv1.AdmissionResponse, error) {
	var pod corev1.Pod
	if err := json.Unmarshal(q.Request.Object.Raw, &pod); err != nil {
		return nil, fmt.Errorf("reading the pod: %w", err)
	}
	if pod.Labels[injectLabel] == "false" || pod.Annotations[statusAnnotation] != "" {
		return webhook.Allow(), nil
	}
	image, err := i.proxyImage(q.Namespace)
	if err != nil {
		return nil, err
	}
	if slices.Contains(strings.Split(pod.Annotations[templateAnnotation], ","), "gateway") {
		return webhook.Patch(fillGateway(&pod, image, revisionOf(q.Service)))
	}
	return webhook.Patch(addSidecar(&pod, image, revisionOf(q.Service)))
}

// proxyImage is the image of the proxy that fits the istiod in namespace.
func (i *Injector) proxyImage(namespace string) (string, error) {
	for _, pod := range i.View.Pods() {
		if pod.Namespace != namespace || pod.Labels["app"] != "istiod" || len(pod.Spec.Containers) == 0 {
			continue
		}
		return strings.Replace(pod.Spec.Containers[0].Image, "/pilot:", "/proxyv2:", 1), nil
	}
	return "", errors.New("no istiod pod, so no proxy image")
}

// revisionOf reads the revision from the name of istiod's Service: istiod, istiod-canary.
func revisionOf(service string) string {
	if revision, found := strings.CutPrefix(service, "istiod-"); found {
		return revision
	}
	return "default"
}

// operation is one operation of a JSON patch.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// fillGateway completes the pod of the gateway chart: its image, and the marks that injection leaves.
func fillGateway(pod *corev1.Pod, image, revision string) []operation {
	var patch []operation
	for n, container := range pod.Spec.Containers {
		if container.Name == proxyContainer && container.Image == "auto" {
			patch = append(patch, operation{Op: "replace", Path: "/spec/containers/" + strconv.Itoa(n) + "/image", Value: image})
		}
	}
	return append(patch, mark(pod, `{"containers":["istio-proxy"],"initContainers":null`, revision)...)
}

// addSidecar adds the proxy in the form of its version.
func addSidecar(pod *corev1.Pod, image, revision string) []operation {
	proxy := corev1.Container{
		Name: proxyContainer, Image: image, Args: []string{"proxy", "sidecar", "--domain", "$(POD_NAMESPACE).svc.cluster.local"},
		Env:   []corev1.EnvVar{{Name: "POD_NAMESPACE", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.namespace"}}}},
		Ports: []corev1.ContainerPort{{Name: "http-envoy-prom", ContainerPort: 15090, Protocol: corev1.ProtocolTCP}},
	}
	setup := corev1.Container{Name: "istio-init", Image: image, Args: []string{"istio-iptables", "-p", "15001", "-z", "15006", "-u", "1337"}}
	initial := []corev1.Container{setup}
	status := `{"initContainers":["istio-init"],"containers":["istio-proxy"]`
	var patch []operation
	if native(image) {
		always := corev1.ContainerRestartPolicyAlways
		proxy.RestartPolicy = &always
		initial = append(initial, proxy)
		status = `{"initContainers":["istio-init","istio-proxy"],"containers":null`
	} else {
		patch = append(patch, operation{Op: "add", Path: "/spec/containers/0", Value: proxy})
	}
	patch = append(patch, operation{Op: "add", Path: "/spec/initContainers", Value: append(initial, pod.Spec.InitContainers...)})
	return append(patch, mark(pod, status, revision)...)
}

// mark sets the annotations and labels of an injected pod; status lacks its end.
func mark(pod *corev1.Pod, status, revision string) []operation {
	status += `,"revision":"` + revision + `"}`
	annotations := map[string]string{statusAnnotation: status, "prometheus.io/path": "/stats/prometheus", "prometheus.io/port": "15020", "prometheus.io/scrape": "true"}
	for key, value := range pod.Annotations {
		if key != statusAnnotation {
			annotations[key] = value
		}
	}
	labels := map[string]string{}
	maps.Copy(labels, pod.Labels)
	name := cmp.Or(labels["app.kubernetes.io/name"], labels["app"], pod.GenerateName, pod.Name)
	for key, value := range map[string]string{
		"service.istio.io/canonical-name":     strings.TrimSuffix(name, "-"),
		"service.istio.io/canonical-revision": cmp.Or(labels["app.kubernetes.io/version"], labels["version"], "latest"),
		"security.istio.io/tlsMode":           "istio",
	} {
		labels[key] = cmp.Or(labels[key], value)
	}
	return []operation{{Op: "add", Path: "/metadata/annotations", Value: annotations}, {Op: "add", Path: "/metadata/labels", Value: labels}}
}

func native(image string) bool {
	_, tag, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	parts := strings.SplitN(tag, ".", 3)
	if len(parts) < 2 {
		return true
	}
	minor, err := strconv.Atoi(parts[1])
	return err != nil || minor >= nativeSince
}
