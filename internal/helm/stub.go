package helm

import (
	"context"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

type turns struct{}
type connector func()

func clusterConnector(Options) connector { return nil }

// Install puts a chart on the cluster.
func (c *Client) Install(ctx context.Context, s Spec) (Release, error) { panic("soon") }

// Upgrade changes a release.
func (c *Client) Upgrade(ctx context.Context, s Spec) (Release, error) { panic("soon") }

// Apply installs, upgrades or heals.
func (c *Client) Apply(ctx context.Context, s Spec) (Release, error) { panic("soon") }

// Uninstall removes a release.
func (c *Client) Uninstall(ctx context.Context, s UninstallSpec) error { panic("soon") }

// Get reads a release.
func (c *Client) Get(ctx context.Context, namespace, release string) (Release, error) { panic("soon") }

// History reads all revisions of a release, newest first.
func (c *Client) History(ctx context.Context, namespace, release string) ([]Release, error) {
	panic("soon")
}

// Render renders a chart.
func (c *Client) Render(ctx context.Context, s Spec, o RenderOptions) (Rendered, error) { panic("soon") }

// Resolve finds a chart's archive.
func (c *Charts) Resolve(ctx context.Context, ref ChartRef) (Chart, error) { panic("soon") }

// Versions lists the versions of a chart, newest first.
func (c *Charts) Versions(ctx context.Context, repository, name string) ([]string, error) {
	panic("soon")
}

// CRDs returns the crds/ folder of a chart with its default values.
func (c *Charts) CRDs(ctx context.Context, ref ChartRef) ([]object.Object, error) { panic("soon") }

// CRDsFor returns the crds/ folder of a chart, without those of dependencies that values switch off.
func (c *Charts) CRDsFor(ctx context.Context, ref ChartRef, values map[string]any) ([]object.Object, error) {
	panic("soon")
}

// MergeValues merges YAML documents in order.
func MergeValues(docs []string) (map[string]any, error) { panic("soon") }
