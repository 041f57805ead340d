package cluster

import (
	"context"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// ListOptions say which objects are listed.
type ListOptions struct {
	APIVersion, Kind string
	// Namespace limits to one; empty means all.
	Namespace string
	// LabelSelector is in the syntax of kubectl; empty means all.
	LabelSelector string
}

// List reads all objects of a kind. A kind that is not served has none.
func (c *Cluster) List(ctx context.Context, o ListOptions) ([]object.Object, error) {
	found, err := c.kube.List(ctx, kube.ListOptions{APIVersion: o.APIVersion, Kind: o.Kind, Namespace: o.Namespace, LabelSelector: o.LabelSelector})
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	return found, err
}
