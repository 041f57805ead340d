package provider

import (
	"maps"
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/certmanager"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/ingress"
	"github.com/dxlab/terraform-provider-lab/internal/istio"
	"github.com/dxlab/terraform-provider-lab/internal/kiali"
	"github.com/dxlab/terraform-provider-lab/internal/metallb"
	"github.com/dxlab/terraform-provider-lab/internal/monitoring"
	"github.com/dxlab/terraform-provider-lab/internal/otel"
	"github.com/dxlab/terraform-provider-lab/internal/samples"
	"github.com/dxlab/terraform-provider-lab/internal/tempo"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// imagePart is a part of a lab whose images can be listed.
type imagePart struct {
	// chart is the pinned chart that the part's version is of; empty for samples, which have images of their own.
	chart string
	// optional parts are listed only when they are asked for.
	optional bool
	// build makes the components of the part, with the values that their resources set.
	build func(p versions.Profile, o component.ChartOptions) []builder
}

// builder is what component packages have.
type builder interface {
	Component() (component.Component, error)
}

func one(b builder) []builder { return []builder{b} }

var imageParts = map[string]imagePart{
	"metallb": {chart: versions.MetalLB, build: func(_ versions.Profile, o component.ChartOptions) []builder {
		return one(metallb.Install{Chart: o})
	}},
	"metallb_bgp": {chart: versions.MetalLB, optional: true, build: func(_ versions.Profile, o component.ChartOptions) []builder {
		return one(metallb.Install{Chart: o, BGP: true})
	}},
	"istio": {chart: versions.Istiod, build: func(_ versions.Profile, o component.ChartOptions) []builder {
		return one(istio.Mesh{Version: o.Version, Repository: o.Repository})
	}},
	"istio_ambient": {chart: versions.Istiod, optional: true, build: func(_ versions.Profile, o component.ChartOptions) []builder {
		return one(istio.Mesh{Version: o.Version, Repository: o.Repository, Ambient: true})
	}},
	"cert_manager": {chart: versions.CertManager, build: func(_ versions.Profile, o component.ChartOptions) []builder {
		return one(certmanager.Install{Chart: o})
	}},
	"otel_operator": {chart: versions.OTelOperator, build: func(_ versions.Profile, o component.ChartOptions) []builder {
		return one(otel.Operator{Chart: o})
	}},
	"tempo": {chart: versions.Tempo, build: func(_ versions.Profile, o component.ChartOptions) []builder {
		return one(tempo.Install{Chart: o})
	}},
	"monitoring": {chart: versions.KubePrometheusStack, build: func(_ versions.Profile, o component.ChartOptions) []builder {
		return one(monitoring.Install{Flavor: monitoring.KubePrometheusStack, Chart: o})
	}},
	"rancher_monitoring": {chart: versions.RancherMonitoring, optional: true, build: func(_ versions.Profile, o component.ChartOptions) []builder {
		return one(monitoring.Install{Flavor: monitoring.RancherMonitoring, Chart: o})
	}},
	"kiali": {chart: versions.KialiOperator, build: func(_ versions.Profile, o component.ChartOptions) []builder {
		return one(kiali.Install{Chart: o})
	}},
	"traefik": {chart: versions.Traefik, optional: true, build: func(_ versions.Profile, o component.ChartOptions) []builder {
		return one(ingress.Install{Program: ingress.Traefik, Chart: o})
	}},
	"ingress_nginx": {chart: versions.IngressNginx, optional: true, build: func(_ versions.Profile, o component.ChartOptions) []builder {
		return one(ingress.Install{Program: ingress.Nginx, Chart: o})
	}},
	"samples": {build: func(p versions.Profile, _ component.ChartOptions) []builder {
		return []builder{
			samples.Nginx{Image: p.Images[versions.Nginx]},
			samples.HotROD{Image: p.Images[versions.HotROD]},
			samples.Bookinfo{Image: p.Images[versions.Bookinfo], Tag: p.Images[versions.BookinfoTag]},
		}
	}},
}

// partNames lists the parts, sorted; those that are listed without being asked for, or all.
func partNames(all bool) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(imageParts)) {
		if all || !imageParts[name].optional {
			out = append(out, name)
		}
	}
	return out
}

// partComponents makes the components of a part of a profile. version replaces the profile's. Errors are of kind
// fault.Invalid.
func partComponents(profile versions.Profile, name, version string) ([]component.Component, error) {
	part, known := imageParts[name]
	if !known {
		return nil, fault.Newf(fault.Invalid, "there is no part %q; there are %s", name, strings.Join(partNames(true), ", "))
	}
	pinned := profile.Chart(part.chart)
	switch {
	case part.chart == "" && version != "":
		return nil, fault.Newf(fault.Invalid, "part %s has no chart, so it takes no version", name)
	case part.chart != "" && version == "" && pinned.Version == "":
		return nil, fault.Newf(fault.Invalid, "profile %s has no %s; give its version, or leave it out", profile.Name, name)
	case version == "":
		version = pinned.Version
	}
	var out []component.Component
	for _, b := range part.build(profile, component.ChartOptions{Version: version}) {
		c, err := b.Component()
		if err != nil {
			return nil, err
		}
		for i := range c.Charts {
			c.Charts[i] = atHome(profile, c.Charts[i])
		}
		out = append(out, c)
	}
	return out, nil
}

// atHome takes a chart from where its profile says it is: charts move, and old versions stay behind.
func atHome(profile versions.Profile, chart component.Chart) component.Chart {
	for _, key := range profile.ChartKeys() {
		if pinned := profile.Chart(key); pinned.Name == chart.Name && pinned.Version == chart.Version {
			chart.Repository = pinned.Repository
		}
	}
	return chart
}
