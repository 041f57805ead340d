package helm

import (
	"context"
	"errors"
	"fmt"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// getOCI finds a chart in a registry and downloads it unless the cache has it. A locked archive is asked for by its
// digest: no tag needs to be looked up, and none can lie.
func (c *Charts) getOCI(ctx context.Context, p place) ([]byte, error) {
	r, err := c.registry(p)
	if err != nil {
		return nil, err
	}
	if p.digest != "" && p.version != "" {
		data, err := c.blob(ctx, r, p, p.digest)
		if !errors.Is(err, errMissing) {
			return data, err
		}
	}
	found, err := c.findTag(ctx, r, p)
	if err != nil {
		return nil, err
	}
	if p.digest != "" && found.digest != p.digest {
		return nil, errLocked(p, found.version, p.digest, found.digest)
	}
	data, err := c.blob(ctx, r, p, found.digest)
	return data, missing(err, "chart %s %s: the registry has its manifest but not its archive", p, found.version)
}

func (c *Charts) blob(ctx context.Context, r *registry, p place, digest string) ([]byte, error) {
	return c.keep(ctx, p, digest, ociScheme+r.repo.Name(), func(ctx context.Context) ([]byte, error) {
		return r.blob(ctx, digest)
	})
}

// findTag returns the version that is wished for, asking the registry once in the life of c.
func (c *Charts) findTag(ctx context.Context, r *registry, p place) (tag, error) {
	key := ociScheme + r.repo.Name() + ":" + p.version
	return c.tagFlights.do(ctx, key, func(ctx context.Context) (tag, error) {
		c.mu.Lock()
		known, ok := c.tags[key]
		c.mu.Unlock()
		if ok {
			return known, nil
		}
		found, err := searchTag(ctx, r, p)
		if err != nil {
			return tag{}, fmt.Errorf("looking for chart %s: %w", p, err)
		}
		c.remember(key, found)
		return found, nil
	})
}

// searchTag looks an exact version up by its tag, and everything else in the list of tags.
func searchTag(ctx context.Context, r *registry, p place) (tag, error) {
	if exactVersion(p.version) {
		found, err := r.manifest(ctx, p.version)
		if !errors.Is(err, errMissing) {
			return found, err
		}
	}
	versions, err := listTags(ctx, r, p)
	if err != nil {
		return tag{}, err
	}
	at := pick(versions, p.version)
	if at < 0 {
		return tag{}, errVersion(p, versions)
	}
	found, err := r.manifest(ctx, versions[at])
	return found, missing(err, "version %s is listed but not there", versions[at])
}

func (c *Charts) tagsOf(ctx context.Context, p place) ([]string, error) {
	r, err := c.registry(p)
	if err != nil {
		return nil, err
	}
	return listTags(ctx, r, p)
}

// listTags lists the versions of a chart; one that is not there is fault.Invalid, with those that are if the
// registry tells.
func listTags(ctx context.Context, r *registry, p place) ([]string, error) {
	versions, err := r.versions(ctx)
	if !errors.Is(err, errMissing) {
		return versions, err
	}
	text := fmt.Sprintf("there is no chart %s", p.wanted())
	if beside := r.neighbours(ctx); len(beside) > 0 {
		text += ": " + describeNames(beside, p.name)
	}
	return nil, fault.New(fault.Invalid, errors.New(text))
}
