package cluster

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Read says what a component looks like on the cluster. It fails with fault.NotFound only when the cluster has
// answered that nothing of the component is there: neither its first release nor, without charts, its first object, nor,
// without both, what it labels.
func (c *Cluster) Read(ctx context.Context, comp component.Component, o ReadOptions) (Observed, error) {
	scan := newScan(c, comp, o)
	for _, chart := range comp.Charts {
		release, err := c.helm.Get(ctx, chart.Namespace, chart.Release)
		switch {
		case fault.Is(err, fault.NotFound) && len(scan.observed.Charts) == 0:
			return Observed{}, fault.Newf(fault.NotFound, "there is no release %s/%s", chart.Namespace, chart.Release)
		case fault.Is(err, fault.NotFound):
			scan.missingRelease(chart)
		case err != nil:
			return Observed{}, err
		default:
			scan.release(chart, release)
		}
	}
	for _, obj := range comp.Objects {
		scan.want(obj)
	}
	if err := scan.look(ctx); err != nil {
		return Observed{}, err
	}
	if err := scan.present(ctx, comp); err != nil {
		return Observed{}, err
	}
	if err := scan.lookAtLabels(ctx, comp); err != nil {
		return Observed{}, err
	}
	outputs, err := c.outputs(ctx, comp)
	if err != nil {
		return Observed{}, err
	}
	scan.observed.Outputs = outputs
	scan.observed.Known.Objects = refsOf(comp.Objects)
	slices.Sort(scan.observed.Drift)
	return scan.observed, nil
}

// present fails with fault.NotFound when a component without charts has lost its first object.
func (s *scan) present(ctx context.Context, comp component.Component) error {
	if len(comp.Charts) > 0 || len(comp.Objects) == 0 {
		return nil
	}
	first := object.RefOf(comp.Objects[0])
	if s.options.Drift != DriftFind {
		_, err := s.cluster.kube.Get(ctx, first)
		return err
	}
	if s.missing[key(first)] {
		return fault.Newf(fault.NotFound, "%s is not there", first)
	}
	return nil
}

// Objects reads objects as they are. Those that are not there are left out.
func (c *Cluster) Objects(ctx context.Context, refs ...object.Ref) ([]object.Object, error) {
	var found []object.Object
	for _, ref := range refs {
		o, err := c.kube.Get(ctx, ref)
		switch {
		case fault.Is(err, fault.NotFound):
		case err != nil:
			return nil, err
		default:
			found = append(found, o)
		}
	}
	return found, nil
}

// releaseDrift lists what differs between one release's record and the cluster.
func (c *Cluster) releaseDrift(ctx context.Context, comp component.Component, chart component.Chart) ([]string, error) {
	release, err := c.helm.Get(ctx, chart.Namespace, chart.Release)
	if err != nil {
		return nil, err
	}
	scan := newScan(c, comp, ReadOptions{Drift: DriftFind})
	scan.release(chart, release)
	if err := scan.look(ctx); err != nil {
		return nil, err
	}
	return scan.observed.Drift, nil
}

// outputs reads the values that only the cluster knows. One that is not there yet is left out.
func (c *Cluster) outputs(ctx context.Context, comp component.Component) (map[string]string, error) {
	out := map[string]string{}
	live := map[string]object.Object{}
	for _, output := range comp.Outputs {
		o, read := live[key(output.Ref)]
		if !read {
			var err error
			o, err = c.kube.Get(ctx, output.Ref)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return nil, err
			}
			live[key(output.Ref)] = o
		}
		if text := textAt(o, output.Path); text != "" {
			out[output.Name] = text
		}
	}
	return out, nil
}

// scan collects what is wanted, then looks at all of it together: one metadata list for each kind and namespace, and
// a full read only of what changed since it was last verified.
type scan struct {
	cluster  *Cluster
	options  ReadOptions
	rules    []component.IgnoreRule
	observed Observed
	wanted   []object.Object
	missing  map[string]bool
}

func newScan(c *Cluster, comp component.Component, o ReadOptions) *scan {
	return &scan{
		cluster: c, options: o, rules: slices.Concat(comp.Ignore, everywhere), missing: map[string]bool{},
		observed: Observed{Objects: map[string]string{}, Known: Known{Verified: map[string]string{}, Releases: map[string]int{}}},
	}
}

// release takes over what a release's record says and wants all of its objects.
func (s *scan) release(chart component.Chart, r helm.Release) {
	s.observed.Charts = append(s.observed.Charts, ChartObserved{
		Release: r.Name, Namespace: r.Namespace, Chart: r.Chart, Version: r.Version, AppVersion: r.AppVersion,
		Digest: r.ChartDigest, Status: r.Status, Revision: r.Revision, Updated: r.Updated, Healed: r.Healed,
	})
	s.observed.Known.Releases[releaseKey(chart)] = r.Revision
	if s.options.Drift == DriftFind {
		s.observed.Drift = append(s.observed.Drift, recordDrift(chart, r, s.options.Known.Releases[releaseKey(chart)])...)
	}
	for _, o := range r.Objects {
		s.want(o)
	}
}

func (s *scan) missingRelease(chart component.Chart) {
	s.observed.Charts = append(s.observed.Charts, ChartObserved{Release: chart.Release, Namespace: chart.Namespace, Chart: chart.Name})
	if s.options.Drift == DriftFind {
		s.observed.Drift = append(s.observed.Drift, "release "+releaseKey(chart)+": it is missing")
	}
}

func (s *scan) want(o object.Object) {
	s.wanted = append(s.wanted, o)
	s.observed.Objects[object.RefOf(o).String()] = digest(o)
}

// parallelLists bounds the requests under way at once for one component.
const parallelLists = 8

// look compares everything that is wanted with the cluster.
func (s *scan) look(ctx context.Context) error {
	if s.options.Drift != DriftFind {
		return nil
	}
	groups := groupByList(s.wanted)
	results := make([]groupResult, len(groups))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelLists)
	for i, group := range groups {
		g.Go(func() error {
			var err error
			results[i], err = s.lookAt(ctx, group)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, r := range results {
		s.observed.Drift = append(s.observed.Drift, r.drift...)
		for k, v := range r.verified {
			s.observed.Known.Verified[k] = v
		}
		for _, k := range r.missing {
			s.missing[k] = true
		}
	}
	return nil
}
