package cluster

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
)

// prune removes what the last run left and the component no longer has: objects, then releases, the one that came last
// by name first.
func (c *Cluster) prune(ctx context.Context, comp component.Component, known Known) error {
	wanted := refsOf(comp.Objects)
	for _, ref := range known.Objects {
		if knows(wanted, ref) {
			continue
		}
		if err := c.kube.Delete(ctx, ref, kube.DeleteOptions{Wait: retryFor(ctx)}); err != nil {
			return err
		}
	}
	for _, l := range known.Labelled {
		if labelsOf(allLabels(comp, Known{}), l.Ref) != nil {
			continue // what has changed there has been replaced
		}
		if err := c.removeLabels(ctx, l); err != nil {
			return err
		}
	}
	for _, gone := range slices.Backward(slices.Sorted(maps.Keys(known.Releases))) {
		if slices.ContainsFunc(comp.Charts, func(chart component.Chart) bool { return releaseKey(chart) == gone }) {
			continue
		}
		namespace, release, _ := strings.Cut(gone, "/")
		if err := c.uninstall(ctx, component.Chart{Namespace: namespace, Release: release}, RemoveOptions{}); err != nil {
			return err
		}
	}
	return nil
}
