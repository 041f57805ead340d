// Package certmanager knows what cert-manager does to a cluster from outside: its webhook makes its own authority and refuses what makes no
// sense, its injector copies authorities to where annotations ask for them, its controller issues certificates.
package certmanager

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
)

// The kinds that are acted on.
var (
	CertificateResource   = schema.GroupVersionResource{Group: "cert-manager.io", Version: "v1", Resource: "certificates"}
	IssuerResource        = schema.GroupVersionResource{Group: "cert-manager.io", Version: "v1", Resource: "issuers"}
	ClusterIssuerResource = schema.GroupVersionResource{Group: "cert-manager.io", Version: "v1", Resource: "clusterissuers"}
)

// running returns the ready pods of one of cert-manager's programs, by the name that the chart gives it in labels.
func running(view *cluster.View, name, component string) []*corev1.Pod {
	return slices.DeleteFunc(view.Pods(), func(pod *corev1.Pod) bool {
		_, ready := view.ReadySince(pod)
		return !ready || pod.Labels["app.kubernetes.io/name"] != name || pod.Labels["app.kubernetes.io/component"] != component ||
			!strings.Contains(image(pod), "cert-manager")
	})
}

// since is when the first of some pods became ready.
func since(view *cluster.View, pods []*corev1.Pod) (time.Time, bool) {
	var first time.Time
	for _, pod := range pods {
		if at, ready := view.ReadySince(pod); ready && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first, !first.IsZero()
}

func image(pod *corev1.Pod) string {
	if len(pod.Spec.Containers) == 0 {
		return ""
	}
	return pod.Spec.Containers[0].Image
}

// argument returns the value of an argument of a pod's first container.
func argument(pod *corev1.Pod, name string) string {
	for _, arg := range pod.Spec.Containers[0].Args {
		if value, ok := strings.CutPrefix(arg, name+"="); ok {
			return value
		}
	}
	return ""
}
