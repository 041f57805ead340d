package cluster

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

// Install makes a component so: it installs, changes or repairs, whichever the cluster asks for, and waits until the
// component says that it is ready. What is as wanted already is left alone. An interrupted installation is finished
// by the next one.
func (c *Cluster) Install(ctx context.Context, comp component.Component, o InstallOptions) (Observed, error) {
	c.lists.write()
	for _, step := range c.installation(comp, o) {
		if o.OnStep != nil {
			o.OnStep(step.name)
		}
		if err := step.do(ctx); err != nil {
			return Observed{}, fmt.Errorf("%s: %w", step.name, err)
		}
	}
	known := o.Known
	known.Releases, known.Verified = nil, nil
	known.Objects = refsOf(comp.Objects)
	return c.Read(ctx, comp, ReadOptions{Known: known, Drift: DriftFind})
}

// step is a named, repeatable part of a long job.
type step struct {
	name string
	do   func(context.Context) error
}

// installation is the order in which a component comes onto a cluster.
func (c *Cluster) installation(comp component.Component, o InstallOptions) []step {
	steps := []step{
		{"check what is required", func(ctx context.Context) error { return c.checkRequirements(ctx, comp) }},
	}
	for _, ns := range comp.Namespaces {
		steps = append(steps, step{"make namespace " + ns.Name, func(ctx context.Context) error { return c.applyNamespace(ctx, ns) }})
	}
	if len(comp.Needs) > 0 {
		steps = append(steps, step{"wait for what is needed", func(ctx context.Context) error { return c.await(ctx, comp.Needs, nil) }})
	}
	for _, chart := range comp.Charts {
		steps = append(steps,
			step{"apply the CRDs of chart " + chart.Name, func(ctx context.Context) error { return c.applyCRDs(ctx, chart) }},
			step{fmt.Sprintf("install release %s/%s", chart.Namespace, chart.Release), func(ctx context.Context) error { return c.applyChart(ctx, comp, chart, o) }},
			step{fmt.Sprintf("wait for release %s/%s", chart.Namespace, chart.Release), func(ctx context.Context) error { return c.await(ctx, chart.Ready, nil) }},
		)
	}
	for _, obj := range comp.Objects {
		steps = append(steps, step{"apply " + object.RefOf(obj).String(), func(ctx context.Context) error { return c.applyObject(ctx, obj, o) }})
	}
	for _, l := range comp.Labels {
		steps = append(steps, step{"label " + l.Ref.String(), func(ctx context.Context) error { return c.applyLabels(ctx, l, o) }})
	}
	for _, r := range comp.Restarts {
		steps = append(steps, step{"restart what is stale in namespace " + r.Namespace, func(ctx context.Context) error { return c.restart(ctx, r) }})
	}
	return append(steps,
		step{"remove what is no longer wanted", func(ctx context.Context) error { return c.prune(ctx, comp, o.Known) }},
		step{"wait until ready", func(ctx context.Context) error { return c.awaitReady(ctx, comp, o.OnDoubt) }},
	)
}

// workloads are the kinds that WaitForWorkloads waits for.
var workloads = []string{"Deployment", "StatefulSet", "DaemonSet", "Job"}

// awaitReady waits for what the component says and, where it says so, for the workloads of its releases.
func (c *Cluster) awaitReady(ctx context.Context, comp component.Component, onDoubt func(string)) error {
	ready := slices.Clone(comp.Ready)
	for _, chart := range comp.Charts {
		if !comp.WaitForWorkloads {
			break
		}
		release, err := c.helm.Get(ctx, chart.Namespace, chart.Release)
		if err != nil {
			return err
		}
		for _, o := range release.Objects {
			if ref := object.RefOf(o); slices.Contains(workloads, ref.Kind) {
				ready = append(ready, component.Condition{Name: ref.String() + " is ready", Ref: ref, Check: component.Check{Kind: component.Current}})
			}
		}
	}
	return c.await(ctx, ready, onDoubt)
}

// checkRequirements says which kinds are missing and which resource brings them.
func (c *Cluster) checkRequirements(ctx context.Context, comp component.Component) error {
	for _, r := range comp.Requires {
		served, err := c.kube.Exists(ctx, r.APIVersion, r.Kind)
		if err != nil {
			return err
		}
		if !served {
			return fault.Newf(fault.Invalid, "%s needs kind %s in %s, which the cluster does not serve; %s installs it: refer to it, or add depends_on",
				comp.Name, r.Kind, r.APIVersion, r.BroughtBy)
		}
	}
	return nil
}

// createdLabel marks namespaces that the engine made, so that a removal takes away no others.
const createdLabel = "lab.dxlab.io/created"

func (c *Cluster) applyNamespace(ctx context.Context, ns component.Namespace) error {
	ref := namespaceRef(ns.Name)
	o := object.New(ref)
	labels := map[string]any{}
	for k, v := range ns.Labels {
		labels[k] = v
	}
	live, err := c.kube.Get(ctx, ref)
	if err == nil && object.String(live, "metadata", "deletionTimestamp") != "" {
		// Nothing can be made in a namespace that goes away; asking for its deletion once more waits for that.
		err = c.kube.Delete(ctx, ref, kube.DeleteOptions{Wait: retryFor(ctx)})
		if err == nil {
			err = fault.Newf(fault.NotFound, "%s is gone", ref)
		}
	}
	switch {
	case fault.Is(err, fault.NotFound):
		labels[createdLabel] = "true"
	case err != nil:
		return err
	case object.String(live, "metadata", "labels", createdLabel) != "":
		labels[createdLabel] = "true"
	case len(labels) == 0:
		return nil
	}
	object.Set(o, labels, "metadata", "labels")
	// Another manager may have set the same labels; the component cannot run without them.
	_, err = c.kube.Apply(ctx, o, kube.ApplyOptions{Force: true, RetryFor: retryFor(ctx)})
	return err
}

// applyCRDs brings the crds/ folder of a chart up to date, which Helm itself never does after the first installation.
func (c *Cluster) applyCRDs(ctx context.Context, chart component.Chart) error {
	if current, err := c.unchanged(ctx, chart); err != nil || current {
		return err
	}
	crds, err := c.helm.CRDs(ctx, chartRef(chart), chart.Values)
	if err != nil {
		return err
	}
	var established []kube.Condition
	for _, crd := range crds {
		if _, err := c.kube.Apply(ctx, crd, kube.ApplyOptions{Force: true, RetryFor: retryFor(ctx)}); err != nil {
			return err
		}
		established = append(established, kube.Condition{Ref: object.RefOf(crd), Check: kube.Check{Kind: kube.Established}})
	}
	if len(established) == 0 {
		return nil
	}
	return c.kube.Wait(ctx, established, kube.WaitOptions{})
}

// managedLabel marks the records of releases that this provider keeps.
const managedLabel = "lab.dxlab.io/managed"

func (c *Cluster) applyChart(ctx context.Context, comp component.Component, chart component.Chart, o InstallOptions) error {
	current, err := c.unchanged(ctx, chart)
	if err != nil {
		return err
	}
	if current {
		drift, err := c.releaseDrift(ctx, comp, chart)
		if err != nil || len(drift) == 0 {
			return err
		}
	}
	spec := helm.Spec{
		Release: chart.Release, Namespace: chart.Namespace, Chart: chartRef(chart),
		Values: chart.Values, SecretValues: chart.SecretValues, SkipCRDs: true, Adopt: chart.Adopt || o.Adopt,
		Labels: map[string]string{managedLabel: "true"},
	}
	// Helm gives up when a webhook of another chart is not up yet. That passes, and the next try heals the failed release.
	var failed error
	err = wait.Until(ctx, wait.Options{For: "the webhooks that the release meets", Timeout: retryFor(ctx), Interval: time.Second}, func(ctx context.Context) error {
		_, failed = c.helm.Apply(ctx, spec)
		if kube.IsWebhookNotReady(failed) {
			return wait.Pending(failed.Error())
		}
		return nil
	})
	if err != nil {
		return err
	}
	return failed
}

// unchanged reports whether a release is deployed with the very chart and values that are wanted, so that nothing
// needs to be fetched, rendered or upgraded.
func (c *Cluster) unchanged(ctx context.Context, chart component.Chart) (bool, error) {
	live, err := c.helm.Get(ctx, chart.Namespace, chart.Release)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	wanted := component.MergeValues(chart.Values, chart.SecretValues)
	return live.Status == statusDeployed && live.Version == chart.Version && live.Chart == chartName(chart) &&
		(chart.Digest == "" || live.ChartDigest == "" || live.ChartDigest == chart.Digest) &&
		reflect.DeepEqual(plain(live.Values), plain(wanted)), nil
}

// applyObject applies one of the component's own objects. One that exists already and that is not ours is somebody
// else's until the user says otherwise.
func (c *Cluster) applyObject(ctx context.Context, o object.Object, opts InstallOptions) error {
	ref := object.RefOf(o)
	if !opts.Adopt && !knows(opts.Known.Objects, ref) {
		live, err := c.kube.Get(ctx, ref)
		switch {
		case err == nil && !managedBy(live, kube.DefaultFieldManager):
			return fault.Newf(fault.Conflict, "%s exists already and was made by %s; set adopt = true to take it over, or import it", ref, managers(live))
		case err != nil && !fault.Is(err, fault.NotFound):
			return err
		}
	}
	_, err := c.kube.Apply(ctx, o, kube.ApplyOptions{Force: true, RetryFor: retryFor(ctx)})
	return err
}

// await waits in parts, each up to a gate: a wait does not look again at what held once.
func (c *Cluster) await(ctx context.Context, conditions []component.Condition, onDoubt func(string)) error {
	var wanted []kube.Condition
	for i, cond := range conditions {
		wanted = append(wanted, kube.Condition{Name: cond.Name, Ref: cond.Ref, Check: kube.Check{
			Kind: kube.CheckKind(cond.Kind), Path: cond.Path, Value: cond.Value, Type: cond.Type, Rendered: (*kube.Rendered)(cond.Rendered),
		}})
		if !cond.Gate && i < len(conditions)-1 {
			continue
		}
		options := kube.WaitOptions{OnPending: func(seen string) { c.log.DebugContext(ctx, "waiting", "for", seen) }}
		if cond.Gate {
			options.Timeout = gatePatience
		}
		err := c.kube.Wait(ctx, wanted, options)
		if cond.Gate && ctx.Err() == nil && fault.Is(err, fault.Timeout, fault.Denied) {
			c.log.WarnContext(ctx, "going on in doubt", "err", err)
			if onDoubt != nil {
				onDoubt(err.Error())
			}
			err = nil
		}
		if err != nil {
			return err
		}
		wanted = nil
	}
	return nil
}

// gatePatience is how long a condition with Gate is waited for. It compares what a controller of somebody else's wrote, in a version that
// may be newer than what is known of it: it tells when to go on, and must not fail an installation that is well.
const gatePatience = 90 * time.Second

// retryFor leaves what remains of the operation's time for causes that pass by themselves.
func retryFor(ctx context.Context) time.Duration {
	const unbounded = 5 * time.Minute
	deadline, ok := ctx.Deadline()
	if !ok {
		return unbounded
	}
	return max(time.Until(deadline)-time.Second, time.Second)
}
