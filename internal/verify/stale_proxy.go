package verify

import (
	"context"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

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
