package helm

import (
	"context"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// CRDs is [Charts.CRDsFor] with this client's charts.
func (c *Client) CRDs(ctx context.Context, ref ChartRef, values map[string]any) ([]object.Object, error) {
	return c.charts.CRDsFor(ctx, ref, values)
}

// CRDs returns the objects in the chart's crds/ folder and those of its dependencies, as far as the chart's default
// values leave them switched on.
func (c *Charts) CRDs(ctx context.Context, ref ChartRef) ([]object.Object, error) {
	return c.CRDsFor(ctx, ref, nil)
}

// CRDsFor is [Charts.CRDs] with values that may switch dependencies on and off.
func (c *Charts) CRDsFor(ctx context.Context, ref ChartRef, values map[string]any) ([]object.Object, error) {
	load, found, err := c.open(ctx, ref)
	if err != nil {
		return nil, err
	}
	ch, err := load()
	if err != nil {
		return nil, err
	}
	own, err := helmValues(Spec{Values: values})
	if err != nil {
		return nil, err
	}
	if err := chartutil.ProcessDependenciesWithMerge(ch, own); err != nil {
		return nil, fault.Newf(fault.Invalid, "chart %s %s: %w", found.Name, found.Version, err)
	}
	return crdObjects(ch)
}

func crdObjects(ch *chart.Chart) ([]object.Object, error) {
	var out []object.Object
	for _, crd := range ch.CRDObjects() {
		objects, err := parseManifest(crd.File.Data, "")
		if err != nil {
			return nil, fault.Newf(fault.Invalid, "chart %s: %s: %w", ch.Name(), crd.Filename, err)
		}
		out = append(out, objects...)
	}
	return out, nil
}
