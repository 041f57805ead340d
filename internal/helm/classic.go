package helm

import (
	"context"
	"fmt"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// index returns the index of a repository, fetched and cut once in the life of c.
func (c *Charts) index(ctx context.Context, p place) (*index, error) {
	key := p.repository + " " + p.as.username
	return c.indexFlights.do(ctx, key, func(ctx context.Context) (*index, error) {
		c.mu.Lock()
		known := c.indexes[key]
		c.mu.Unlock()
		if known != nil {
			return known, nil
		}
		address := p.repository + "/index.yaml"
		got, err := c.web.fetch(ctx, download{address: address, as: p.as, limit: indexLimit})
		if err != nil {
			err = missing(err, "there is no chart repository at %s: it has no index.yaml", p.repository)
			return nil, fmt.Errorf("fetching a chart index: %w", err)
		}
		read, err := readIndex(got.body)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", plainURL(address), err)
		}
		c.log.DebugContext(ctx, "fetched a chart index", "repository", p.repository, "bytes", len(got.body))
		c.mu.Lock()
		defer c.mu.Unlock()
		c.indexes[key] = read
		return read, nil
	})
}

// entriesOf lists the versions of a chart, newest first. A chart that is not there is fault.Invalid with those that are.
func (c *Charts) entriesOf(ctx context.Context, p place) ([]entry, error) {
	index, err := c.index(ctx, p)
	if err != nil {
		return nil, err
	}
	entries, err := index.versions(p.name)
	if err != nil {
		return nil, fmt.Errorf("repository %s: %w", p.repository, err)
	}
	if len(entries) == 0 {
		return nil, fault.Newf(fault.Invalid, "there is no chart %s: %s", p.wanted(), describeNames(index.names(), p.name))
	}
	return entries, nil
}

// findEntry returns the version of a chart that is wished for.
func (c *Charts) findEntry(ctx context.Context, p place) (entry, error) {
	entries, err := c.entriesOf(ctx, p)
	if err != nil {
		return entry{}, err
	}
	versions := versionsOf(entries)
	at := pick(versions, p.version)
	if at < 0 {
		return entry{}, errVersion(p, versions)
	}
	return entries[at], nil
}

// errVersion says that no version is what was wished for, and which there are.
func errVersion(p place, versions []string) error {
	wish := "version " + p.version
	if p.version == "" {
		wish = "stable version"
	}
	return fault.Newf(fault.Invalid, "chart %s has no %s: %s", p, wish, describeVersions(versions, p.version))
}
