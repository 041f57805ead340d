package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
)

var _ datasource.DataSourceWithConfigure = (*clusterData)(nil)

func newClusterData() datasource.DataSource { return &clusterData{} }

type clusterData struct{ session *session }

type clusterDataModel struct {
	Cluster   types.Object       `tfsdk:"cluster"`
	Reachable types.Bool         `tfsdk:"reachable"`
	Reason    types.String       `tfsdk:"reason"`
	UID       types.String       `tfsdk:"uid"`
	Version   types.String       `tfsdk:"version"`
	Nodes     []clusterNodeModel `tfsdk:"nodes"`
}

type clusterNodeModel struct {
	Name    types.String `tfsdk:"name"`
	Address types.String `tfsdk:"address"`
	Roles   []string     `tfsdk:"roles"`
	Version types.String `tfsdk:"version"`
	Ready   types.Bool   `tfsdk:"ready"`
}

func (d *clusterData) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_cluster"
}

func (d *clusterData) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (d *clusterData) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "What a cluster says about itself. A cluster that cannot be reached is a result and not an error, so that a plan or a destroy never fails on it.",
		Attributes: map[string]schema.Attribute{
			"cluster":   clusterDataAttribute(),
			"reachable": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the API answered."},
			"reason":    schema.StringAttribute{Computed: true, MarkdownDescription: "Why it did not."},
			"uid":       schema.StringAttribute{Computed: true, MarkdownDescription: "UID of namespace `kube-system`, which names the cluster for its whole life."},
			"version":   schema.StringAttribute{Computed: true, MarkdownDescription: "Version of the API server, such as `v1.35.7+rke2r1`."},
			"nodes": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The nodes, by name.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"name":    schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the node."},
					"address": schema.StringAttribute{Computed: true, MarkdownDescription: "Its internal address."},
					"roles":   schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "Its roles, such as `control-plane`."},
					"version": schema.StringAttribute{Computed: true, MarkdownDescription: "Version of its kubelet."},
					"ready":   schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether it is ready."},
				}},
			},
		},
	}
}

// clusterDataAttribute is the reference of a data source to its cluster.
func clusterDataAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "The cluster, as `lab_rke2_node.<name>.cluster` gives it. Default: the provider's `kubernetes` block.",
		Attributes: map[string]schema.Attribute{
			"uid":             schema.StringAttribute{Optional: true, MarkdownDescription: "UID of namespace `kube-system`."},
			"host":            schema.StringAttribute{Required: true, MarkdownDescription: "Server node to reach the API through, over SSH."},
			"port":            schema.Int64Attribute{Optional: true, MarkdownDescription: "Port of its SSH server."},
			"user":            schema.StringAttribute{Optional: true, MarkdownDescription: "User to log in as."},
			"host_key":        schema.StringAttribute{Optional: true, MarkdownDescription: "Its public host key."},
			"address":         schema.StringAttribute{Optional: true, MarkdownDescription: "Its own address, which other nodes join at."},
			"kubeconfig_path": schema.StringAttribute{Optional: true, MarkdownDescription: "Admin kubeconfig on the host, where the cluster is not RKE2's."},
		},
	}
}

func (d *clusterData) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m clusterDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ref := referenceOf(ctx, m.Cluster, types.StringNull(), &resp.Diagnostics)
	engine, err := d.session.cluster(ctx, ref)
	if err == nil {
		err = m.look(ctx, engine)
	}
	m.Reachable = types.BoolValue(err == nil)
	if err != nil {
		m.Reason = types.StringValue(err.Error())
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (m *clusterDataModel) look(ctx context.Context, engine Engine) error {
	uid, err := engine.UID(ctx)
	if err != nil {
		return err
	}
	version, err := engine.Version(ctx)
	if err != nil {
		return err
	}
	nodes, err := engine.Nodes(ctx)
	if err != nil {
		return err
	}
	m.UID, m.Version = types.StringValue(uid), types.StringValue(version)
	m.Nodes = []clusterNodeModel{}
	for _, n := range nodes {
		m.Nodes = append(m.Nodes, clusterNode(n))
	}
	return nil
}

func clusterNode(n cluster.Node) clusterNodeModel {
	return clusterNodeModel{
		Name: types.StringValue(n.Name), Address: types.StringValue(n.Address), Roles: n.Roles,
		Version: types.StringValue(n.Version), Ready: types.BoolValue(n.Ready),
	}
}
