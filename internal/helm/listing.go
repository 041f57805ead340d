package helm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/Masterminds/semver/v3"
	"helm.sh/helm/v3/pkg/chart"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// Listed is a version of a chart as its repository describes it, without its archive.
type Listed struct {
	Name, Version, AppVersion string
	// KubeVersion is the chart's constraint on the cluster's version; empty means any.
	KubeVersion string
	// Digest is "sha256:<hex>" of the archive; empty when the repository does not say.
	Digest      string
	Description string
	Deprecated  bool
}

// Query says what of a repository is to be listed.
type Query struct {
	// Repository is https://... or oci://...; empty means the mirror, or the exception for a chart that has one.
	Repository string
	// Name selects charts: a name, or a pattern as in path.Match. Empty means all. A registry lists only the versions
	// of a chart that is named.
	Name string
	// Constraint selects versions, such as "~1.2" or ">= 1.0, < 2"; empty means all but prereleases.
	Constraint string
	// Limit is how many versions of each chart are listed, the newest first; zero means all.
	Limit int
}

// List says what a repository has: charts by name, the versions of each newest first. A chart that is not there is no
// error, its list is empty. Errors are those of [Charts.Resolve].
func (c *Charts) List(ctx context.Context, q Query) ([]Listed, error) {
	accept, err := q.versions()
	if err != nil {
		return nil, err
	}
	ref := ChartRef{Repository: q.Repository, Name: q.Name, Direct: q.Repository != ""}
	if ref.Repository == "" {
		ref.Repository = c.options.Mirror
	}
	if ref.Repository == "" && !c.excepted(q.Name) {
		return nil, fault.Newf(fault.Invalid, "no repository is named and there is no mirror")
	}
	if q.Name == "" {
		ref.Name = "*"
	}
	p, err := c.place(ref)
	if err != nil {
		return nil, err
	}
	if p.oci() {
		return c.listRegistry(ctx, p, q, accept)
	}
	return c.listIndex(ctx, p, q, accept)
}

func (c *Charts) excepted(name string) bool {
	e, found := c.options.Exceptions[name]
	return found && e.Repository != ""
}

// versions returns what selects versions.
func (q Query) versions() (func(string) bool, error) {
	wish := q.Constraint
	if wish == "" {
		wish = "*"
	}
	constraint, err := semver.NewConstraint(wish)
	if err != nil {
		return nil, fault.Newf(fault.Invalid, "%q is not a constraint on versions: %w", q.Constraint, err)
	}
	return func(version string) bool {
		v, err := semver.NewVersion(version)
		return err == nil && constraint.Check(v)
	}, nil
}

// full reports whether so many versions are enough.
func (q Query) full(versions int) bool { return q.Limit > 0 && versions >= q.Limit }

func (c *Charts) listIndex(ctx context.Context, p place, q Query, accept func(string) bool) ([]Listed, error) {
	index, err := c.index(ctx, p)
	if err != nil {
		return nil, err
	}
	var out []Listed
	for _, name := range index.names() {
		if matched, err := path.Match(p.name, name); err != nil || !matched {
			continue
		}
		entries, err := index.versions(name)
		if err != nil {
			return nil, fmt.Errorf("repository %s: %w", p.repository, err)
		}
		listed := 0
		for _, e := range entries {
			if q.full(listed) {
				break
			}
			if accept(e.Version) {
				out = append(out, e.listed(name))
				listed++
			}
		}
	}
	return out, nil
}

func (e entry) listed(name string) Listed {
	l := Listed{
		Name: name, Version: e.Version, AppVersion: e.AppVersion, KubeVersion: e.KubeVersion,
		Description: e.Description, Deprecated: e.Deprecated,
	}
	if digest, err := hexDigest(e.Digest); err == nil && digest != "" {
		l.Digest = digestPrefix + digest
	}
	return l
}

func (c *Charts) listRegistry(ctx context.Context, p place, q Query, accept func(string) bool) ([]Listed, error) {
	if path.Base(p.name) != p.name || hasPattern(p.name) {
		return nil, fault.Newf(fault.Invalid, "registry %s does not say which charts it has: name one", p.repository)
	}
	r, err := c.registry(p)
	if err != nil {
		return nil, err
	}
	versions, err := r.versions(ctx)
	if errors.Is(err, errMissing) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing the versions of chart %s: %w", p, err)
	}
	var out []Listed
	for _, version := range versions {
		if q.full(len(out)) {
			break
		}
		if !accept(version) {
			continue
		}
		one, err := r.describe(ctx, p, version)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// describe reads the description that lies beside a chart's archive.
func (r *registry) describe(ctx context.Context, p place, version string) (Listed, error) {
	found, err := r.manifest(ctx, version)
	if err != nil {
		return Listed{}, fmt.Errorf("looking for chart %s: %w", p, missing(err, "version %s is listed but not there", version))
	}
	l := Listed{Name: p.name, Version: version, Digest: digestPrefix + found.digest}
	if found.config == "" {
		return l, nil
	}
	got, err := r.fetch(ctx, r.repo.RepositoryStr()+"/blobs/"+digestPrefix+found.config, "", manifestLimit)
	if err != nil {
		return Listed{}, fmt.Errorf("reading the description of chart %s: %w", p, missing(err, "version %s has none", version))
	}
	var metadata chart.Metadata
	if json.Unmarshal(got.body, &metadata) == nil {
		l.AppVersion, l.KubeVersion = metadata.AppVersion, metadata.KubeVersion
		l.Description, l.Deprecated = metadata.Description, metadata.Deprecated
	}
	return l, nil
}

// Describe says what a repository knows of one chart, without its archive. It asks as much as [Charts.Resolve] does
// before it downloads, and its errors are the same.
func (c *Charts) Describe(ctx context.Context, ref ChartRef) (Listed, error) {
	p, err := c.place(ref)
	switch {
	case err != nil:
		return Listed{}, err
	case p.local():
		_, found, err := c.openLocal(p)
		return Listed{Name: found.Name, Version: found.Version, AppVersion: found.AppVersion, KubeVersion: found.KubeVersion, Digest: found.Digest}, err
	case p.oci():
		r, err := c.registry(p)
		if err != nil {
			return Listed{}, err
		}
		found, err := c.findTag(ctx, r, p)
		if err != nil {
			return Listed{}, err
		}
		return r.describe(ctx, p, found.version)
	}
	found, err := c.findEntry(ctx, p)
	return found.listed(p.name), err
}

func hasPattern(name string) bool { return strings.ContainsAny(name, `*?[\`) }
