package kubelet

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
)

// errUnregistered says that the real kubelet has not come so far.
var errUnregistered = errors.New("the kubelet has not registered the node yet")

// adorn gives the node that a real kubelet has registered RKE2's annotations.
func (k *Kubelet) adorn(ctx context.Context) error {
	err := k.o.API.MergePatch(ctx, k.path(), kubeapi.Object{"metadata": kubeapi.Object{"annotations": k.o.Annotations}})
	if kubeapi.IsCode(err, http.StatusNotFound) {
		return errUnregistered
	}
	return err
}

// accompany puts right what the real kubelet does not know of.
func (k *Kubelet) accompany(ctx context.Context) error {
	node, err := k.o.API.Get(ctx, k.path())
	if err != nil {
		return err
	}
	if err := k.addExternal(ctx, node); err != nil {
		return fmt.Errorf("external addresses: %w", err)
	}
	return k.mirrorFor(ctx, kubeapi.Text(node, "metadata", "uid"))
}

// addExternal adds external addresses, which are the cloud controller's business in RKE2. The kubelet leaves addresses alone once there are
// any (k8s.io/kubernetes pkg/kubelet/nodestatus/setters.go NodeAddress, with an external cloud provider).
func (k *Kubelet) addExternal(ctx context.Context, node kubeapi.Object) error {
	have := map[string]bool{}
	addresses := kubeapi.List(node, "status", "addresses")
	for _, item := range addresses {
		if address, ok := item.(kubeapi.Object); ok && address["type"] == "ExternalIP" {
			have[kubeapi.Text(address, "address")] = true
		}
	}
	missing := false
	for _, ip := range k.o.ExternalIPs {
		if !have[ip] {
			missing = true
			addresses = append(addresses, kubeapi.Object{"type": "ExternalIP", "address": ip})
		}
	}
	if !missing {
		return nil
	}
	return k.o.API.Do(ctx, kubeapi.Request{
		Method: http.MethodPatch, Path: k.path() + "/status", ContentType: "application/merge-patch+json",
		Body: kubeapi.Object{"status": kubeapi.Object{"addresses": addresses}},
	}, nil)
}

func (k *Kubelet) path() string { return "/api/v1/nodes/" + k.o.Name }
