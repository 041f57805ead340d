package kube

import (
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Meta is what a metadata list tells of an object: enough to see that it is there and that it changed.
type Meta struct {
	Ref                  object.Ref
	UID, ResourceVersion string
	Generation           int64
	Labels, Annotations  map[string]string
	Owners               []Owner
	// DeletionTimestamp is zero unless the object is being deleted.
	DeletionTimestamp time.Time
	Finalizers        []string
	// Managers are the field managers that have set something, apart from those of subresources.
	Managers []string
}

// Owner is one entry of metadata.ownerReferences; its namespace is the object's.
type Owner struct {
	Ref object.Ref
	UID string
	// Controller marks the one owner that manages the object.
	Controller bool
}

// ListMeta lists metadata alone (PartialObjectMetadata), page by page: the cheap way to see what is there.
// fault.NotFound when the kind is not served.
func (c *Client) ListMeta(ctx context.Context, o ListOptions) ([]Meta, error) {
	var out []Meta
	err := c.paged(ctx, o, func(ctx context.Context, res resource, namespace string, page metav1.ListOptions) (string, error) {
		if page.Continue == "" {
			out = nil
		}
		got, err := c.metadata.Resource(res.GroupVersionResource).Namespace(namespace).List(ctx, page)
		if err != nil {
			return "", err
		}
		for i := range got.Items {
			out = append(out, metaOf(&got.Items[i].ObjectMeta, o.APIVersion, o.Kind))
		}
		return got.GetContinue(), nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing the metadata of %s: %w", o.what(), err)
	}
	return out, nil
}

// GetMeta returns the metadata of one object; fault.NotFound when it is gone.
func (c *Client) GetMeta(ctx context.Context, ref object.Ref) (Meta, error) {
	meta, err := c.getMeta(ctx, ref)
	if err != nil {
		return Meta{}, fmt.Errorf("reading the metadata of %s: %w", ref, err)
	}
	return meta, nil
}

func (c *Client) getMeta(ctx context.Context, ref object.Ref) (Meta, error) {
	res, namespace, err := c.target(ctx, ref)
	if err != nil {
		return Meta{}, err
	}
	asking, cancel := c.bounded(ctx)
	defer cancel()
	got, err := c.metadata.Resource(res.GroupVersionResource).Namespace(namespace).Get(asking, ref.Name, metav1.GetOptions{})
	if err != nil {
		return Meta{}, c.failed(ctx, err, ref, res)
	}
	return metaOf(&got.ObjectMeta, ref.APIVersion, ref.Kind), nil
}

func metaOf(m *metav1.ObjectMeta, apiVersion, kind string) Meta {
	out := Meta{
		Ref:             object.Ref{APIVersion: apiVersion, Kind: kind, Namespace: m.Namespace, Name: m.Name},
		UID:             string(m.UID),
		ResourceVersion: m.ResourceVersion,
		Generation:      m.Generation,
		Labels:          m.Labels,
		Annotations:     m.Annotations,
		Finalizers:      m.Finalizers,
	}
	if m.DeletionTimestamp != nil {
		out.DeletionTimestamp = m.DeletionTimestamp.Time
	}
	for _, entry := range m.ManagedFields {
		if entry.Subresource == "" && !slices.Contains(out.Managers, entry.Manager) {
			out.Managers = append(out.Managers, entry.Manager)
		}
	}
	for _, o := range m.OwnerReferences {
		out.Owners = append(out.Owners, Owner{
			Ref:        object.Ref{APIVersion: o.APIVersion, Kind: o.Kind, Namespace: m.Namespace, Name: o.Name},
			UID:        string(o.UID),
			Controller: o.Controller != nil && *o.Controller,
		})
	}
	return out
}
