package cluster

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Remove takes a component off, in the reverse order of its installation: its own objects first, so that the
// controllers that hold their finalizers are still there, then the releases. What is gone already is a success.
func (c *Cluster) Remove(ctx context.Context, comp component.Component, o RemoveOptions) error {
	c.lists.write()
	for _, step := range c.removal(comp, o) {
		if o.OnStep != nil {
			o.OnStep(step.name)
		}
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

func (c *Cluster) removal(comp component.Component, o RemoveOptions) []step {
	var steps []step
	if (len(comp.UsedBy) > 0 || comp.GuardCRDs || o.CRDs) && !o.Force {
		steps = append(steps, step{"check that nothing uses it", func(ctx context.Context) error { return c.checkUnused(ctx, comp, o) }})
	}
	for _, l := range slices.Backward(allLabels(comp, o.Known)) {
		steps = append(steps, step{"take the labels off " + l.Ref.String(), func(ctx context.Context) error { return c.removeLabels(ctx, l) }})
	}
	for _, ref := range slices.Backward(allObjects(comp, o.Known)) {
		steps = append(steps, step{"delete " + ref.String(), func(ctx context.Context) error {
			return c.kube.Delete(ctx, ref, kube.DeleteOptions{Wait: retryFor(ctx), Propagation: propagation(ref)})
		}})
	}
	for _, chart := range slices.Backward(comp.Charts) {
		steps = append(steps, step{"uninstall release " + releaseKey(chart), func(ctx context.Context) error { return c.uninstall(ctx, chart, o) }})
	}
	for _, ref := range comp.Leaves {
		steps = append(steps, step{"delete " + ref.String() + ", which was left behind", func(ctx context.Context) error {
			return c.kube.Delete(ctx, ref, kube.DeleteOptions{Wait: retryFor(ctx), Propagation: propagation(ref)})
		}})
	}
	if o.Namespaces {
		for _, ns := range slices.Backward(comp.Namespaces) {
			steps = append(steps, step{"remove namespace " + ns.Name + " if it is empty", func(ctx context.Context) error { return c.removeNamespace(ctx, ns.Name) }})
		}
	}
	return steps
}

// allObjects are the objects of a component and those of the last run that it no longer has.
func allObjects(comp component.Component, known Known) []object.Ref {
	all := refsOf(comp.Objects)
	for _, ref := range known.Objects {
		if !knows(all, ref) {
			all = append(all, ref)
		}
	}
	return all
}

// propagation lets workloads take their pods with them before they count as gone. Other kinds have no dependents to
// wait for, and a foreground deletion of a kind that is new to the garbage collector takes it a quarter of a minute.
func propagation(ref object.Ref) kube.Propagation {
	if ref.Group() == "apps" || ref.Group() == "batch" {
		return kube.Foreground
	}
	return kube.Background
}

// policyAnnotation says "keep" on objects that Helm leaves behind.
const policyAnnotation = "helm.sh/resource-policy"

// uninstall removes a release and waits until its objects are really gone: Helm returns as soon as it has asked.
func (c *Cluster) uninstall(ctx context.Context, chart component.Chart, o RemoveOptions) error {
	release, err := c.helm.Get(ctx, chart.Namespace, chart.Release)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := c.helm.Uninstall(ctx, helm.UninstallSpec{Release: chart.Release, Namespace: chart.Namespace, Timeout: retryFor(ctx)}); err != nil {
		return err
	}
	going, kept := c.leaving(ctx, chart, release, o)
	for _, ref := range kept {
		if o.OnKept != nil {
			o.OnKept(ref)
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelLists)
	for _, ref := range going {
		g.Go(func() error {
			return c.kube.Delete(ctx, ref, kube.DeleteOptions{Wait: retryFor(ctx)})
		})
	}
	return g.Wait()
}

// leaving tells what goes with a release from what stays: objects that Helm is told to keep, and the
// CustomResourceDefinitions of crds/ folders, which Helm never deletes. A folder that cannot be read any more, because
// its chart is gone, is no reason to keep a release.
func (c *Cluster) leaving(ctx context.Context, chart component.Chart, release helm.Release, o RemoveOptions) (going, kept []object.Ref) {
	for _, obj := range release.Objects {
		ref := object.RefOf(obj)
		isCRD := ref.Kind == definitionKind
		if object.String(obj, "metadata", "annotations", policyAnnotation) == "keep" && (!isCRD || !o.CRDs) {
			kept = append(kept, ref)
			continue
		}
		going = append(going, ref)
	}
	folder, err := c.helm.CRDs(ctx, chartRef(chart), chart.Values)
	if err != nil {
		c.log.WarnContext(ctx, "the CRDs of a chart's crds/ folder are not known", "chart", chart.Name, "err", err)
		return going, kept
	}
	for _, crd := range folder {
		if o.CRDs {
			going = append(going, object.RefOf(crd))
		} else {
			kept = append(kept, object.RefOf(crd))
		}
	}
	return going, kept
}

const definitionKind = "CustomResourceDefinition"

// occupants are the kinds that make a namespace worth keeping. Helm's records are Secrets, so a namespace with
// another release in it stays.
var occupants = []kube.ListOptions{
	{APIVersion: "v1", Kind: "Pod"},
	{APIVersion: "v1", Kind: "Service"},
	{APIVersion: "v1", Kind: "PersistentVolumeClaim"},
	{APIVersion: "apps/v1", Kind: "Deployment"},
	{APIVersion: "apps/v1", Kind: "StatefulSet"},
	{APIVersion: "apps/v1", Kind: "DaemonSet"},
	{APIVersion: "v1", Kind: "Secret", FieldSelector: "type=helm.sh/release.v1"},
}

// removeNamespace removes a namespace that the engine made and that nothing lives in any more.
func (c *Cluster) removeNamespace(ctx context.Context, name string) error {
	live, err := c.kube.Get(ctx, namespaceRef(name))
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil || object.String(live, "metadata", "labels", createdLabel) == "" {
		return err
	}
	for _, list := range occupants {
		list.Namespace = name
		found, err := c.kube.ListMeta(ctx, list)
		if err != nil {
			return err
		}
		for _, m := range found {
			going, err := c.goes(ctx, m)
			if err != nil {
				return err
			}
			if !going {
				c.log.InfoContext(ctx, "namespace stays: it is in use", "namespace", name, "by", m.Ref.String())
				return nil
			}
		}
	}
	return c.kube.Delete(ctx, namespaceRef(name), kube.DeleteOptions{Wait: retryFor(ctx)})
}

// goes reports whether an object is on its way out: it is being deleted, or all that own it are gone or going, so that
// the garbage collector will come for it.
func (c *Cluster) goes(ctx context.Context, m kube.Meta) (bool, error) {
	if !m.DeletionTimestamp.IsZero() {
		return true, nil
	}
	for _, owner := range m.Owners {
		live, err := c.kube.Get(ctx, owner.Ref)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return false, err
		}
		if going, err := c.goes(ctx, metaOf(live)); err != nil || !going {
			return false, err
		}
	}
	return len(m.Owners) > 0, nil
}

// metaOf reads of a whole object what a list of metadata would say of its way out.
func metaOf(o object.Object) kube.Meta {
	m := kube.Meta{Ref: object.RefOf(o)}
	if object.String(o, "metadata", "deletionTimestamp") != "" {
		m.DeletionTimestamp = time.Unix(1, 0)
	}
	for _, owner := range object.List(o, "metadata", "ownerReferences") {
		ref, ok := owner.(map[string]any)
		if !ok {
			continue
		}
		m.Owners = append(m.Owners, kube.Owner{Ref: object.Ref{
			APIVersion: object.String(ref, "apiVersion"), Kind: object.String(ref, "kind"), Namespace: m.Ref.Namespace, Name: object.String(ref, "name"),
		}})
	}
	return m
}
