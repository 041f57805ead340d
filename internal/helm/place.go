package helm

import (
	"net/url"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// login is a name and a password for a repository.
type login struct {
	username, password string
	// whenAsked keeps them back until the repository asks for credentials.
	whenAsked bool
}

func (l login) known() bool { return l.username != "" || l.password != "" }

// place is where a chart really comes from: its reference after mirror and exceptions.
type place struct {
	// repository has no credentials and no trailing slash; empty for a local path.
	repository string
	name       string
	version    string
	// digest is hex, or empty.
	digest string
	as     login
	// mirrored says that the repository stands in for the chart's own, and plain that an OCI registry is spoken to
	// without TLS.
	mirrored, plain bool
}

func (p place) local() bool { return p.repository == "" }
func (p place) oci() bool   { return strings.HasPrefix(p.repository, ociScheme) }

// String names the chart in messages.
func (p place) String() string {
	return p.in(p.name)
}

// wanted names the chart with the version that is wished for.
func (p place) wanted() string {
	if p.version == "" {
		return p.in(p.name)
	}
	return p.in(p.name + " " + p.version)
}

func (p place) in(what string) string {
	switch {
	case p.local():
		return what
	case p.mirrored:
		return what + " in the mirror " + p.repository
	}
	return what + " in " + p.repository
}

const ociScheme = "oci://"

// place applies mirror, exceptions and credentials to a reference. Errors are of kind fault.Invalid.
func (c *Charts) place(ref ChartRef) (place, error) {
	digest, err := hexDigest(ref.Digest)
	if err != nil {
		return place{}, err
	}
	p := place{repository: ref.Repository, name: ref.Name, version: strings.TrimSpace(ref.Version), digest: digest}
	if p.repository == "" && strings.HasPrefix(p.name, ociScheme) {
		p.repository, p.name = cutLast(p.name)
	}
	if p.name == "" {
		return place{}, fault.Newf(fault.Invalid, "the chart has no name")
	}
	if p.repository == "" {
		if strings.Contains(p.name, "://") {
			return place{}, fault.Newf(fault.Invalid, "chart %s: give the repository's address and the chart's name apart", plainURL(p.name))
		}
		return p, nil
	}
	p.as, p.plain = login{c.options.Username, c.options.Password, true}, c.options.PlainHTTP
	exception, found := c.options.Exceptions[p.name]
	switch {
	case ref.Direct && c.options.Mirror != "":
		p.as, p.plain = login{}, false // the mirror's credentials are not for other repositories
	case ref.Direct:
	case found:
		p.except(exception)
	case c.options.Mirror != "":
		p.repository, p.as.whenAsked, p.mirrored = c.options.Mirror, false, true
	}
	return p, p.normalise()
}

// except applies an exception. The mirror's credentials are not for other repositories.
func (p *place) except(e Exception) {
	p.as, p.plain = login{e.Username, e.Password, false}, e.PlainHTTP
	if e.Repository != "" {
		p.repository = e.Repository
	}
	if e.Name != "" {
		p.name = e.Name
	}
	if e.Version != "" {
		p.version = e.Version
	}
}

// normalise checks the repository's address and moves credentials out of it.
func (p *place) normalise() error {
	u, err := url.Parse(p.repository)
	if err != nil || u.Host == "" {
		return fault.Newf(fault.Invalid, "the repository of chart %s is not an address like https://... or oci://...", p.name)
	}
	switch u.Scheme {
	case "http", "https", "oci":
	default:
		return fault.Newf(fault.Invalid, "the repository of chart %s: scheme %q is none of https, http and oci", p.name, u.Scheme)
	}
	if u.User != nil && !p.as.known() {
		password, _ := u.User.Password()
		p.as = login{username: u.User.Username(), password: password}
	}
	u.User = nil
	p.repository = strings.TrimRight(u.String(), "/")
	return nil
}

// hexDigest returns the hex digits of a sha256 digest, or "" for none.
func hexDigest(digest string) (string, error) {
	hex := strings.TrimPrefix(digest, digestPrefix)
	if hex == "" {
		return "", nil
	}
	if len(hex) != 64 || strings.Trim(hex, "0123456789abcdef") != "" {
		return "", fault.Newf(fault.Invalid, "chart digest %q is not sha256:<64 lower case hex digits>", digest)
	}
	return hex, nil
}

const digestPrefix = "sha256:"

// cutLast splits a path before its last element.
func cutLast(path string) (dir, last string) {
	at := strings.LastIndexByte(path, '/')
	return path[:at], path[at+1:]
}
