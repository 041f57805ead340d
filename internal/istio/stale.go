package istio

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// What injection leaves on pods (istio:pkg/kube/inject/inject.go@1.30.3, SidecarInjectionStatus).
const (
	statusAnnotation    = "sidecar.istio.io/status"
	templatesAnnotation = "inject.istio.io/templates"
	injectLabel         = "sidecar.istio.io/inject"
	proxyContainer      = "istio-proxy"
	defaultRevision     = "default"
)

// Stale says why a pod is not as the mode wants it, and nothing of a pod that is, or that has its own say.
func (i Injection) Stale(pod object.Object) string {
	if finished(pod) {
		return ""
	}
	image, has := proxy(pod)
	switch {
	case i.Mode == Sidecar && !has:
		return i.lacks(pod)
	case i.Mode == Sidecar:
		return i.outdated(pod, image)
	case has && injectedByNamespace(pod):
		return "has a sidecar"
	}
	return ""
}

// lacks names what is missing, unless the pod cannot or will not have a proxy (istio:pkg/kube/inject/inject.go,
// injectRequired).
func (i Injection) lacks(pod object.Object) string {
	if host, _ := object.Lookup(pod, "spec", "hostNetwork"); host == true || asks(pod) == "false" {
		return ""
	}
	return "has no sidecar"
}

func (i Injection) outdated(pod object.Object, image string) string {
	wanted := i.Revision
	if wanted == "" {
		wanted = defaultRevision
	}
	if have := revisionOf(pod); have != "" && have != wanted {
		return "has a sidecar of revision " + have
	}
	if version := tag(image); i.ProxyVersion != "" && version != "" && !isVersion(version, i.ProxyVersion) {
		return "has a sidecar of version " + version
	}
	return ""
}

// finished pods are not made again by a restart.
func finished(pod object.Object) bool {
	phase := object.String(pod, "status", "phase")
	return phase == "Succeeded" || phase == "Failed"
}

// proxy finds the proxy's image; since 1.27 the proxy is an init container that keeps running.
func proxy(pod object.Object) (image string, found bool) {
	for _, entry := range slices.Concat(object.List(pod, "spec", "containers"), object.List(pod, "spec", "initContainers")) {
		if c, ok := entry.(map[string]any); ok && object.String(c, "name") == proxyContainer {
			return object.String(c, "image"), true
		}
	}
	return "", false
}

// injectedByNamespace tells a sidecar that came with the namespace's label from a gateway and from a pod that asked.
func injectedByNamespace(pod object.Object) bool {
	return object.String(pod, "metadata", "annotations", statusAnnotation) != "" &&
		!strings.Contains(object.String(pod, "metadata", "annotations", templatesAnnotation), "gateway") && asks(pod) != "true"
}

// asks is the pod's own word, by label or by the annotation of old.
func asks(pod object.Object) string {
	if word := object.String(pod, "metadata", "labels", injectLabel); word != "" {
		return word
	}
	return object.String(pod, "metadata", "annotations", injectLabel)
}

// revisionOf reads the revision that injected a pod; empty when the pod does not tell.
func revisionOf(pod object.Object) string {
	var status struct {
		Revision string `json:"revision"`
	}
	if json.Unmarshal([]byte(object.String(pod, "metadata", "annotations", statusAnnotation)), &status) != nil {
		return ""
	}
	return status.Revision
}

func tag(image string) string {
	_, t, _ := strings.Cut(image[strings.LastIndexByte(image, '/')+1:], ":")
	t, _, _ = strings.Cut(t, "@")
	return t
}

// isVersion reports whether a tag is a version, or one of its variants: 1.30.3-distroless.
func isVersion(tag, version string) bool {
	version = strings.TrimPrefix(version, "v")
	return tag == version || strings.HasPrefix(tag, version+"-")
}
