package containers

import (
	"context"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
)

// nodeDNS names the rights of the nodes' DNS servers.
const nodeDNS = "lab:node-dns"

// Grant lets the nodes' DNS servers, which come as kube-proxy, see what they answer with. Kube-proxy's own rights are there from the start.
func Grant(ctx context.Context, api *kubeapi.Client) error {
	const group = "rbac.authorization.k8s.io"
	for _, o := range []kubeapi.Object{
		{
			"apiVersion": group + "/v1", "kind": "ClusterRole", "metadata": kubeapi.Object{"name": nodeDNS},
			"rules": []any{
				kubeapi.Object{"apiGroups": []any{""}, "resources": []any{"services", "namespaces", "pods"}, "verbs": []any{"list", "watch"}},
				kubeapi.Object{"apiGroups": []any{"discovery.k8s.io"}, "resources": []any{"endpointslices"}, "verbs": []any{"list", "watch"}},
			},
		},
		{
			"apiVersion": group + "/v1", "kind": "ClusterRoleBinding", "metadata": kubeapi.Object{"name": nodeDNS},
			"roleRef":  kubeapi.Object{"apiGroup": group, "kind": "ClusterRole", "name": nodeDNS},
			"subjects": []any{kubeapi.Object{"apiGroup": group, "kind": "User", "name": "system:kube-proxy"}},
		},
	} {
		if _, err := api.Apply(ctx, o, "rke2"); err != nil {
			return err
		}
	}
	return nil
}
