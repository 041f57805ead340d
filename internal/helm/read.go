package helm

import (
	"context"
	"fmt"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// Get reads the newest revision of a release, with one request. A release that is not there, or was taken off with
// its history kept, is fault.NotFound; nothing else is.
func (c *Client) Get(ctx context.Context, namespace, release string) (Release, error) {
	what := fmt.Sprintf("reading release %s/%s", namespace, release)
	found, err := c.records(ctx, namespace, release, false)
	if err == nil && len(found) == 0 {
		found, err = c.records(ctx, namespace, release, true)
	}
	if err != nil {
		return Release{}, fmt.Errorf("%s: %w", what, err)
	}
	if len(found) == 0 || uninstalled(found) {
		return Release{}, fault.Newf(fault.NotFound, "%s: there is no such release", what)
	}
	return found[0].release()
}

// History reads all revisions of a release that are kept, newest first; none at all is fault.NotFound.
func (c *Client) History(ctx context.Context, namespace, release string) ([]Release, error) {
	what := fmt.Sprintf("reading the history of release %s/%s", namespace, release)
	found, err := c.records(ctx, namespace, release, true)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if len(found) == 0 {
		return nil, fault.Newf(fault.NotFound, "%s: there is no such release", what)
	}
	out := make([]Release, len(found))
	for i, r := range found {
		if out[i], err = r.release(); err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
	}
	return out, nil
}

func (c *Client) records(ctx context.Context, namespace, release string, all bool) ([]record, error) {
	s, err := c.connect(ctx, namespace, c.debugLog(ctx, redactor{}))
	if err != nil {
		return nil, err
	}
	found, err := s.records.list(ctx, release, all)
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return found, err
}
