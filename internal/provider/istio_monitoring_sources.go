package provider

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	tfpath "github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/istiomonitoring"
)

type dashboardSourceModel struct {
	URL     types.String         `tfsdk:"url"`
	File    types.String         `tfsdk:"file"`
	Chart   *dashboardChartModel `tfsdk:"chart"`
	Builtin types.String         `tfsdk:"builtin"`
	SHA256  types.String         `tfsdk:"sha256"`
}

type dashboardChartModel struct {
	Repository types.String `tfsdk:"repository"`
	Name       types.String `tfsdk:"name"`
	Version    types.String `tfsdk:"version"`
	Files      types.List   `tfsdk:"files"`
}

// dashboardSource is one place that dashboards come from; exactly one of its first four fields is set.
type dashboardSource struct {
	url, file, builtin string
	chart              *helm.ChartRef
	files              []string
	sha256             string
}

// String names the source in the state and in messages; credentials in an address are left out.
func (s dashboardSource) String() string {
	switch {
	case s.chart != nil:
		return strings.TrimSpace("chart " + s.chart.Name + " " + s.chart.Version)
	case s.url != "":
		u, err := url.Parse(s.url)
		if err != nil {
			return "a malformed address"
		}
		u.User, u.RawQuery = nil, ""
		return u.String()
	case s.file != "":
		return s.file
	}
	return "builtin " + s.builtin
}

// sources are the configured sources; none at all means our own dashboard.
func (m *istioMonitoringModel) sources(ctx context.Context, diags *diag.Diagnostics) []dashboardSource {
	if m.Dashboards == nil {
		return []dashboardSource{{builtin: builtinOverview}}
	}
	all := make([]dashboardSource, 0, len(m.Dashboards))
	for _, d := range m.Dashboards {
		s := dashboardSource{url: d.URL.ValueString(), file: d.File.ValueString(), builtin: d.Builtin.ValueString(), sha256: d.SHA256.ValueString()}
		if c := d.Chart; c != nil {
			s.chart = &helm.ChartRef{Repository: c.Repository.ValueString(), Name: c.Name.ValueString(), Version: c.Version.ValueString(), Digest: s.sha256}
			s.files = textList(ctx, c.Files, diags)
		}
		all = append(all, s)
	}
	return all
}

// fetchedDashboards are dashboards with the sha256 of what each source had.
type fetchedDashboards struct {
	dashboards []istiomonitoring.Dashboard
	digests    map[string]string
}

// fetchDashboards reads all sources in their order.
func fetchDashboards(ctx context.Context, l Library, sources []dashboardSource) (fetchedDashboards, error) {
	out := fetchedDashboards{digests: map[string]string{}}
	for _, s := range sources {
		found, digest, err := s.fetch(ctx, l)
		if err != nil {
			return fetchedDashboards{}, fmt.Errorf("dashboards of %s: %w", s, err)
		}
		out.dashboards = append(out.dashboards, found...)
		if digest != "" {
			out.digests[s.String()] = strings.TrimPrefix(digest, "sha256:")
		}
	}
	return out, nil
}

func (s dashboardSource) fetch(ctx context.Context, l Library) ([]istiomonitoring.Dashboard, string, error) {
	switch {
	case s.builtin != "":
		return []istiomonitoring.Dashboard{istiomonitoring.Overview()}, "", nil
	case s.chart != nil && len(s.files) > 0:
		return s.inFiles(ctx, l)
	case s.chart != nil:
		return s.inObjects(ctx, l)
	case s.url != "":
		content, err := l.Download(ctx, s.url, s.sha256)
		return readSource(s.String(), content, err)
	}
	content, err := s.open()
	return readSource(s.file, content, err)
}

func readSource(name string, content []byte, err error) ([]istiomonitoring.Dashboard, string, error) {
	if err != nil {
		return nil, "", err
	}
	found, err := istiomonitoring.Read(path.Base(name), content)
	return found, sumOf(content), err
}

func sumOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// open reads a local file and compares it with its checksum.
func (s dashboardSource) open() ([]byte, error) {
	content, err := os.ReadFile(s.file)
	if err != nil {
		return nil, fault.New(fault.Invalid, err)
	}
	wanted := strings.ToLower(strings.TrimPrefix(s.sha256, "sha256:"))
	if has := sumOf(content); wanted != "" && has != wanted {
		return nil, fault.Newf(fault.Integrity, "its sha256 is %s, %s was promised", has, wanted)
	}
	return content, nil
}

// inFiles finds dashboards in the files of a chart that one of the patterns matches.
func (s dashboardSource) inFiles(ctx context.Context, l Library) ([]istiomonitoring.Dashboard, string, error) {
	files, chart, err := l.Files(ctx, *s.chart)
	if err != nil {
		return nil, "", err
	}
	var names []string
	for name := range files {
		if slices.ContainsFunc(s.files, func(pattern string) bool { ok, err := path.Match(pattern, name); return ok && err == nil }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var found []istiomonitoring.Dashboard
	for _, name := range names {
		more, err := istiomonitoring.Read(name, files[name])
		if err != nil {
			return nil, "", err
		}
		found = append(found, more...)
	}
	if len(found) == 0 {
		return nil, "", fault.Newf(fault.Invalid, "it has no file that matches %s", strings.Join(s.files, " or "))
	}
	return found, chart.Digest, nil
}

// inObjects finds dashboards in the ConfigMaps that a chart makes.
func (s dashboardSource) inObjects(ctx context.Context, l Library) ([]istiomonitoring.Dashboard, string, error) {
	objects, chart, err := l.Objects(ctx, *s.chart)
	if err != nil {
		return nil, "", err
	}
	var found []istiomonitoring.Dashboard
	for _, o := range objects {
		more, err := istiomonitoring.ReadConfigMap(o)
		if err != nil {
			return nil, "", err
		}
		found = append(found, more...)
	}
	if len(found) == 0 {
		return nil, "", fault.Newf(fault.Invalid, "it makes no ConfigMap with a dashboard; name files of the chart")
	}
	return found, chart.Digest, nil
}

// planDashboardFiles looks at local files, which a plan may do at no cost: one that has changed since it was installed
// makes an update, and one that is not what its checksum says is an error at once.
func planDashboardFiles(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || !settledApartFromCluster(req.Config.Raw) {
		return
	}
	var m istioMonitoringModel
	resp.Diagnostics.Append(getKnown(ctx, req.Plan, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	known := textMap(ctx, m.SourceDigests, &resp.Diagnostics)
	for i, s := range m.sources(ctx, &resp.Diagnostics) {
		if s.file == "" {
			continue
		}
		content, err := s.open()
		if err == nil {
			_, err = istiomonitoring.Read(path.Base(s.file), content)
		}
		if err != nil {
			resp.Diagnostics.AddAttributeError(tfpath.Root("dashboards").AtListIndex(i).AtName("file"), "Unusable file of dashboards", sentence(err.Error()))
			continue
		}
		if before, installed := known[s.String()]; installed && before != sumOf(content) {
			resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, tfpath.Root("source_digests"), types.MapUnknown(types.StringType))...)
		}
	}
}
