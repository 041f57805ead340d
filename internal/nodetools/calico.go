package nodetools

import (
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// CalicoRefs are the objects of a cluster that tell which Calico it runs: what calico-node writes down as it starts
// (calico:node/pkg/lifecycle/startup), and its DaemonSet as the operator or the plain manifest makes it.
func CalicoRefs() []object.Ref {
	return []object.Ref{
		{APIVersion: "crd.projectcalico.org/v1", Kind: "ClusterInformation", Name: "default"},
		{APIVersion: "apps/v1", Kind: "DaemonSet", Namespace: "calico-system", Name: "calico-node"},
		{APIVersion: "apps/v1", Kind: "DaemonSet", Namespace: "kube-system", Name: "calico-node"},
	}
}

// CalicoVersion reads the version out of one of them, "" where it does not say.
func CalicoVersion(o object.Object) string {
	if text := object.String(o, "spec", "calicoVersion"); version.MatchString(text) {
		return text
	}
	for _, c := range object.List(o, "spec", "template", "spec", "containers") {
		container, _ := c.(map[string]any)
		image, _ := container["image"].(string)
		if container["name"] != "calico-node" {
			continue
		}
		image, _, _ = strings.Cut(image, "@")
		tag := image[strings.LastIndex(image, ":")+1:]
		// RKE2 builds some of its images anew: v3.32.1-build20260801.
		tag, _, _ = strings.Cut(tag, "-build")
		if version.MatchString(tag) {
			return tag
		}
	}
	return ""
}
