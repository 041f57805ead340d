package helm

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

const (
	// indexLimit is far above the biggest known index (20 MB).
	indexLimit = 256 << 20
	// archiveLimit is what Helm itself accepts unpacked (pkg/chart/loader/archive.go, MaxDecompressedChartSize).
	archiveLimit = 100 << 20
)

// Resolve finds the archive of a chart and keeps it in the cache. With a version and a digest that are in the cache
// nobody is asked; otherwise a repository's index is fetched once in the life of c.
//
// Errors: fault.Invalid for a chart or version that does not exist, with those that do; fault.Integrity for an
// archive that is not what the index, the manifest or the lock promised; fault.Unreachable and fault.Auth.
func (c *Charts) Resolve(ctx context.Context, ref ChartRef) (Chart, error) {
	_, chart, err := c.open(ctx, ref)
	return chart, err
}

// Versions lists the versions of a chart, newest first. Errors are those of [Charts.Resolve].
func (c *Charts) Versions(ctx context.Context, repository, name string) ([]string, error) {
	p, err := c.place(ChartRef{Repository: repository, Name: name})
	switch {
	case err != nil:
		return nil, err
	case p.local():
		_, chart, err := c.openLocal(p)
		return []string{chart.Version}, err
	case p.oci():
		return c.tagsOf(ctx, p)
	}
	entries, err := c.entriesOf(ctx, p)
	if err != nil {
		return nil, err
	}
	return versionsOf(entries), nil
}

func versionsOf(entries []entry) []string {
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = e.Version
	}
	return out
}

// open returns a chart's files with what is known of it.
func (c *Charts) open(ctx context.Context, ref ChartRef) (files, Chart, error) {
	p, err := c.place(ref)
	if err != nil {
		return nil, Chart{}, err
	}
	if p.local() {
		return c.openLocal(p)
	}
	if p.digest != "" {
		if data, path, err := c.archive.get(p.digest); err == nil {
			return c.describe(p, data, path)
		}
	}
	data, err := c.get(ctx, p)
	if err != nil {
		return nil, Chart{}, err
	}
	return c.describe(p, data, c.archive.file(sum(data)))
}

// describe reads an archive's own description and compares it with the wish.
func (c *Charts) describe(p place, data []byte, path string) (files, Chart, error) {
	chart, err := describeArchive(data)
	if err != nil {
		return nil, Chart{}, fault.Newf(fault.Invalid, "chart %s: %w", p, err)
	}
	if !allows(p.version, chart.Version) && p.version != "" {
		return nil, Chart{}, fault.Newf(fault.Integrity, "chart %s: the archive locked by sha256 %s is version %s, not %s",
			p, sum(data), chart.Version, p.version)
	}
	chart.Digest, chart.Path = digestPrefix+sum(data), path
	return archiveFiles(data), chart, nil
}

// get finds a chart in its repository and downloads it unless the cache has it.
func (c *Charts) get(ctx context.Context, p place) ([]byte, error) {
	if p.oci() {
		return c.getOCI(ctx, p)
	}
	found, err := c.findEntry(ctx, p)
	if err != nil {
		return nil, err
	}
	promised, err := hexDigest(strings.ToLower(found.Digest))
	if err != nil {
		return nil, fmt.Errorf("chart %s %s: %w", p, found.Version, err)
	}
	if p.digest != "" && promised != "" && promised != p.digest {
		return nil, errLocked(p, found.Version, p.digest, promised)
	}
	if promised == "" {
		promised = p.digest
	}
	address, as, err := chartURL(p, found)
	if err != nil {
		return nil, err
	}
	return c.keep(ctx, p, promised, address, func(ctx context.Context) ([]byte, error) {
		got, err := c.web.fetch(ctx, download{address: address, as: as, limit: archiveLimit})
		return got.body, missing(err, "chart %s %s: %s is in the index but not on the server", p, found.Version, plainURL(address))
	})
}

// missing turns [errMissing] into an error of kind fault.Invalid with a text.
func missing(err error, format string, args ...any) error {
	if errors.Is(err, errMissing) {
		return fault.Newf(fault.Invalid, format, args...)
	}
	return err
}

// keep returns the archive with the promised digest from the cache, or downloads, verifies and keeps it. Without a
// promise, what comes is kept under its own digest, and remembered for this process under its address.
func (c *Charts) keep(ctx context.Context, p place, promised, address string, fetch func(context.Context) ([]byte, error)) ([]byte, error) {
	return c.archiveFlights.do(ctx, address+" "+promised, func(ctx context.Context) ([]byte, error) {
		known := promised
		if known == "" {
			known = c.remembered(address)
		}
		if known != "" {
			if data, _, err := c.archive.get(known); err == nil {
				return data, nil
			}
		}
		data, err := fetch(ctx)
		if err != nil {
			return nil, fmt.Errorf("downloading chart %s: %w", p, err)
		}
		if err := verify(data, promised, "chart "+p.String()); err != nil {
			return nil, err
		}
		path, err := c.archive.put(data)
		if err != nil {
			return nil, err
		}
		c.remember(address, tag{digest: sum(data)})
		c.log.InfoContext(ctx, "downloaded a chart", "chart", p.name, "repository", p.repository, "path", path, "bytes", len(data))
		return data, nil
	})
}

func (c *Charts) remembered(key string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tags[key].digest
}

func (c *Charts) remember(key string, t tag) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tags[key] = t
}

// chartURL returns where an entry's archive is, and who to be there: credentials are for the repository's own host.
func chartURL(p place, e entry) (string, login, error) {
	base, err := url.Parse(p.repository + "/")
	if err != nil || len(e.URLs) == 0 {
		return "", login{}, fault.Newf(fault.Invalid, "chart %s %s: the index has no address for it", p, e.Version)
	}
	at, err := base.Parse(e.URLs[0])
	if err != nil {
		return "", login{}, fault.Newf(fault.Invalid, "chart %s %s: the index has a malformed address for it", p, e.Version)
	}
	if at.Scheme != base.Scheme || at.Host != base.Host {
		return at.String(), login{}, nil
	}
	return at.String(), p.as, nil
}
