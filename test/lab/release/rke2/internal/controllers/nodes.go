// Package controllers knows what a server does for the nodes of its cluster: the work of RKE2's cloud controller and of the k3s node
// controllers.
package controllers

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/supervisor"
)

const uninitialized = "node.cloudprovider.kubernetes.io/uninitialized"

// Nodes keeps the cluster's nodes in order.
type Nodes struct {
	API *kubeapi.Client
	// OwnName is the node of this server; it gets OwnLabels and OwnAnnotations.
	OwnName        string
	OwnLabels      map[string]any
	OwnAnnotations map[string]any
	// CloudController takes the uninitialized taint away; a cluster without a cloud controller keeps it.
	CloudController bool
	// Removed is told the annotations of a deleted node.
	Removed func(ctx context.Context, name string, annotations kubeapi.Object) error
	Logger  *slog.Logger
}

// Run watches nodes until ctx ends.
func (n *Nodes) Run(ctx context.Context) {
	for ctx.Err() == nil {
		err := n.API.Watch(ctx, "/api/v1/nodes", func(e kubeapi.Event) error { return n.handle(ctx, e) })
		if err != nil && ctx.Err() == nil {
			n.Logger.Debug("watching nodes", "error", err)
		}
		timer := time.NewTimer(time.Second)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
	}
}

func (n *Nodes) handle(ctx context.Context, e kubeapi.Event) error {
	name := kubeapi.Text(e.Object, "metadata", "name")
	switch e.Type {
	case "DELETED":
		return n.removed(ctx, name, e.Object)
	case "ADDED", "MODIFIED":
		return n.initialize(ctx, name, e.Object)
	}
	return nil
}

// initialize does the cloud controller's part and labels the server's own node. A conflict is left to the next event.
func (n *Nodes) initialize(ctx context.Context, name string, node kubeapi.Object) error {
	path := "/api/v1/nodes/" + name
	if n.CloudController && hasTaint(node, uninitialized) {
		err := n.API.MergePatch(ctx, path, kubeapi.Object{
			"metadata": kubeapi.Object{
				"resourceVersion": kubeapi.Text(node, "metadata", "resourceVersion"),
				"labels":          kubeapi.Object{"node.kubernetes.io/instance-type": "rke2", "beta.kubernetes.io/instance-type": "rke2"},
			},
			"spec": kubeapi.Object{"providerID": "rke2://" + name, "taints": withoutTaint(node, uninitialized)},
		})
		if err != nil {
			return ignore(err, http.StatusConflict, http.StatusNotFound)
		}
	}
	if name != n.OwnName || contains(node, n.OwnLabels, "labels") && contains(node, n.OwnAnnotations, "annotations") {
		return nil
	}
	err := n.API.MergePatch(ctx, path, kubeapi.Object{"metadata": kubeapi.Object{"labels": n.OwnLabels, "annotations": n.OwnAnnotations}})
	return ignore(err, http.StatusNotFound)
}

// removed forgets a node: its password, so that the name is free again, and whatever Removed knows of.
func (n *Nodes) removed(ctx context.Context, name string, node kubeapi.Object) error {
	err := n.API.Do(ctx, kubeapi.Request{Method: http.MethodDelete, Path: supervisor.SecretPath(name)}, nil)
	if err := ignore(err, http.StatusNotFound); err != nil {
		return err
	}
	if n.Removed == nil {
		return nil
	}
	if err := n.Removed(ctx, name, kubeapi.Map(node, "metadata", "annotations")); err != nil {
		n.Logger.Error("Failed to remove node from etcd", "node", name, "error", err)
	}
	return nil
}

func ignore(err error, codes ...int) error {
	for _, code := range codes {
		if kubeapi.IsCode(err, code) {
			return nil
		}
	}
	return err
}

func contains(node kubeapi.Object, want map[string]any, field string) bool {
	have := kubeapi.Map(node, "metadata", field)
	for key, value := range want {
		if have[key] != value {
			return false
		}
	}
	return true
}

func hasTaint(node kubeapi.Object, key string) bool {
	return len(withoutTaint(node, key)) < len(kubeapi.List(node, "spec", "taints"))
}

func withoutTaint(node kubeapi.Object, key string) []any {
	out := []any{}
	for _, item := range kubeapi.List(node, "spec", "taints") {
		if taint, ok := item.(kubeapi.Object); !ok || taint["key"] != key {
			out = append(out, item)
		}
	}
	return out
}
