package helm

import (
	"context"
	"fmt"
	"net/url"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// downloadLimit is far above what anybody puts into a ConfigMap.
const downloadLimit = 64 << 20

// Download fetches a file that is no chart, with the patience, proxies and CA of chart downloads and without
// credentials. digest, "sha256:<hex>" or plain hex, is what it must be; empty takes what comes.
//
// Errors: fault.Invalid for an address that is none or has nothing; fault.Integrity for other content than was
// promised; fault.Unreachable and fault.Auth.
func (c *Charts) Download(ctx context.Context, address, digest string) ([]byte, error) {
	promised, err := hexDigest(digest)
	if err != nil {
		return nil, err
	}
	if u, err := url.Parse(address); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, fault.Newf(fault.Invalid, "%q is not an address like https://...", plainURL(address))
	}
	got, err := c.web.fetch(ctx, download{address: address, limit: downloadLimit})
	if err := missing(err, "%s: not found (404)", plainURL(address)); err != nil {
		return nil, err
	}
	if has := sum(got.body); promised != "" && has != promised {
		return nil, fault.Newf(fault.Integrity, "%s: its sha256 is %s, %s was promised", plainURL(address), has, promised)
	}
	return got.body, nil
}

// Files returns all files of a chart by their path in it.
func (c *Charts) Files(ctx context.Context, ref ChartRef) (map[string][]byte, Chart, error) {
	load, found, err := c.open(ctx, ref)
	if err != nil {
		return nil, Chart{}, err
	}
	ch, err := load()
	if err != nil {
		return nil, Chart{}, err
	}
	files := make(map[string][]byte, len(ch.Raw))
	for _, f := range ch.Raw {
		files[f.Name] = f.Data
	}
	return files, found, nil
}

// Objects returns what a chart makes of its default values.
func (c *Charts) Objects(ctx context.Context, ref ChartRef) ([]object.Object, Chart, error) {
	rendered, err := New(Options{Charts: c, Logger: c.log}).Render(ctx, Spec{Release: "rendered", Namespace: "default", Chart: ref}, RenderOptions{})
	if err != nil {
		return nil, Chart{}, fmt.Errorf("chart %s: %w", ref.Name, err)
	}
	return rendered.Manifest, rendered.Chart, nil
}
