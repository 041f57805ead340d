package helm

import (
	"context"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/release"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube/bound"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Render says what a chart would put on a cluster. It needs no cluster, unless templates are to look at one.
func (c *Client) Render(ctx context.Context, s Spec, o RenderOptions) (Rendered, error) {
	what := fmt.Sprintf("rendering release %s/%s", s.Namespace, s.Release)
	hide := newRedactor(s.Values, s.SecretValues)
	if err := checkSpec(s); err != nil {
		return Rendered{}, fmt.Errorf("%s: %w", what, err)
	}
	load, found, err := c.charts.open(ctx, s.Chart)
	if err != nil {
		return Rendered{}, fmt.Errorf("%s: %w", what, hide.err(err))
	}
	first, err := c.render(ctx, s, o, load)
	if err != nil {
		return Rendered{}, explain(ctx, err, session{faults: &faults{}}, what, hide)
	}
	out, err := readRendered(first, s.Namespace)
	if err != nil {
		return Rendered{}, fmt.Errorf("%s: %w", what, hide.err(err))
	}
	out.Chart = found
	if out.CRDs, err = crdObjects(first.Chart); err != nil {
		return Rendered{}, fmt.Errorf("%s: %w", what, err)
	}
	if !makesThingsUp(first.Chart) {
		return out, nil
	}
	again, err := c.render(ctx, s, o, load)
	if err != nil {
		return Rendered{}, explain(ctx, err, session{faults: &faults{}}, what, hide)
	}
	second, err := readRendered(again, s.Namespace)
	if err != nil {
		return Rendered{}, fmt.Errorf("%s: %w", what, hide.err(err))
	}
	out.Unstable = differing(out.Manifest, second.Manifest)
	return out, nil
}

// render does a dry run of an installation (pkg/action/install.go, ClientOnly).
func (c *Client) render(ctx context.Context, s Spec, o RenderOptions, load files) (*release.Release, error) {
	ch, err := load()
	if err != nil {
		return nil, err
	}
	values, err := helmValues(s)
	if err != nil {
		return nil, err
	}
	config := &action.Configuration{Log: c.debugLog(ctx, newRedactor(s.Values, s.SecretValues))}
	in := action.NewInstall(config)
	in.ClientOnly, in.DryRunOption, in.IsUpgrade, in.Replace = true, "client", o.Upgrade, true
	in.ReleaseName, in.Namespace = s.Release, s.Namespace
	in.APIVersions = o.APIVersions
	if o.KubeVersion != "" {
		if in.KubeVersion, err = kubeVersion(o.KubeVersion); err != nil {
			return nil, err
		}
	}
	if o.Lookup && c.options.Getter != nil {
		in.DryRunOption = "server"
		config.RESTClientGetter = bound.New(ctx, c.options.Getter)
	}
	return in.Run(ch, values)
}

// kubeVersion is chartutil.ParseKubeVersion without its loss: a live cluster tells "v1.35.7+rke2r1", and so must this.
func kubeVersion(version string) (*chartutil.KubeVersion, error) {
	v, err := semver.NewVersion(version)
	if err != nil {
		return nil, fault.Newf(fault.Invalid, "cluster version %q: %w", version, err)
	}
	return &chartutil.KubeVersion{
		Version: "v" + strings.TrimPrefix(version, "v"),
		Major:   strconv.FormatUint(v.Major(), 10),
		Minor:   strconv.FormatUint(v.Minor(), 10),
	}, nil
}

func readRendered(r *release.Release, namespace string) (Rendered, error) {
	objects, err := parseManifest([]byte(r.Manifest), namespace)
	if err != nil {
		return Rendered{}, fault.New(fault.Invalid, err)
	}
	hooks, err := parseHooks(r.Hooks, namespace)
	if err != nil {
		return Rendered{}, fault.New(fault.Invalid, err)
	}
	return Rendered{Manifest: objects, Hooks: hooks, Notes: r.Info.Notes}, nil
}

// unsteady are the template functions whose result differs from one call to the next.
var unsteady = regexp.MustCompile(`\b(rand[A-Z]\w*|uuidv4|gen(CA|PrivateKey|SelfSignedCert|SignedCert)\w*|now|ago|shuffle|htpasswd|bcrypt|encryptAES)\b`)

// makesThingsUp reports whether a template of the chart or its dependencies uses such a function.
func makesThingsUp(ch *chart.Chart) bool {
	for _, t := range ch.Templates {
		if unsteady.Match(t.Data) {
			return true
		}
	}
	for _, d := range ch.Dependencies() {
		if makesThingsUp(d) {
			return true
		}
	}
	return false
}

// differing lists the objects that are not the same in both renderings.
func differing(a, b []object.Object) []object.Ref {
	other := make(map[object.Ref]object.Object, len(b))
	for _, o := range b {
		other[object.RefOf(o)] = o
	}
	var out []object.Ref
	for _, o := range a {
		if ref := object.RefOf(o); !reflect.DeepEqual(o, other[ref]) {
			out = append(out, ref)
		}
	}
	return out
}
