package provider

import (
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/reach"
)

// httpAddress is how an address of a download begins.
var httpAddress = regexp.MustCompile(`^https?://`)

// connectionModel has the attributes of every resource that keeps something on a host.
type connectionModel struct {
	Host    types.String `tfsdk:"host"`
	Port    types.Int64  `tfsdk:"port"`
	User    types.String `tfsdk:"user"`
	HostKey types.String `tfsdk:"host_key"`
}

// target is the host by its attributes.
func (m *connectionModel) target() host.Target {
	return host.Target{Host: m.Host.ValueString(), Port: int(m.Port.ValueInt64()), User: m.User.ValueString(), HostKey: m.HostKey.ValueString()}
}

// targetOr is the host by its attributes or, without any, the one that a cluster is reached through.
func (m *connectionModel) targetOr(ref reach.Reference) host.Target {
	if m.Host.IsNull() {
		return host.Target{Host: ref.Host, Port: ref.Port, User: ref.User, HostKey: ref.HostKey}
	}
	return m.target()
}

// setTarget takes over a host that an import names.
func (m *connectionModel) setTarget(t host.Target) {
	m.Host, m.Port, m.User, m.HostKey = nullIfEmpty(t.Host), nullIfZero(t.Port), nullIfEmpty(t.User), nullIfEmpty(t.HostKey)
}

// withConnection adds the attributes of a host to a resource's own. Another host means another resource, because what
// is on the first one has to be taken away there.
func withConnection(hostDoc string, required bool, own map[string]schema.Attribute) map[string]schema.Attribute {
	with := stringvalidator.AlsoRequires(path.MatchRoot("host"))
	shared := map[string]schema.Attribute{
		"host": schema.StringAttribute{
			Optional: !required, Required: required, MarkdownDescription: hostDoc,
			Validators:    []validator.String{stringvalidator.LengthAtLeast(1)},
			PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"port": schema.Int64Attribute{
			Optional: true, MarkdownDescription: "Port of its SSH server. Default: the provider's `ssh.port`.",
			Validators: []validator.Int64{int64validator.Between(1, 65535), int64validator.AlsoRequires(path.MatchRoot("host"))},
		},
		"user":     schema.StringAttribute{Optional: true, MarkdownDescription: "User to log in as: root, or one with sudo. Default: the provider's `ssh.user`.", Validators: []validator.String{with}},
		"host_key": schema.StringAttribute{Optional: true, MarkdownDescription: "The host's public key (`ssh-ed25519 AAAA...`) or its `SHA256:` fingerprint, instead of `known_hosts`.", Validators: []validator.String{with}},
	}
	for name, a := range own {
		shared[name] = a
	}
	return shared
}
