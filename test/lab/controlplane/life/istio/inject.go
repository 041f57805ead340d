// Package istio knows what istiod does to a cluster from outside: it fills in the pods of gateways, adds sidecars, refuses configuration
// that makes no sense, and puts its root certificate into every namespace.
package istio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/istio/discovery"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/webhook"
)

const (
	proxyContainer     = "istio-proxy"
	templateAnnotation = "inject.istio.io/templates"
	statusAnnotation   = "sidecar.istio.io/status"
	injectLabel        = "sidecar.istio.io/inject"
)

// Injector answers for istiod's injection webhook.
type Injector struct {
	View *cluster.View
	// Settings lists the ConfigMaps of istiods, for what proxies are started with; nil where nobody looks at it.
	Settings func() []*corev1.ConfigMap
}

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
	revision := revisionOf(q.Service)
	p := template{image: image, revision: revision, settings: i.proxySettings(q.Namespace, revision), discovery: i.discovery()}
	if slices.Contains(strings.Split(pod.Annotations[templateAnnotation], ","), "gateway") {
		return webhook.Patch(p.fillGateway(&pod))
	}
	return webhook.Patch(p.addSidecar(&pod))
}

// discovery lists where a proxy finds its configuration: on its own node, and on the servers of the cluster for pods of other nodes.
func (i *Injector) discovery() string {
	hosts := []string{"$(HOST_IP)"}
	for _, node := range i.View.Nodes() {
		if _, server := node.Labels["node-role.kubernetes.io/control-plane"]; !server {
			continue
		}
		for _, address := range node.Status.Addresses {
			if address.Type == corev1.NodeInternalIP {
				hosts = append(hosts, address.Address)
			}
		}
	}
	slices.Sort(hosts[1:])
	return strings.Join(hosts, ",")
}

// proxySettings are the mesh's settings for proxies, as JSON, which a proxy keeps as long as its pod lives.
func (i *Injector) proxySettings(namespace, revision string) string {
	if i.Settings == nil {
		return "{}"
	}
	return discovery.ProxySettings(i.Settings(), namespace, revision)
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
