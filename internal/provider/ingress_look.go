package provider

import (
	"context"
	"slices"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/ingress"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// lookForControllers reads what a cluster tells of its ingress controllers.
func lookForControllers(ctx context.Context, e Engine) (ingress.Seen, ingress.Controllers, error) {
	var seen ingress.Seen
	for _, list := range []struct {
		into *[]object.Object
		cluster.ListOptions
	}{
		{&seen.Classes, cluster.ListOptions{APIVersion: "networking.k8s.io/v1", Kind: "IngressClass"}},
		{&seen.Workloads, cluster.ListOptions{APIVersion: "apps/v1", Kind: "DaemonSet"}},
		{&seen.Workloads, cluster.ListOptions{APIVersion: "apps/v1", Kind: "Deployment"}},
		{&seen.Charts, cluster.ListOptions{APIVersion: "helm.cattle.io/v1", Kind: "HelmChart", Namespace: "kube-system"}},
	} {
		found, err := e.List(ctx, list.ListOptions)
		if err != nil {
			return seen, nil, err
		}
		*list.into = append(*list.into, found...)
	}
	// Services and pods only of the namespaces that matter: a cluster may have thousands.
	for _, namespace := range namespacesOf(ingress.Find(seen)) {
		services, err := e.List(ctx, cluster.ListOptions{APIVersion: "v1", Kind: "Service", Namespace: namespace})
		if err != nil {
			return seen, nil, err
		}
		pods, err := e.List(ctx, cluster.ListOptions{APIVersion: "v1", Kind: "Pod", Namespace: namespace})
		if err != nil {
			return seen, nil, err
		}
		seen.Services, seen.Pods = append(seen.Services, services...), append(seen.Pods, pods...)
	}
	return seen, ingress.Find(seen), nil
}

func namespacesOf(found ingress.Controllers) []string {
	var names []string
	for _, c := range found {
		if c.Namespace != "" && !slices.Contains(names, c.Namespace) {
			names = append(names, c.Namespace)
		}
	}
	return names
}
