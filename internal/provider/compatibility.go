package provider

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/images"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/reach"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// lookTimeout bounds each look of a plan at a cluster or a repository: both are there to warn early, and the apply looks
// again.
const lookTimeout = 15 * time.Second

// checkVersions compares what a plan installs with the cluster that it goes to and with what else is planned there.
// A plan that installs nothing new asks nobody.
func checkVersions[T any, M modelOf[T]](ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse, p planned) {
	if p.Session == nil {
		return
	}
	m, before := M(new(T)), M(new(T))
	var quiet diag.Diagnostics // whatever is wrong with the plan has been said by others
	quiet.Append(getKnown(ctx, req.Plan, m)...)
	var reference types.Object
	quiet.Append(req.Plan.GetAttribute(ctx, path.Root("cluster"), &reference)...)
	if quiet.HasError() {
		return
	}
	c := m.component(ctx, secrets{}, &quiet)
	own := piecesOf(m, c)
	if len(c.Charts)+len(own) == 0 {
		return
	}
	changes := true
	if !req.State.Raw.IsNull() {
		quiet.Append(req.State.Get(ctx, before)...)
		changes = changesVersions(m, before.component(ctx, secrets{}, &quiet), c)
	}
	for name, one := range own {
		one.what, one.changes = named(p.What, m), changes
		own[name] = one
	}
	s := p.Session
	findings := together(own, s.walk.plan(reference.String(), own))
	version, certain := "", true
	if reference.IsUnknown() {
		version, certain = s.walk.newCluster()
	}
	if changes {
		if !reference.IsUnknown() {
			version = s.kubernetesOf(ctx, referenceOf(ctx, reference, m.base().ClusterUID, &quiet))
		}
		findings = append(findings, s.fits(ctx, m, c, version)...)
	}
	s.tell(findings, named(p.What, m), certain, &resp.Diagnostics)
}

// piecesOf lists what of a component has a version that others depend on, by a name that is its own on a cluster.
func piecesOf(m resourceModel, c component.Component) map[string]piece {
	out := map[string]piece{}
	for _, chart := range c.Charts {
		if chart.Version != "" && knownChart(m, chart) {
			out[chart.Namespace+"/"+chart.Release] = piece{Piece: versions.Piece{Name: chart.Name, Version: chart.Version}}
		}
	}
	for _, o := range c.Objects {
		ref := object.RefOf(o)
		if ref.Kind != "OpenTelemetryCollector" {
			continue
		}
		if tag := images.Tag(object.String(o, "spec", "image")); tag != "" {
			out[ref.String()] = piece{Piece: versions.Piece{Name: versions.Collector, Version: tag}}
		}
	}
	return out
}

// changesVersions reports whether two components of a model differ in a chart or in another piece.
func changesVersions(m resourceModel, before, after component.Component) bool {
	charts := func(c component.Component) map[string]string {
		out := map[string]string{}
		for _, chart := range c.Charts {
			out[chart.Namespace+"/"+chart.Release] = chart.Repository + " " + chart.Name + " " + chart.Version
		}
		return out
	}
	return !maps.Equal(charts(before), charts(after)) || !maps.Equal(piecesOf(m, before), piecesOf(m, after))
}

// knownChart reports whether a chart is the one that its name says. In a release of the user's own making it is when it
// comes from upstream's repository.
func knownChart(m resourceModel, chart component.Chart) bool {
	if _, own := m.(asWritten); !own {
		return true
	}
	pinned, ok := versions.Pinned(chart.Name, chart.Version)
	home := strings.TrimSuffix(chart.Repository, "/")
	return ok && home != "" && (home == pinned.Repository || home == pinned.OCI)
}

// together compares a resource's pieces with each other and with others, as far as one of two changes.
func together(own map[string]piece, others []piece) []versions.Finding {
	var out []versions.Finding
	var mine []piece
	for _, a := range own {
		for _, b := range mine {
			if a.changes {
				out = append(out, versions.CheckTogether(a.Piece, b.Piece)...)
			}
		}
		for _, b := range others {
			if a.changes || b.changes {
				for _, f := range versions.CheckTogether(a.Piece, b.Piece) {
					f.Text += ", which " + b.what + " has"
					out = append(out, f)
				}
			}
		}
		mine = append(mine, a)
	}
	return out
}

// kubernetesOf returns the version that a cluster will have when its resources are applied, empty where that cannot be
// known now.
func (s *session) kubernetesOf(ctx context.Context, ref reach.Reference) string {
	if version, planned := s.walk.node(ref.Host); planned && ref.Host != "" {
		return version
	}
	if len(s.settings.Unknown) > 0 {
		return ""
	}
	return s.walk.lookUp(ref.Host, func() string {
		ctx, cancel := context.WithTimeout(ctx, lookTimeout)
		defer cancel()
		engine, err := s.cluster(ctx, ref)
		if err != nil {
			tflog.Debug(ctx, "the version of "+ref.String()+" is not known at plan", map[string]any{"error": err.Error()})
			return ""
		}
		version, err := engine.Version(ctx)
		if err != nil {
			return ""
		}
		return version
	})
}

// fits compares the charts of a component with a version of Kubernetes, which may be unknown, and looks for those that
// a mirror has to have.
func (s *session) fits(ctx context.Context, m resourceModel, c component.Component, kubernetes string) []versions.Finding {
	var out []versions.Finding
	for _, chart := range c.Charts {
		one := versions.Piece{Name: chart.Name, Version: chart.Version}
		_, pinned := versions.Pinned(chart.Name, chart.Version)
		pinned = pinned && knownChart(m, chart)
		if pinned {
			out = append(out, versions.CheckCluster(one, kubernetes)...)
		}
		if !s.replaces(chart) && (pinned || kubernetes == "") {
			continue
		}
		listed, err := s.describe(ctx, chart)
		switch {
		case fault.Is(err, fault.Invalid) && chart.Repository != "":
			out = append(out, versions.Finding{Hard: true, Text: sentence(err.Error()), Source: "asked now"})
		case err == nil && !pinned:
			out = append(out, versions.CheckKubeVersion(one, listed.KubeVersion, kubernetes)...)
		}
	}
	return out
}

// replaces reports whether the provider block says where a chart is found instead of its own repository.
func (s *session) replaces(chart component.Chart) bool {
	_, excepted := s.settings.Charts.Exceptions[chart.Name]
	return !chart.Direct && (excepted || s.settings.Charts.Mirror != "")
}

// describe asks a repository for one chart, without its archive. A repository that does not answer is not asked again.
func (s *session) describe(ctx context.Context, chart component.Chart) (helm.Listed, error) {
	charts, repository := s.world.Charts(), chart.Repository
	if s.replaces(chart) && s.settings.Charts.Exceptions[chart.Name].Repository == "" {
		repository = s.settings.Charts.Mirror
	}
	if charts == nil || !s.walk.answers(repository) || len(s.settings.Unknown) > 0 {
		return helm.Listed{}, errNotAsked
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	// Without the digest: another version has another one, which only its archive tells.
	listed, err := charts.Describe(ctx, helm.ChartRef{Repository: chart.Repository, Name: chart.Name, Version: chart.Version, Direct: chart.Direct})
	if err != nil && !fault.Is(err, fault.Invalid) {
		s.walk.failed(repository)
		tflog.Debug(ctx, "chart "+chart.Name+" could not be looked up", map[string]any{"error": err.Error()})
	}
	return listed, err
}

// errNotAsked says that nothing was learnt.
var errNotAsked = errors.New("the repository was not asked")

// refuses looks once more before anything is written, at the cluster as it is now. It reports whether it said why not.
func (s *session) refuses(ctx context.Context, e Engine, m resourceModel, c component.Component, what string, diags *diag.Diagnostics) bool {
	if s.settings.compatibility == compatibilityWarn || len(c.Charts) == 0 {
		return false
	}
	version, err := e.Version(ctx)
	if err != nil {
		return false // the installation will say so
	}
	var hard []versions.Finding
	for _, f := range s.fits(ctx, m, c, version) {
		if f.Hard {
			hard = append(hard, f)
		}
	}
	s.tell(hard, what, true, diags)
	return len(hard) > 0
}

// refusesUpdate is [session.refuses] for a change. What is installed already is not refused: it is there, and a drift of
// it has to be put right.
func refusesUpdate[T any, M modelOf[T]](ctx context.Context, s *session, e Engine, req resource.UpdateRequest, c component.Component, what string, diags *diag.Diagnostics) bool {
	before := M(new(T))
	var quiet diag.Diagnostics
	quiet.Append(req.State.Get(ctx, before)...)
	return changesVersions(before, before.component(ctx, secrets{}, &quiet), c) && s.refuses(ctx, e, before, c, what, diags)
}

// tell makes diagnostics of findings. What may be about another cluster than the one that is meant is only told.
func (s *session) tell(findings []versions.Finding, what string, certain bool, diags *diag.Diagnostics) {
	for _, f := range findings {
		text := sentence(f.Text) + ".\n\nSource: " + f.Source + "."
		switch {
		case f.Hard && certain && s.settings.compatibility != compatibilityWarn:
			diags.AddError(what+" does not fit", text+" With compatibility = \"warn\" in the provider block this is a warning.")
		case f.Hard:
			diags.AddWarning(what+" does not fit", text)
		default:
			diags.AddWarning(what+": upstream advises against this", text)
		}
	}
}
