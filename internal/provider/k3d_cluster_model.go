package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/download"
	"github.com/dxlab/terraform-provider-lab/internal/k3d"
	"github.com/dxlab/terraform-provider-lab/internal/reach"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

type k3dClusterModel struct {
	connectionModel
	Name        types.String   `tfsdk:"name"`
	Servers     types.Int64    `tfsdk:"servers"`
	Agents      types.Int64    `tfsdk:"agents"`
	Image       types.String   `tfsdk:"image"`
	Network     types.String   `tfsdk:"network"`
	Subnet      types.String   `tfsdk:"subnet"`
	APIPort     types.Int64    `tfsdk:"api_port"`
	Ports       types.List     `tfsdk:"ports"`
	ExtraArgs   types.List     `tfsdk:"extra_args"`
	Traefik     types.Bool     `tfsdk:"traefik"`
	ServiceLB   types.Bool     `tfsdk:"servicelb"`
	K3d         *toolModel     `tfsdk:"k3d"`
	Adopt       types.Bool     `tfsdk:"adopt"`
	DriftPolicy types.String   `tfsdk:"drift_policy"`
	Drift       types.List     `tfsdk:"drift"`
	Cluster     types.Object   `tfsdk:"cluster"`
	NetSubnet   types.String   `tfsdk:"network_subnet"`
	ToolVersion types.String   `tfsdk:"k3d_version"`
	ToolSHA256  types.String   `tfsdk:"k3d_sha256"`
	Timeouts    timeouts.Value `tfsdk:"timeouts"`
}

type k3dPortModel struct {
	Port        types.String `tfsdk:"port"`
	NodeFilters types.List   `tfsdk:"node_filters"`
}

type k3dArgModel struct {
	Arg         types.String `tfsdk:"arg"`
	NodeFilters types.List   `tfsdk:"node_filters"`
}

var (
	k3dPortType = types.ObjectType{AttrTypes: map[string]attr.Type{"port": types.StringType, "node_filters": types.ListType{ElemType: types.StringType}}}
	k3dArgType  = types.ObjectType{AttrTypes: map[string]attr.Type{"arg": types.StringType, "node_filters": types.ListType{ElemType: types.StringType}}}
)

const defaultK3dName = "lab"

func defaultK3sImage() string {
	return "docker.io/rancher/k3s:" + versions.Default().Tools[versions.K3s]
}

// fillDefaults is what the schema's defaults do to a plan; a configuration has none yet.
func (m *k3dClusterModel) fillDefaults() {
	if m.Name.IsNull() {
		m.Name = types.StringValue(defaultK3dName)
	}
	if m.Servers.IsNull() {
		m.Servers = types.Int64Value(1)
	}
	if m.APIPort.IsNull() {
		m.APIPort = types.Int64Value(k3d.DefaultAPIPort)
	}
}

func (m *k3dClusterModel) named() string {
	return k3dClusterType + " " + m.Host.ValueString() + "/" + m.Name.ValueString()
}

// cluster maps the model to what package k3d understands.
func (m *k3dClusterModel) cluster(ctx context.Context, diags *diag.Diagnostics) k3d.Cluster {
	c := k3d.Cluster{
		Name: m.Name.ValueString(), Servers: int(m.Servers.ValueInt64()), Agents: int(m.Agents.ValueInt64()), Image: m.Image.ValueString(),
		Network: m.Network.ValueString(), Subnet: m.Subnet.ValueString(), APIPort: int(m.APIPort.ValueInt64()),
		Traefik: m.Traefik.ValueBool(), ServiceLB: m.ServiceLB.ValueBool(),
		Tool: download.Wanted{Release: k3d.Release, Version: versions.Default().Tools[versions.K3d]},
	}
	if t := m.K3d; t != nil {
		c.Tool.URL, c.Tool.SHA256 = t.URL.ValueString(), t.SHA256.ValueString()
		if v := t.Version.ValueString(); v != "" {
			c.Tool.Version = v
		}
	}
	var ports []k3dPortModel
	var args []k3dArgModel
	if !m.Ports.IsNull() && !m.Ports.IsUnknown() {
		diags.Append(m.Ports.ElementsAs(ctx, &ports, false)...)
	}
	if !m.ExtraArgs.IsNull() && !m.ExtraArgs.IsUnknown() {
		diags.Append(m.ExtraArgs.ElementsAs(ctx, &args, false)...)
	}
	for _, p := range ports {
		c.Ports = append(c.Ports, k3d.Port{Port: p.Port.ValueString(), NodeFilters: textList(ctx, p.NodeFilters, diags)})
	}
	for _, a := range args {
		c.ExtraArgs = append(c.ExtraArgs, k3d.Arg{Arg: a.Arg.ValueString(), NodeFilters: textList(ctx, a.NodeFilters, diags)})
	}
	return c
}

// take fills the model with what a cluster that exists was made of.
func (m *k3dClusterModel) take(ctx context.Context, c k3d.Cluster, diags *diag.Diagnostics) {
	m.Servers, m.Agents = types.Int64Value(int64(c.Servers)), types.Int64Value(int64(c.Agents))
	m.Image, m.Network, m.Subnet = nullIfEmpty(c.Image), nullIfEmpty(c.Network), nullIfEmpty(c.Subnet)
	m.APIPort = types.Int64Value(int64(c.APIPort))
	m.Traefik, m.ServiceLB = types.BoolValue(c.Traefik), types.BoolValue(c.ServiceLB)
	m.Ports, m.ExtraArgs = types.ListNull(k3dPortType), types.ListNull(k3dArgType)
	if len(c.Ports) > 0 {
		var ports []k3dPortModel
		for _, p := range c.Ports {
			ports = append(ports, k3dPortModel{Port: types.StringValue(p.Port), NodeFilters: listOf(p.NodeFilters)})
		}
		list, d := types.ListValueFrom(ctx, k3dPortType, ports)
		diags.Append(d...)
		m.Ports = list
	}
	if len(c.ExtraArgs) > 0 {
		var args []k3dArgModel
		for _, a := range c.ExtraArgs {
			args = append(args, k3dArgModel{Arg: types.StringValue(a.Arg), NodeFilters: listOf(a.NodeFilters)})
		}
		list, d := types.ListValueFrom(ctx, k3dArgType, args)
		diags.Append(d...)
		m.ExtraArgs = list
	}
}

// look takes over what was found. A cluster of another shape shows in servers and agents themselves, which replaces it,
// unless drift is only to be told of.
func (m *k3dClusterModel) look(c k3d.Cluster, o k3d.Observed) {
	m.NetSubnet, m.ToolVersion = nullIfEmpty(o.Subnet), nullIfEmpty(o.Version)
	var lines []string
	switch m.DriftPolicy.ValueString() {
	case driftIgnore:
	case driftWarn:
		lines = append(o.Reshaped(c), o.Drift(c)...)
	default:
		m.Servers, m.Agents = types.Int64Value(int64(o.Servers)), types.Int64Value(int64(o.Agents))
		lines = o.Drift(c)
	}
	m.Drift = driftList(lines)
}

// observe takes over what a change did.
func (m *k3dClusterModel) observe(out k3d.Outcome) {
	m.NetSubnet, m.ToolVersion = nullIfEmpty(out.Observed.Subnet), nullIfEmpty(out.Observed.Version)
	m.ToolSHA256 = nullIfEmpty(out.Tool)
	m.Drift = driftList(nil)
}

// reference says how the API is reached: through the host, with the kubeconfig that only root can read there.
func (m *k3dClusterModel) reference(ctx context.Context) reach.Reference {
	t := m.target()
	return reach.Reference{
		UID: m.uid(ctx), Host: t.Host, Port: t.Port, User: t.User, HostKey: t.HostKey, KubeconfigPath: k3d.KubeconfigPath(m.Name.ValueString()),
	}
}

func (m *k3dClusterModel) uid(ctx context.Context) string {
	if m.Cluster.IsNull() || m.Cluster.IsUnknown() {
		return ""
	}
	var ref referenceModel
	if diags := m.Cluster.As(ctx, &ref, emptyForUnknown); diags.HasError() {
		return ""
	}
	return ref.UID.ValueString()
}

func (m *k3dClusterModel) setCluster(uid string) {
	m.Cluster = referenceObject(referenceModel{
		UID: nullIfEmpty(uid), Host: m.Host, Port: m.Port, User: m.User, HostKey: m.HostKey,
		KubeconfigPath: types.StringValue(k3d.KubeconfigPath(m.Name.ValueString())),
	})
}
