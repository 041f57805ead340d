package kubelet

import (
	"context"
	"net/http"
	"strings"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
)

// mirrorStaticPods shows the node's static pods to the API server, as a kubelet does: kube-proxy everywhere, the control plane on servers.
// The pods run nothing; the components that they stand for are one program beside them.
func (k *Kubelet) mirrorStaticPods(ctx context.Context, nodeUID string) error {
	for _, component := range k.o.StaticPods {
		if err := k.mirror(ctx, component, nodeUID); err != nil {
			return err
		}
	}
	return nil
}

// mirror creates one pod, or replaces one of another release or of an earlier node of this name. It creates before it looks: a node may
// not ask for a pod that is not there.
func (k *Kubelet) mirror(ctx context.Context, component, nodeUID string) error {
	const pods = "/api/v1/namespaces/kube-system/pods"
	pod := k.staticPod(component, nodeUID)
	create := kubeapi.Request{Method: http.MethodPost, Path: pods, Body: pod}
	err := k.o.API.Do(ctx, create, nil)
	if !kubeapi.IsCode(err, http.StatusConflict) {
		return err
	}
	path := pods + "/" + kubeapi.Text(pod, "metadata", "name")
	live, err := k.o.API.Get(ctx, path)
	if err != nil {
		return err
	}
	if kubeapi.Text(live, "metadata", "annotations", mirrorAnnotation) == kubeapi.Text(pod, "metadata", "annotations", mirrorAnnotation) {
		return nil
	}
	if err := k.o.API.Do(ctx, kubeapi.Request{Method: http.MethodDelete, Path: path + "?gracePeriodSeconds=0"}, nil); err != nil {
		return err
	}
	return k.o.API.Do(ctx, create, nil)
}

const mirrorAnnotation = "kubernetes.io/config.mirror"

func (k *Kubelet) staticPod(component, nodeUID string) kubeapi.Object {
	image := "index.docker.io/rancher/hardened-kubernetes:" + strings.ReplaceAll(k.o.Version, "+", "-")
	if component == "etcd" {
		image = "index.docker.io/rancher/hardened-etcd:" + k.runtime().etcd
	}
	return kubeapi.Object{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": kubeapi.Object{
			"name": component + "-" + k.o.Name, "namespace": "kube-system",
			"labels":      kubeapi.Object{"component": component, "tier": "control-plane"},
			"annotations": kubeapi.Object{mirrorAnnotation: nodeUID + " " + image, "kubernetes.io/config.source": "file"},
			"ownerReferences": []any{kubeapi.Object{
				"apiVersion": "v1", "kind": "Node", "name": k.o.Name, "uid": nodeUID, "controller": true,
			}},
		},
		"spec": kubeapi.Object{
			"nodeName": k.o.Name, "hostNetwork": true, "priorityClassName": "system-cluster-critical",
			"tolerations": []any{kubeapi.Object{"operator": "Exists", "effect": "NoExecute"}},
			"containers":  []any{kubeapi.Object{"name": component, "image": image, "command": []any{component}}},
		},
	}
}
