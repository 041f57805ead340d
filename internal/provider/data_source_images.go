package provider

import (
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/images"
	"github.com/dxlab/terraform-provider-lab/internal/rke2"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

var _ datasource.DataSourceWithConfigure = (*imagesData)(nil)

func newImagesData() datasource.DataSource { return &imagesData{} }

type imagesData struct{ session *session }

const imagesType = "lab_images"

type imagesDataModel struct {
	Profile     types.String      `tfsdk:"profile"`
	Parts       types.Set         `tfsdk:"parts"`
	Versions    types.Map         `tfsdk:"versions"`
	Charts      []imagesChart     `tfsdk:"charts"`
	Kubernetes  types.String      `tfsdk:"kubernetes_version"`
	RKE2        *imagesRKE2       `tfsdk:"rke2"`
	Images      []string          `tfsdk:"images"`
	ByComponent map[string]texts  `tfsdk:"by_component"`
	Mirrored    map[string]string `tfsdk:"mirrored"`
}

type texts = []string

type imagesChart struct {
	Repository types.String `tfsdk:"repository"`
	Chart      types.String `tfsdk:"chart"`
	Version    types.String `tfsdk:"version"`
	Values     types.List   `tfsdk:"values"`
}

type imagesRKE2 struct {
	Version types.String `tfsdk:"version"`
	URL     types.String `tfsdk:"url"`
	Sets    types.List   `tfsdk:"sets"`
	Arch    types.String `tfsdk:"arch"`
}

func (d *imagesData) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = imagesType
}

func (d *imagesData) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (d *imagesData) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m imagesDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if err := m.list(ctx, d.session, &resp.Diagnostics); err != nil {
		addFault(&resp.Diagnostics, "Listing", "images", d.session.explainUnknown(err))
	}
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (m *imagesDataModel) list(ctx context.Context, s *session, diags *diag.Diagnostics) error {
	name := m.Profile.ValueString()
	if m.Profile.IsNull() {
		name = versions.Default().Name
	}
	profile, err := versions.Get(name)
	if err != nil {
		return err
	}
	kubernetes, _, _ := strings.Cut(profile.RKE2, "+")
	if v := m.Kubernetes.ValueString(); v != "" {
		kubernetes = v
	}
	lister := imageLister{charts: s.world.Charts(), kubernetes: kubernetes, found: map[string][]string{}}
	if lister.charts == nil {
		return fault.Newf(fault.Unreachable, "there is nothing to find charts with")
	}
	for _, part := range m.parts(ctx, diags) {
		components, err := partComponents(profile, part, textMap(ctx, m.Versions, diags)[part])
		if err != nil {
			return err
		}
		for _, c := range components {
			if err := lister.component(ctx, part, c); err != nil {
				return err
			}
		}
	}
	for _, chart := range m.Charts {
		if err := lister.named(ctx, chart, diags); err != nil {
			return err
		}
	}
	if err := lister.rke2(ctx, m.RKE2, diags); err != nil {
		return err
	}
	m.take(lister.found, s.settings.images)
	return nil
}

// parts are those that are asked for; without a word, the usual ones, unless charts are named instead.
func (m *imagesDataModel) parts(ctx context.Context, diags *diag.Diagnostics) []string {
	if m.Parts.IsNull() && (len(m.Charts) > 0 || m.RKE2 != nil) {
		return nil
	}
	if m.Parts.IsNull() {
		return partNames(false)
	}
	var out []string
	diags.Append(m.Parts.ElementsAs(ctx, &out, false)...)
	slices.Sort(out)
	return out
}

func (m *imagesDataModel) take(found map[string][]string, mirror images.Mirror) {
	m.ByComponent, m.Mirrored = map[string]texts{}, map[string]string{}
	var all []string
	for name, list := range found {
		m.ByComponent[name] = images.Sorted(list)
		all = append(all, list...)
	}
	m.Images = images.Sorted(all)
	for _, image := range m.Images {
		if moved := mirror.Image(image); moved != image {
			m.Mirrored[image] = moved
		}
	}
}

// imageLister collects the images of components by rendering their charts.
type imageLister struct {
	charts     *helm.Charts
	kubernetes string
	found      map[string][]string
}

func (l *imageLister) component(ctx context.Context, name string, c component.Component) error {
	for _, chart := range c.Charts {
		ref := helm.ChartRef{Repository: chart.Repository, Name: chart.Name, Version: chart.Version, Direct: chart.Direct}
		if err := l.chart(ctx, name, ref, chart); err != nil {
			return err
		}
	}
	l.found[name] = append(l.found[name], images.Of(c.Objects)...)
	return nil
}

func (l *imageLister) chart(ctx context.Context, name string, ref helm.ChartRef, chart component.Chart) error {
	got, err := helm.New(helm.Options{Charts: l.charts}).Render(ctx, helm.Spec{
		Release: chart.Release, Namespace: chart.Namespace, Chart: ref, Values: chart.Values,
	}, helm.RenderOptions{KubeVersion: l.kubernetes})
	if err != nil {
		return err
	}
	objects := slices.Clone(got.Manifest)
	for _, hook := range got.Hooks {
		if !slices.Contains(hook.Events, "test") { // nobody runs the tests of a chart
			objects = append(objects, hook.Object)
		}
	}
	l.found[name] = append(l.found[name], images.Of(objects)...)
	l.found[name] = append(l.found[name], images.Operands(chart.Name, got.Chart.AppVersion)...)
	return nil
}

// named lists a chart that the configuration names.
func (l *imageLister) named(ctx context.Context, c imagesChart, diags *diag.Diagnostics) error {
	values, err := helm.MergeValues(textList(ctx, c.Values, diags))
	if err != nil {
		return err
	}
	chart := component.Chart{Release: "release", Namespace: "default", Name: c.Chart.ValueString(), Version: c.Version.ValueString(), Values: values}
	ref := helm.ChartRef{Repository: c.Repository.ValueString(), Name: chart.Name, Version: chart.Version, Direct: true}
	return l.chart(ctx, chart.Name, ref, chart)
}

// rke2 adds the images that a release of RKE2 lists, checked against its sums.
func (l *imageLister) rke2(ctx context.Context, m *imagesRKE2, diags *diag.Diagnostics) error {
	if m == nil {
		return nil
	}
	sets, arch := textList(ctx, m.Sets, diags), m.Arch.ValueString()
	if m.Sets.IsNull() {
		sets = []string{"all"}
	}
	if arch == "" {
		arch = "amd64"
	}
	for _, set := range sets {
		list, err := rke2.Images(m.URL.ValueString(), m.Version.ValueString(), set, arch)
		if err != nil {
			return err
		}
		sums, err := l.charts.Download(ctx, list.Sums, "")
		if err != nil {
			return err
		}
		text, err := l.charts.Download(ctx, list.URL, list.Digest(sums))
		if err != nil {
			return err
		}
		l.found["rke2"] = append(l.found["rke2"], rke2.ReadImageList(text)...)
	}
	return nil
}
