package kube

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// pageSize is how many objects a page of a list holds.
const pageSize = 500

// Get returns a live object, managed fields included; fault.NotFound when there is none or its kind is not served.
func (c *Client) Get(ctx context.Context, ref object.Ref) (object.Object, error) {
	live, err := c.get(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", ref, err)
	}
	return live, nil
}

func (c *Client) get(ctx context.Context, ref object.Ref) (object.Object, error) {
	res, namespace, err := c.target(ctx, ref)
	if err != nil {
		return nil, err
	}
	asking, cancel := c.bounded(ctx)
	defer cancel()
	live, err := c.dynamic.Resource(res.GroupVersionResource).Namespace(namespace).Get(asking, ref.Name, metav1.GetOptions{})
	if err != nil {
		return nil, c.failed(ctx, err, ref, res)
	}
	return live.Object, nil
}

// ListOptions select objects of one kind.
type ListOptions struct {
	APIVersion, Kind string
	// Namespace limits the list; empty means all namespaces, or a cluster-scoped kind.
	Namespace string
	// LabelSelector and FieldSelector are written as for kubectl: "app=istiod", "metadata.name=istiod".
	LabelSelector, FieldSelector string
}

// what names a list in messages.
func (o ListOptions) what() string {
	if o.Namespace == "" {
		return "all " + o.Kind
	}
	return o.Kind + " in " + o.Namespace
}

// List returns full objects, page by page; fault.NotFound when the kind is not served. An empty list is no error.
func (c *Client) List(ctx context.Context, o ListOptions) ([]object.Object, error) {
	var out []object.Object
	err := c.paged(ctx, o, func(ctx context.Context, res resource, namespace string, page metav1.ListOptions) (string, error) {
		if page.Continue == "" {
			out = nil
		}
		got, err := c.dynamic.Resource(res.GroupVersionResource).Namespace(namespace).List(ctx, page)
		if err != nil {
			return "", err
		}
		for i := range got.Items {
			out = append(out, complete(&got.Items[i], o))
		}
		return got.GetContinue(), nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", o.what(), err)
	}
	return out, nil
}

// complete adds kind and apiVersion, which the items of a list may lack.
func complete(item *unstructured.Unstructured, o ListOptions) object.Object {
	item.SetAPIVersion(o.APIVersion)
	item.SetKind(o.Kind)
	return item.Object
}

// paged calls fetch for each page. When the server has forgotten the list in the meantime (410), it starts again
// without pages, once.
func (c *Client) paged(ctx context.Context, o ListOptions, fetch func(context.Context, resource, string, metav1.ListOptions) (string, error)) error {
	res, err := c.mapping(ctx, o.APIVersion, o.Kind)
	if err != nil {
		return err
	}
	namespace := o.Namespace
	if !res.namespaced {
		namespace = ""
	}
	page := metav1.ListOptions{LabelSelector: o.LabelSelector, FieldSelector: o.FieldSelector, Limit: pageSize}
	for {
		next, err := c.page(ctx, res, namespace, page, fetch)
		switch {
		case apierrors.IsResourceExpired(err) && page.Limit > 0:
			page.Limit, page.Continue = 0, ""
			continue
		case err != nil:
			return c.failed(ctx, err, object.Ref{APIVersion: o.APIVersion, Kind: o.Kind}, res)
		case next == "":
			return nil
		}
		page.Continue = next
	}
}

func (c *Client) page(ctx context.Context, res resource, namespace string, page metav1.ListOptions, fetch func(context.Context, resource, string, metav1.ListOptions) (string, error)) (string, error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	return fetch(ctx, res, namespace, page)
}

// PatchType says how a patch is written.
type PatchType string

// The patch types.
const (
	// MergePatch is RFC 7386: given fields replace, null deletes, lists are replaced whole.
	MergePatch PatchType = PatchType(types.MergePatchType)
	// JSONPatch is RFC 6902: a list of operations.
	JSONPatch PatchType = PatchType(types.JSONPatchType)
	// StrategicPatch merges lists by their keys; built-in kinds only.
	StrategicPatch PatchType = PatchType(types.StrategicMergePatchType)
)

// Patch changes a live object and returns it; fault.NotFound when it is gone.
func (c *Client) Patch(ctx context.Context, ref object.Ref, kind PatchType, patch []byte) (object.Object, error) {
	live, err := c.patch(ctx, ref, types.PatchType(kind), patch)
	if err != nil {
		return nil, fmt.Errorf("patching %s: %w", ref, err)
	}
	return live, nil
}

func (c *Client) patch(ctx context.Context, ref object.Ref, kind types.PatchType, patch []byte) (object.Object, error) {
	res, namespace, err := c.target(ctx, ref)
	if err != nil {
		return nil, err
	}
	asking, cancel := c.bounded(ctx)
	defer cancel()
	opts := metav1.PatchOptions{FieldManager: DefaultFieldManager}
	live, err := c.dynamic.Resource(res.GroupVersionResource).Namespace(namespace).Patch(asking, ref.Name, kind, patch, opts)
	if err != nil {
		return nil, c.failed(ctx, err, ref, res)
	}
	return live.Object, nil
}
