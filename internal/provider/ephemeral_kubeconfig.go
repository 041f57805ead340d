package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var _ ephemeral.EphemeralResourceWithConfigure = (*kubeconfig)(nil)

func newKubeconfig() ephemeral.EphemeralResource { return &kubeconfig{} }

type kubeconfig struct{ session *session }

type kubeconfigModel struct {
	Cluster    types.Object `tfsdk:"cluster"`
	Kubeconfig types.String `tfsdk:"kubeconfig"`
}

func (e *kubeconfig) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_kubeconfig"
}

func (e *kubeconfig) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	e.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (e *kubeconfig) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The admin kubeconfig of a cluster, read over SSH while Terraform runs and stored nowhere. Meant for other providers and write-only arguments; " +
			"the lab's own resources need none. Its server address is the node's own, so that it works wherever that can be reached; that of a k3d cluster names the loopback of its host.",
		Attributes: map[string]schema.Attribute{
			"cluster": schema.SingleNestedAttribute{
				Required: true, MarkdownDescription: "The cluster, as `lab_rke2_node.<name>.cluster` gives it. While the node is being made its `uid` is unknown, which is what makes Terraform wait.",
				Attributes: ephemeralReference(),
			},
			"kubeconfig": schema.StringAttribute{Computed: true, Sensitive: true, MarkdownDescription: "The kubeconfig, YAML."},
		},
	}
}

// ephemeralReference are the attributes of a cluster reference, see referenceAttribute.
func ephemeralReference() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"uid":             schema.StringAttribute{Optional: true, MarkdownDescription: "UID of namespace `kube-system`."},
		"host":            schema.StringAttribute{Required: true, MarkdownDescription: "Server node to read it from."},
		"port":            schema.Int64Attribute{Optional: true, MarkdownDescription: "Port of its SSH server."},
		"user":            schema.StringAttribute{Optional: true, MarkdownDescription: "User to log in as."},
		"host_key":        schema.StringAttribute{Optional: true, MarkdownDescription: "Its public host key."},
		"address":         schema.StringAttribute{Optional: true, MarkdownDescription: "Its own address, which the kubeconfig will name. Default: `host`."},
		"kubeconfig_path": schema.StringAttribute{Optional: true, MarkdownDescription: "Admin kubeconfig on the host, where the cluster is not RKE2's. It is given as it is, with the server address that works on the host."},
	}
}

func (e *kubeconfig) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var m kubeconfigModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ref := referenceOf(ctx, m.Cluster, types.StringNull(), &resp.Diagnostics)
	text, err := e.session.world.Kubeconfig(ctx, ref)
	if err != nil {
		addFault(&resp.Diagnostics, "Reading", "the kubeconfig of host "+ref.Host, e.session.explainUnknown(err))
		return
	}
	m.Kubeconfig = types.StringValue(string(text))
	resp.Diagnostics.Append(resp.Result.Set(ctx, &m)...)
}
