package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/reach"
	"github.com/dxlab/terraform-provider-lab/internal/rke2"
)

type rke2NodeModel struct {
	Host                    types.String   `tfsdk:"host"`
	Port                    types.Int64    `tfsdk:"port"`
	User                    types.String   `tfsdk:"user"`
	HostKey                 types.String   `tfsdk:"host_key"`
	Role                    types.String   `tfsdk:"role"`
	Join                    types.Object   `tfsdk:"join"`
	Version                 types.String   `tfsdk:"version"`
	Channel                 types.String   `tfsdk:"channel"`
	Artifacts               types.Object   `tfsdk:"artifacts"`
	NodeName                types.String   `tfsdk:"node_name"`
	NodeIP                  types.String   `tfsdk:"node_ip"`
	TLSSAN                  types.List     `tfsdk:"tls_san"`
	CNI                     types.List     `tfsdk:"cni"`
	IngressController       types.List     `tfsdk:"ingress_controller"`
	Labels                  types.Map      `tfsdk:"labels"`
	Taints                  types.List     `tfsdk:"taints"`
	SystemDefaultRegistry   types.String   `tfsdk:"system_default_registry"`
	Registries              types.Object   `tfsdk:"registries"`
	RegistriesAuthWO        types.Map      `tfsdk:"registries_auth_wo"`
	RegistriesAuthWOVersion types.Int64    `tfsdk:"registries_auth_wo_version"`
	Config                  types.String   `tfsdk:"config"`
	DataDir                 types.String   `tfsdk:"data_dir"`
	Adopt                   types.Bool     `tfsdk:"adopt"`
	DriftPolicy             types.String   `tfsdk:"drift_policy"`
	OnDestroy               types.String   `tfsdk:"on_destroy"`
	DrainTimeout            types.String   `tfsdk:"drain_timeout"`
	Cluster                 types.Object   `tfsdk:"cluster"`
	Name                    types.String   `tfsdk:"name"`
	InstalledVersion        types.String   `tfsdk:"installed_version"`
	Address                 types.String   `tfsdk:"address"`
	Drift                   types.List     `tfsdk:"drift"`
	Status                  types.String   `tfsdk:"status"`
	Timeouts                timeouts.Value `tfsdk:"timeouts"`
}

type artifactsModel struct {
	URL        types.String `tfsdk:"url"`
	ChannelURL types.String `tfsdk:"channel_url"`
	Path       types.String `tfsdk:"path"`
	LocalPath  types.String `tfsdk:"local_path"`
}

type taintModel struct {
	Key    types.String `tfsdk:"key"`
	Value  types.String `tfsdk:"value"`
	Effect types.String `tfsdk:"effect"`
}

type registriesModel struct {
	Mirrors map[string]mirrorModel         `tfsdk:"mirrors"`
	Configs map[string]registryConfigModel `tfsdk:"configs"`
}

type mirrorModel struct {
	Endpoint []string          `tfsdk:"endpoint"`
	Rewrite  map[string]string `tfsdk:"rewrite"`
}

type registryConfigModel struct {
	CAFile             types.String `tfsdk:"ca_file"`
	CertFile           types.String `tfsdk:"cert_file"`
	KeyFile            types.String `tfsdk:"key_file"`
	InsecureSkipVerify types.Bool   `tfsdk:"insecure_skip_verify"`
}

type registryAuthModel struct {
	Username      types.String `tfsdk:"username"`
	Password      types.String `tfsdk:"password"`
	Auth          types.String `tfsdk:"auth"`
	IdentityToken types.String `tfsdk:"identity_token"`
}

type nodeIdentityModel struct {
	ClusterUID types.String `tfsdk:"cluster_uid"`
	NodeName   types.String `tfsdk:"node_name"`
}

func (m *rke2NodeModel) named() string { return "lab_rke2_node " + m.Host.ValueString() }

func (m *rke2NodeModel) target() host.Target {
	return host.Target{Host: m.Host.ValueString(), Port: int(m.Port.ValueInt64()), User: m.User.ValueString(), HostKey: m.HostKey.ValueString()}
}

// joins reports whether the node joins a cluster that another node made.
func (m *rke2NodeModel) joins() bool { return !m.Join.IsNull() && !m.Join.IsUnknown() }

func (m *rke2NodeModel) joinReference(ctx context.Context) reach.Reference {
	var diags diag.Diagnostics
	return referenceOf(ctx, m.Join, types.StringNull(), &diags)
}

// reference says how the API of the node's cluster is reached: through the node itself where it is a server, and
// through the server that it joined where it is an agent.
func (m *rke2NodeModel) reference(ctx context.Context) reach.Reference {
	if m.Role.ValueString() == string(rke2.Agent) {
		return m.joinReference(ctx)
	}
	t := m.target()
	return reach.Reference{UID: m.clusterUID(ctx), Host: t.Host, Port: t.Port, User: t.User, HostKey: t.HostKey}
}

func (m *rke2NodeModel) clusterUID(ctx context.Context) string {
	if m.Cluster.IsNull() || m.Cluster.IsUnknown() {
		return ""
	}
	var ref referenceModel
	if diags := m.Cluster.As(ctx, &ref, emptyForUnknown); diags.HasError() {
		return ""
	}
	return ref.UID.ValueString()
}

// clusterKey is the same for all nodes of a cluster within one run.
func (m *rke2NodeModel) clusterKey(ctx context.Context) string {
	if m.joins() {
		ref := m.joinReference(ctx)
		if ref.UID != "" {
			return ref.UID
		}
		return ref.Host
	}
	if uid := m.clusterUID(ctx); uid != "" {
		return uid
	}
	return m.Host.ValueString()
}

func (m *rke2NodeModel) setCluster(ctx context.Context, ref reach.Reference, uid string) {
	address := m.Address
	if m.Role.ValueString() == string(rke2.Agent) {
		var join referenceModel
		if diags := m.Join.As(ctx, &join, emptyForUnknown); !diags.HasError() {
			address = join.Address
		}
	}
	m.Cluster = referenceObject(referenceModel{
		UID: nullIfEmpty(uid), Host: types.StringValue(ref.Host), Port: nullIfZero(ref.Port),
		User: nullIfEmpty(ref.User), HostKey: nullIfEmpty(ref.HostKey), Address: address,
	})
}

func (m *rke2NodeModel) place() place {
	return place{Host: m.Host.ValueString(), Name: m.Role.ValueString()}
}

func (m *rke2NodeModel) setIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, diags *diag.Diagnostics) {
	if identity == nil {
		return
	}
	diags.Append(identity.Set(ctx, nodeIdentityModel{
		ClusterUID: types.StringValue(m.clusterUID(ctx)),
		NodeName:   types.StringValue(m.Name.ValueString()),
	})...)
}

// drift lists what differs from the state, unless the policy is not to look.
func (m *rke2NodeModel) drift(o rke2.Observed) []string {
	if m.DriftPolicy.ValueString() == driftIgnore {
		return nil
	}
	lines := o.Drift()
	if want := m.Version.ValueString(); want != "" && o.Version != "" && want != o.Version && !slices.ContainsFunc(lines, mentions(want)) {
		lines = append(lines, fmt.Sprintf("version: want %s, host has %s", want, o.Version))
	}
	slices.Sort(lines)
	return lines
}

func mentions(text string) func(string) bool {
	return func(line string) bool { return strings.Contains(line, text) }
}

// node maps the model to what package rke2 understands. auth holds the write-only registry credentials.
func (r *rke2Node) node(ctx context.Context, m rke2NodeModel, auth map[string]rke2.RegistryAuth, diags *diag.Diagnostics) (rke2.Node, bool) {
	n := rke2.Node{
		Role: rke2.Role(m.Role.ValueString()), Version: m.Version.ValueString(), Channel: m.Channel.ValueString(),
		Name: m.NodeName.ValueString(), IP: m.NodeIP.ValueString(), DataDir: m.DataDir.ValueString(),
		SystemDefaultRegistry: m.SystemDefaultRegistry.ValueString(),
	}
	for _, list := range []struct {
		from types.List
		to   *[]string
	}{{m.TLSSAN, &n.TLSSAN}, {m.CNI, &n.CNI}, {m.IngressController, &n.IngressController}} {
		if !list.from.IsNull() && !list.from.IsUnknown() {
			diags.Append(list.from.ElementsAs(ctx, list.to, false)...)
		}
	}
	if !m.Labels.IsNull() && !m.Labels.IsUnknown() {
		diags.Append(m.Labels.ElementsAs(ctx, &n.Labels, false)...)
	}
	n.Taints = m.taints(ctx, diags)
	n.Source = m.source(ctx, diags)
	n.Registries = m.registries(ctx, auth, diags)
	if text := m.Config.ValueString(); text != "" {
		if err := yaml.Unmarshal([]byte(text), &n.Config); err != nil {
			diags.AddAttributeError(path.Root("config"), "The configuration is not valid YAML", err.Error())
		}
	}
	if m.joins() {
		n.Join = r.join(ctx, m, n.Role)
	}
	return n, !diags.HasError()
}

// join names the server to join and where its token is: on the server, from which it goes straight to the node.
func (r *rke2Node) join(ctx context.Context, m rke2NodeModel, role rke2.Role) *rke2.Join {
	ref := m.joinReference(ctx)
	var model referenceModel
	address := ref.Host
	if diags := m.Join.As(ctx, &model, emptyForUnknown); !diags.HasError() && model.Address.ValueString() != "" {
		address = model.Address.ValueString()
	}
	server := r.session.world.Node(host.Target{Host: ref.Host, Port: ref.Port, User: ref.User, HostKey: ref.HostKey})
	return &rke2.Join{Server: address, Token: server.Token(role)}
}

func (m *rke2NodeModel) taints(ctx context.Context, diags *diag.Diagnostics) []rke2.Taint {
	var models []taintModel
	if m.Taints.IsNull() || m.Taints.IsUnknown() {
		return nil
	}
	diags.Append(m.Taints.ElementsAs(ctx, &models, false)...)
	taints := make([]rke2.Taint, 0, len(models))
	for _, t := range models {
		taints = append(taints, rke2.Taint{Key: t.Key.ValueString(), Value: t.Value.ValueString(), Effect: t.Effect.ValueString()})
	}
	return taints
}

func (m *rke2NodeModel) source(ctx context.Context, diags *diag.Diagnostics) rke2.Source {
	var a artifactsModel
	if m.Artifacts.IsNull() || m.Artifacts.IsUnknown() {
		return rke2.Source{}
	}
	diags.Append(m.Artifacts.As(ctx, &a, emptyForUnknown)...)
	return rke2.Source{URL: a.URL.ValueString(), ChannelURL: a.ChannelURL.ValueString(), Path: a.Path.ValueString(), LocalPath: a.LocalPath.ValueString()}
}

func (m *rke2NodeModel) registries(ctx context.Context, auth map[string]rke2.RegistryAuth, diags *diag.Diagnostics) *rke2.Registries {
	if (m.Registries.IsNull() || m.Registries.IsUnknown()) && len(auth) == 0 {
		return nil
	}
	var model registriesModel
	diags.Append(m.Registries.As(ctx, &model, emptyForUnknown)...)
	out := &rke2.Registries{Mirrors: map[string]rke2.Mirror{}, Configs: map[string]rke2.RegistryConfig{}}
	for name, mirror := range model.Mirrors {
		out.Mirrors[name] = rke2.Mirror{Endpoints: mirror.Endpoint, Rewrites: mirror.Rewrite}
	}
	for name, c := range model.Configs {
		out.Configs[name] = rke2.RegistryConfig{TLS: &rke2.RegistryTLS{
			CAFile: c.CAFile.ValueString(), CertFile: c.CertFile.ValueString(), KeyFile: c.KeyFile.ValueString(),
			InsecureSkipVerify: c.InsecureSkipVerify.ValueBool(),
		}}
	}
	for name, a := range auth {
		config := out.Configs[name]
		config.Auth = &a
		out.Configs[name] = config
	}
	return out
}

// readRegistriesAuth reads the write-only credentials, which only a configuration has.
func readRegistriesAuth(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics) map[string]rke2.RegistryAuth {
	var raw types.Map
	diags.Append(config.GetAttribute(ctx, path.Root("registries_auth_wo"), &raw)...)
	if raw.IsNull() || raw.IsUnknown() {
		return nil
	}
	var models map[string]registryAuthModel
	diags.Append(raw.ElementsAs(ctx, &models, false)...)
	out := make(map[string]rke2.RegistryAuth, len(models))
	for name, a := range models {
		out[name] = rke2.RegistryAuth{
			Username: a.Username.ValueString(), Password: a.Password.ValueString(), Auth: a.Auth.ValueString(), IdentityToken: a.IdentityToken.ValueString(),
		}
	}
	return out
}
