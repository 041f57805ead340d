package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/nodetools"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

type nodeToolsModel struct {
	connectionModel
	Cluster        types.Object  `tfsdk:"cluster"`
	Calicoctl      *toolModel    `tfsdk:"calicoctl"`
	Helm           *toolModel    `tfsdk:"helm"`
	Kubens         *toolModel    `tfsdk:"kubens"`
	Kubectl        *kubectlModel `tfsdk:"kubectl"`
	BinDir         types.String  `tfsdk:"bin_dir"`
	ShellSetup     types.Bool    `tfsdk:"completion"`
	KubeconfigPath types.String  `tfsdk:"kubeconfig_path"`
	Adopt          types.Bool    `tfsdk:"adopt"`
	DriftPolicy    types.String  `tfsdk:"drift_policy"`
	Drift          types.List    `tfsdk:"drift"`
	Installed      types.Map     `tfsdk:"installed"`
	Files          types.Map     `tfsdk:"files"`
}

type toolModel struct {
	Version types.String `tfsdk:"version"`
	URL     types.String `tfsdk:"url"`
	SHA256  types.String `tfsdk:"sha256"`
}

type kubectlModel struct {
	Version types.String `tfsdk:"version"`
	URL     types.String `tfsdk:"url"`
	SHA256  types.String `tfsdk:"sha256"`
	Link    types.String `tfsdk:"link"`
}

type installedToolModel struct {
	Version types.String `tfsdk:"version"`
	URL     types.String `tfsdk:"url"`
	SHA256  types.String `tfsdk:"sha256"`
	Path    types.String `tfsdk:"path"`
	Binary  types.String `tfsdk:"binary_sha256"`
	Link    types.String `tfsdk:"link"`
}

var installedToolType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"version": types.StringType, "url": types.StringType, "sha256": types.StringType,
	"path": types.StringType, "binary_sha256": types.StringType, "link": types.StringType,
}}

// spec says what the host is to have. calico is the cluster's version of Calico, empty where it is not known.
func (m *nodeToolsModel) spec(calico string) nodetools.Spec {
	defaults := versions.Default().Tools
	if calico == "" {
		calico = defaults[versions.Calicoctl]
	}
	s := nodetools.Spec{
		BinDir: m.BinDir.ValueString(), Tools: map[string]nodetools.Tool{},
		Shell: m.ShellSetup.IsNull() || m.ShellSetup.ValueBool(), Kubeconfig: m.KubeconfigPath.ValueString(),
	}
	for name, t := range map[string]struct {
		model   *toolModel
		version string
	}{
		nodetools.Calicoctl: {m.Calicoctl, calico},
		nodetools.Helm:      {m.Helm, defaults[versions.Helm]},
		nodetools.Kubens:    {m.Kubens, defaults[versions.Kubens]},
	} {
		if t.model == nil {
			continue
		}
		tool := nodetools.Tool{Version: t.model.Version.ValueString(), URL: t.model.URL.ValueString(), SHA256: t.model.SHA256.ValueString()}
		if tool.Version == "" {
			tool.Version = t.version
		}
		s.Tools[name] = tool
	}
	if k := m.Kubectl; k != nil {
		tool := nodetools.Tool{Version: k.Version.ValueString(), URL: k.URL.ValueString(), SHA256: k.SHA256.ValueString(), Link: k.Link.ValueString()}
		if tool == (nodetools.Tool{}) {
			tool.Link = nodetools.RKE2Kubectl
		}
		s.Tools[nodetools.Kubectl] = tool
	}
	return s
}

// importedTools wants what is there, while no configuration says anything else.
func importedTools(have nodetools.State) map[string]nodetools.Tool {
	tools := map[string]nodetools.Tool{}
	for name, i := range have.Tools {
		tools[name] = nodetools.Tool{Version: i.Version, Link: i.Link}
	}
	return tools
}

// state is what earlier changes put on the host.
func (m *nodeToolsModel) state(ctx context.Context, diags *diag.Diagnostics) nodetools.State {
	s := nodetools.State{Tools: map[string]nodetools.Installed{}, Files: map[string]string{}}
	var tools map[string]installedToolModel
	if !m.Installed.IsNull() && !m.Installed.IsUnknown() {
		diags.Append(m.Installed.ElementsAs(ctx, &tools, false)...)
	}
	for name, t := range tools {
		s.Tools[name] = nodetools.Installed{
			Version: t.Version.ValueString(), URL: t.URL.ValueString(), SHA256: t.SHA256.ValueString(),
			Path: t.Path.ValueString(), Binary: t.Binary.ValueString(), Link: t.Link.ValueString(),
		}
	}
	if !m.Files.IsNull() && !m.Files.IsUnknown() {
		diags.Append(m.Files.ElementsAs(ctx, &s.Files, false)...)
	}
	return s
}

func (m *nodeToolsModel) observe(ctx context.Context, s nodetools.State, diags *diag.Diagnostics) {
	tools := map[string]installedToolModel{}
	for name, i := range s.Tools {
		tools[name] = installedToolModel{
			Version: nullIfEmpty(i.Version), URL: nullIfEmpty(i.URL), SHA256: nullIfEmpty(i.SHA256),
			Path: types.StringValue(i.Path), Binary: nullIfEmpty(i.Binary), Link: nullIfEmpty(i.Link),
		}
	}
	value, d := types.MapValueFrom(ctx, installedToolType, tools)
	diags.Append(d...)
	m.Installed, m.Files, m.Drift = value, objectsMap(s.Files), driftList(nil)
}

// followsCluster reports whether the cluster says which calicoctl is the right one.
func (m *nodeToolsModel) followsCluster() bool {
	return m.Calicoctl != nil && m.Calicoctl.Version.ValueString() == "" && !m.Cluster.IsNull()
}

// calicoVersion asks the cluster for its Calico, because calicoctl refuses to work with another one. A cluster that was
// not named, or that has no Calico, says nothing.
func (m *nodeToolsModel) calicoVersion(ctx context.Context, s *session) (string, error) {
	if !m.followsCluster() {
		return "", nil
	}
	var diags diag.Diagnostics
	engine, err := s.cluster(ctx, m.reference(ctx, &diags))
	if err != nil {
		return "", fmt.Errorf("finding out which calicoctl fits: %w", err)
	}
	objects, err := engine.Objects(ctx, nodetools.CalicoRefs()...)
	if err != nil {
		return "", fmt.Errorf("finding out which calicoctl fits: %w", err)
	}
	for _, o := range objects {
		if version := nodetools.CalicoVersion(o); version != "" {
			return version, nil
		}
	}
	return "", fault.Newf(fault.Invalid, "%s has no Calico, so no calicoctl is the right one: give calicoctl.version, or leave calicoctl out", m.reference(ctx, &diags))
}

// calicoDrift says when the cluster has moved on to another Calico. A cluster that does not answer says nothing.
func (m *nodeToolsModel) calicoDrift(ctx context.Context, s *session, installed string) string {
	version, err := m.calicoVersion(ctx, s)
	if err != nil || version == "" || installed == "" || version == installed {
		return ""
	}
	return fmt.Sprintf("calicoctl: want %s, which is the cluster's Calico, the host has %s", version, installed)
}
