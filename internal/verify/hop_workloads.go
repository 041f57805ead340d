package verify

import (
	"context"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// lookAtWorkloads checks the pods behind the services that should have spans: "productpage.default" is app productpage
// in namespace default, which is how Istio names the service of a proxy (service cluster, <app>.<namespace>). Names
// without a namespace are those of applications that make their own spans; nothing is known of their pods.
func (w Way) lookAtWorkloads(ctx context.Context) []Hop {
	if w.Cluster == nil {
		return nil
	}
	looked := false
	for _, service := range w.Services {
		app, namespace, ok := strings.Cut(service, ".")
		if !ok {
			continue
		}
		hop := w.workload(ctx, app, namespace)
		if hop.State != HopFine {
			return []Hop{hop}
		}
		looked = true
	}
	if !looked {
		return nil
	}
	return []Hop{fine(HopWorkloads, "the pods of %s are ready and have their proxies", strings.Join(w.Services, ", "))}
}

func (w Way) workload(ctx context.Context, app, namespace string) Hop {
	pods, err := w.Cluster.List(ctx, "v1", "Pod", namespace, "app="+app)
	if err != nil {
		return notLooked(HopWorkloads, err)
	}
	if len(pods) == 0 {
		return broken(HopWorkloads, "Install it (lab_sample_app), or correct services.", "namespace %s has no pod with label app=%s", namespace, app)
	}
	for _, pod := range pods {
		name := object.RefOf(pod).Name
		switch {
		case !hasProxy(pod):
			return broken(HopWorkloads, "Label the namespace with lab_istio_injection (restart = true restarts what runs already).",
				"Pod %s/%s has no proxy (container istio-proxy)", namespace, name)
		case !podReady(pod):
			return broken(HopWorkloads, "Look at its events and logs: kubectl -n "+namespace+" describe pod "+name+".", "Pod %s/%s is not ready", namespace, name)
		}
	}
	return w.staleProxy(ctx, pods)
}

// hasProxy looks at init containers too: from Istio 1.27 on proxies are native sidecars.
func hasProxy(pod object.Object) bool { return proxyImage(pod) != "" }

func proxyImage(pod object.Object) string {
	for _, field := range []string{"containers", "initContainers"} {
		for _, c := range object.List(pod, "spec", field) {
			if m, ok := c.(map[string]any); ok && object.String(m, "name") == "istio-proxy" {
				return object.String(m, "image")
			}
		}
	}
	return ""
}

func podReady(pod object.Object) bool {
	for _, c := range object.List(pod, "status", "conditions") {
		if m, ok := c.(map[string]any); ok && m["type"] == "Ready" {
			return m["status"] == "True"
		}
	}
	return false
}

// staleProxy compares the proxies' version with istiod's. Istio supports proxies of one minor version before
// (https://istio.io/latest/docs/releases/supported-releases/, control plane/data plane skew); an older one may not
// understand its configuration.
func (w Way) staleProxy(ctx context.Context, pods []object.Object) Hop {
	istiod, err := w.istiodVersion(ctx)
	if err != nil || istiod == "" {
		return fine(HopWorkloads, "pods are ready")
	}
	for _, pod := range pods {
		tag := imageTag(proxyImage(pod))
		if tag != "" && minorsApart(istiod, tag) > 1 {
			ref := object.RefOf(pod)
			return broken(HopWorkloads, "Restart the workload, so that it gets a proxy of this mesh (lab_istio_injection with restart = true).",
				"Pod %s/%s has a proxy of version %s, istiod is %s", ref.Namespace, ref.Name, tag, istiod)
		}
	}
	return fine(HopWorkloads, "pods are ready")
}

func (w Way) istiodVersion(ctx context.Context) (string, error) {
	if w.Mesh == "" {
		return "", nil
	}
	istiod, err := w.Cluster.List(ctx, "apps/v1", "Deployment", w.Mesh, "app=istiod")
	if err != nil || len(istiod) == 0 {
		return "", err
	}
	for _, c := range object.List(istiod[0], "spec", "template", "spec", "containers") {
		if m, ok := c.(map[string]any); ok {
			return imageTag(object.String(m, "image")), nil
		}
	}
	return "", nil
}
