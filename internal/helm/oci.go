package helm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// Media types of Helm's artifacts (pkg/registry/constants.go) and of the manifest around them.
const (
	manifestType     = "application/vnd.oci.image.manifest.v1+json"
	chartLayerType   = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
	oldChartLayer    = "application/tar+gzip"
	manifestLimit    = 4 << 20
	tagPageSize      = 1000
	maxTagPages      = 50
	catalogSize      = 1000
	registryListSize = 16 << 20
)

// tag is a version of a chart in a registry.
type tag struct {
	version string
	// digest is the hex sha256 of the chart's archive, and config that of the chart's description.
	digest, config string
}

// registry is one repository of an OCI registry, such as quay.io/metallb/chart/metallb.
type registry struct {
	web    web
	repo   name.Repository
	logins []authn.Authenticator
	plain  bool
	over   http.RoundTripper
}

func (c *Charts) registry(p place) (*registry, error) {
	var options []name.Option
	if p.plain {
		options = append(options, name.Insecure)
	}
	repo, err := name.NewRepository(strings.TrimPrefix(p.repository, ociScheme)+"/"+p.name, options...)
	if err != nil {
		return nil, fault.Newf(fault.Invalid, "chart %s: not the name of a repository in a registry: %w", p, err)
	}
	return &registry{web: c.web, repo: repo, logins: c.logins(p.as, repo), plain: p.plain}, nil
}

// fetch asks the registry, trying the logins one after the other while it refuses them. The one that works is kept.
func (r *registry) fetch(ctx context.Context, what, accept string, limit int64) (page, error) {
	address := what
	if !strings.Contains(what, "://") {
		address = fmt.Sprintf("%s://%s/v2/%s", r.repo.Scheme(), r.repo.RegistryStr(), what)
	}
	d := download{address: address, accept: accept, limit: limit, over: r.over}
	if r.over != nil {
		return r.web.fetch(ctx, d)
	}
	var refused error
	for _, as := range r.logins {
		over, err := r.login(ctx, as)
		if err == nil {
			d.over = over
			var got page
			if got, err = r.web.fetch(ctx, d); err == nil || errors.Is(err, errMissing) {
				r.over = over
				return got, err
			}
		}
		if !fault.Is(err, fault.Auth) {
			return page{}, err
		}
		refused = err
	}
	return page{}, refused
}

// login does the handshake of the registry: a ping, and a token when it wants one.
func (r *registry) login(ctx context.Context, as authn.Authenticator) (http.RoundTripper, error) {
	base, err := r.web.transport()
	if err != nil {
		return nil, err
	}
	where := ociScheme + r.repo.Name()
	return retry(ctx, r.web.pause, func() (http.RoundTripper, error) {
		over, err := transport.NewWithContext(ctx, r.repo.Registry, as, guard{base, r.plain},
			[]string{r.repo.Scope(transport.PullScope)})
		var status *transport.Error
		if errors.As(err, &status) {
			err = statusError{status.StatusCode}
		}
		return over, classifyWeb(ctx, err, where)
	})
}

// guard refuses to speak to a registry without TLS, unless that is wanted or it is on this machine.
// go-containerregistry tries http for private addresses by itself (pkg/name/registry.go, Scheme).
type guard struct {
	next  http.RoundTripper
	plain bool
}

// RoundTrip passes a request on or refuses it.
func (g guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "http" && !g.plain && !loopback(r.URL.Hostname()) {
		return nil, fault.Newf(fault.Invalid, "registry %s is not spoken to without TLS", r.URL.Host)
	}
	return g.next.RoundTrip(r)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// manifest returns the digest of the chart's archive under a tag, or [errMissing].
func (r *registry) manifest(ctx context.Context, version string) (tag, error) {
	reference := strings.ReplaceAll(version, "+", "_")
	got, err := r.fetch(ctx, r.repo.RepositoryStr()+"/manifests/"+reference, manifestType, manifestLimit)
	if err != nil {
		return tag{}, err
	}
	var manifest struct {
		Config struct {
			Digest string `json:"digest"`
		} `json:"config"`
		Layers []struct {
			MediaType string `json:"mediaType"`
			Digest    string `json:"digest"`
		} `json:"layers"`
	}
	if err := json.Unmarshal(got.body, &manifest); err != nil {
		return tag{}, fault.Newf(fault.Invalid, "%s:%s: malformed manifest: %w", r.repo, reference, err)
	}
	for _, layer := range manifest.Layers {
		if layer.MediaType == chartLayerType || layer.MediaType == oldChartLayer {
			digest, err := hexDigest(layer.Digest)
			config, _ := hexDigest(manifest.Config.Digest) // an artifact without a description is a chart all the same
			return tag{version, digest, config}, err
		}
	}
	return tag{}, fault.Newf(fault.Invalid, "%s:%s is not a Helm chart", r.repo, reference)
}

// blob downloads an archive, or says [errMissing].
func (r *registry) blob(ctx context.Context, digest string) ([]byte, error) {
	got, err := r.fetch(ctx, r.repo.RepositoryStr()+"/blobs/"+digestPrefix+digest, "", archiveLimit)
	return got.body, err
}

// versions lists the tags that are versions, newest first, or says [errMissing].
func (r *registry) versions(ctx context.Context) ([]string, error) {
	var versions []*semver.Version
	next := fmt.Sprintf("%s/tags/list?n=%d", r.repo.RepositoryStr(), tagPageSize)
	for range maxTagPages {
		got, err := r.fetch(ctx, next, "", registryListSize)
		if err != nil {
			return nil, err
		}
		var list struct {
			Tags []string `json:"tags"`
		}
		if err := json.Unmarshal(got.body, &list); err != nil {
			return nil, fault.Newf(fault.Invalid, "%s: malformed list of tags: %w", r.repo, err)
		}
		for _, t := range list.Tags {
			if v, err := semver.NewVersion(strings.ReplaceAll(t, "_", "+")); err == nil {
				versions = append(versions, v)
			}
		}
		if next = got.link; next == "" {
			break
		}
	}
	slices.SortStableFunc(versions, func(a, b *semver.Version) int { return b.Compare(a) })
	out := make([]string, len(versions))
	for i, v := range versions {
		out[i] = v.Original()
	}
	return out, nil
}

// neighbours lists the charts beside this one, as far as the registry tells: most public ones do not.
func (r *registry) neighbours(ctx context.Context) []string {
	got, err := r.fetch(ctx, fmt.Sprintf("_catalog?n=%d", catalogSize), "", registryListSize)
	if err != nil {
		return nil
	}
	var list struct {
		Repositories []string `json:"repositories"`
	}
	if json.Unmarshal(got.body, &list) != nil {
		return nil
	}
	var out []string
	for _, repo := range list.Repositories {
		if path.Dir(repo) == path.Dir(r.repo.RepositoryStr()) {
			out = append(out, path.Base(repo))
		}
	}
	return out
}
