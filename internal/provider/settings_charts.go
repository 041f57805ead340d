package provider

import (
	"context"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/images"
)

// What compatibility may be.
const (
	compatibilityError = "error"
	compatibilityWarn  = "warn"
)

func (r *settingsReader) charts(ctx context.Context, o types.Object) helm.ChartsOptions {
	var m chartsModel
	r.block(ctx, o, "charts", &m)
	options := helm.ChartsOptions{
		Mirror:     r.text(m.Mirror, "charts.mirror", "LAB_CHARTS_MIRROR"),
		Username:   r.text(m.Username, "charts.username", "LAB_CHARTS_USERNAME"),
		Password:   r.text(m.Password, "charts.password", "LAB_CHARTS_PASSWORD"),
		CA:         []byte(r.text(m.CA, "charts.ca_certificate", "")),
		PlainHTTP:  r.flag(m.PlainHTTP, "charts.plain_http", "LAB_CHARTS_PLAIN_HTTP", false),
		CacheDir:   r.path(r.text(m.CacheDir, "charts.cache_dir", "LAB_CHARTS_CACHE")),
		Exceptions: r.chartExceptions(ctx, m.Exceptions),
	}
	if file := os.Getenv("LAB_CHARTS_CA"); len(options.CA) == 0 && file != "" {
		ca, err := os.ReadFile(file) //nolint:gosec // the user names the file
		if err != nil {
			r.diags.AddError("Reading the file that LAB_CHARTS_CA names failed", err.Error())
		}
		options.CA = ca
	}
	return options
}

func (r *settingsReader) chartExceptions(ctx context.Context, m types.Map) map[string]helm.Exception {
	if !r.known(m, "charts.exceptions") {
		return nil
	}
	models := map[string]types.Object{}
	r.diags.Append(m.ElementsAs(ctx, &models, false)...)
	out := make(map[string]helm.Exception, len(models))
	for chart, o := range models {
		at := "charts.exceptions[" + strconv.Quote(chart) + "]"
		var e chartExceptionModel
		r.block(ctx, o, at, &e)
		out[chart] = helm.Exception{
			Repository: r.text(e.Repository, at+".repository", ""), Name: r.text(e.Name, at+".name", ""),
			Username: r.text(e.Username, at+".username", ""), Password: r.text(e.Password, at+".password", ""),
			PlainHTTP: r.flag(e.PlainHTTP, at+".plain_http", "", false),
		}
	}
	return out
}

// images reads where images come from, and whether all of that is known yet.
func (r *settingsReader) images(ctx context.Context, o types.Object) (images.Mirror, bool) {
	var m imagesModel
	r.block(ctx, o, "images", &m)
	mirror := images.Mirror{Registry: strings.TrimSuffix(r.text(m.Registry, "images.registry", "LAB_IMAGES_REGISTRY"), "/")}
	if mirror.Registry != "" && !registryName.MatchString(mirror.Registry) {
		r.diags.AddAttributeError(path.Root("images").AtName("registry"), "Not the name of a registry", strconv.Quote(mirror.Registry)+" is not host[:port][/path], without a scheme.")
	}
	if r.known(m.Exceptions, "images.exceptions") {
		mirror.Exceptions = textMap(ctx, m.Exceptions, r.diags)
		for name, v := range m.Exceptions.Elements() {
			r.known(v, "images.exceptions["+strconv.Quote(name)+"]")
		}
	}
	return mirror, !slices.ContainsFunc(r.unknown, func(name string) bool { return strings.HasPrefix(name, "images") })
}

func (r *settingsReader) compatibility(v types.String) string {
	switch text := r.text(v, "compatibility", "LAB_COMPATIBILITY"); text {
	case "":
		return compatibilityError
	case compatibilityError, compatibilityWarn:
		return text
	default:
		r.diags.AddAttributeError(path.Root("compatibility"), "Unknown compatibility", strconv.Quote(text)+" is neither \"error\" nor \"warn\".")
		return compatibilityError
	}
}
