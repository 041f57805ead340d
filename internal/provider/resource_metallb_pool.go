package provider

import (
	"context"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/metallb"
)

var (
	_ resource.ResourceWithConfigure   = (*metalLBPool)(nil)
	_ resource.ResourceWithModifyPlan  = (*metalLBPool)(nil)
	_ resource.ResourceWithImportState = (*metalLBPool)(nil)
	_ resource.ResourceWithIdentity    = (*metalLBPool)(nil)
)

func newMetalLBPool() resource.Resource { return &metalLBPool{} }

type metalLBPool struct{ session *session }

const metalLBPoolType = "lab_metallb_pool"

type metalLBPoolModel struct {
	componentModel
	placeModel
	Addresses     types.List              `tfsdk:"addresses"`
	AutoAssign    types.Bool              `tfsdk:"auto_assign"`
	AvoidBuggyIPs types.Bool              `tfsdk:"avoid_buggy_ips"`
	L2            *l2AdvertisementModel   `tfsdk:"l2_advertisement"`
	BGP           *bgpAdvertisementModel  `tfsdk:"bgp_advertisement"`
	Allocation    *serviceAllocationModel `tfsdk:"service_allocation"`
}

type l2AdvertisementModel struct {
	Name       types.String `tfsdk:"name"`
	Interfaces types.List   `tfsdk:"interfaces"`
}

type bgpAdvertisementModel struct {
	Name              types.String `tfsdk:"name"`
	AggregationLength types.Int32  `tfsdk:"aggregation_length"`
	LocalPref         types.Int64  `tfsdk:"local_pref"`
	Communities       types.List   `tfsdk:"communities"`
	Peers             types.List   `tfsdk:"peers"`
}

type serviceAllocationModel struct {
	Priority   types.Int64 `tfsdk:"priority"`
	Namespaces types.List  `tfsdk:"namespaces"`
}

func (r *metalLBPool) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = metalLBPoolType
}

func (r *metalLBPool) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *metalLBPool) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = componentIdentity()
}

func (r *metalLBPool) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Addresses that MetalLB may give to Services: an IPAddressPool with its advertisement. " +
			"Ranges are checked at plan, also against the other pools of the same configuration.",
		Attributes: componentAttributes(ctx, placeAttributes(placeDocs{
			Name: "Name of the pool.", Namespace: "MetalLB's namespace.", DefaultNamespace: metallb.DefaultNamespace,
		}, map[string]schema.Attribute{
			"addresses": schema.ListAttribute{
				Required: true, ElementType: types.StringType,
				MarkdownDescription: "Ranges, IPv4 or IPv6: `10.0.0.0/24` or `10.0.0.10-10.0.0.20`.",
				Validators:          []validator.List{listvalidator.SizeAtLeast(1)},
			},
			"auto_assign": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				MarkdownDescription: "Whether Services that ask for no address may get one of these. Default: `true`.",
			},
			"avoid_buggy_ips": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "Keeps addresses that end in .0 and .255 back. Default: `false`.",
			},
			"l2_advertisement":   l2Attribute(),
			"bgp_advertisement":  bgpAttribute(),
			"service_allocation": allocationAttribute(),
		})),
	}
}

func l2Attribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Announces the pool on the local network by ARP and NDP. Default: on, unless `bgp_advertisement` is given.",
		Attributes: map[string]schema.Attribute{
			"name":       schema.StringAttribute{Optional: true, MarkdownDescription: "Name of the L2Advertisement. Default: the pool's."},
			"interfaces": schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Network interfaces of the nodes to announce on. Default: all."},
		},
	}
}

func bgpAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Announces the pool to BGP peers. `lab_metallb` needs `bgp = true`.",
		Attributes: map[string]schema.Attribute{
			"name":               schema.StringAttribute{Optional: true, MarkdownDescription: "Name of the BGPAdvertisement. Default: the pool's."},
			"aggregation_length": schema.Int32Attribute{Optional: true, MarkdownDescription: "Prefix length to announce. Default: `32`."},
			"local_pref":         schema.Int64Attribute{Optional: true, MarkdownDescription: "LOCAL_PREF for peers of the same AS."},
			"communities":        schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "BGP communities, such as `65535:65282`."},
			"peers":              schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Names of BGPPeers. Default: all."},
		},
	}
}

func allocationAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Limits the pool to some Services.",
		Attributes: map[string]schema.Attribute{
			"priority":   schema.Int64Attribute{Optional: true, MarkdownDescription: "Decides between pools that fit: the lower number wins."},
			"namespaces": schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Namespaces whose Services may use the pool."},
		},
	}
}

func (r *metalLBPool) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	createComponent[metalLBPoolModel](ctx, r.session, req, resp, metalLBPoolType)
}

func (r *metalLBPool) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	readComponent[metalLBPoolModel](ctx, r.session, req, resp, metalLBPoolType)
}

func (r *metalLBPool) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	updateComponent[metalLBPoolModel](ctx, r.session, req, resp, metalLBPoolType)
}

func (r *metalLBPool) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	deleteComponent[metalLBPoolModel](ctx, r.session, req, resp, metalLBPoolType)
}

// ModifyPlan refuses ranges that MetalLB would refuse, before anything is changed.
func (r *metalLBPool) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.checkRanges(ctx, req, resp); resp.Diagnostics.HasError() {
		return
	}
	planComponent[metalLBPoolModel](ctx, req, resp, planned{What: metalLBPoolType, Session: r.session})
}

func (r *metalLBPool) checkRanges(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var m metalLBPoolModel
	resp.Diagnostics.Append(getKnown(ctx, req.Plan, &m)...)
	if resp.Diagnostics.HasError() || m.Addresses.IsNull() || m.Name.IsNull() {
		return
	}
	pool := m.pool(ctx, &resp.Diagnostics)
	if _, err := pool.Ranges(); err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("addresses"), "Invalid address range", sentence(err.Error()))
		return
	}
	if r.session == nil {
		return
	}
	if err := r.session.pools.plan(m.Cluster.String(), pool); err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("addresses"), "Overlapping pools", sentence(err.Error()))
	}
}

func (r *metalLBPool) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importComponent[metalLBPoolModel](ctx, r.session, req, resp, importing{What: metalLBPoolType, NameAttribute: "name"})
}

func (m *metalLBPoolModel) component(ctx context.Context, _ secrets, diags *diag.Diagnostics) component.Component {
	c, err := m.pool(ctx, diags).Component()
	addInvalid(diags, metalLBPoolType, err)
	return c
}

func (m *metalLBPoolModel) observe(o cluster.Observed) { m.observed(o) }

func (m *metalLBPoolModel) pool(ctx context.Context, diags *diag.Diagnostics) metallb.Pool {
	p := metallb.Pool{
		Name: m.Name.ValueString(), Namespace: m.Namespace.ValueString(), Addresses: textList(ctx, m.Addresses, diags),
		AutoAssign: m.AutoAssign.ValueBoolPointer(), AvoidBuggyIPs: m.AvoidBuggyIPs.ValueBool(),
	}
	if m.L2 != nil {
		p.L2 = &metallb.L2Advertisement{Name: m.L2.Name.ValueString(), Interfaces: textList(ctx, m.L2.Interfaces, diags)}
	}
	if m.BGP != nil {
		p.BGP = &metallb.BGPAdvertisement{
			Name: m.BGP.Name.ValueString(), AggregationLength: m.BGP.AggregationLength.ValueInt32(), LocalPref: m.BGP.LocalPref.ValueInt64(),
			Communities: textList(ctx, m.BGP.Communities, diags), Peers: textList(ctx, m.BGP.Peers, diags),
		}
	}
	if p.L2 == nil && p.BGP == nil {
		p.L2 = &metallb.L2Advertisement{}
	}
	if m.Allocation != nil {
		p.Allocation = &metallb.Allocation{Priority: m.Allocation.Priority.ValueInt64(), Namespaces: textList(ctx, m.Allocation.Namespaces, diags)}
	}
	return p
}

// poolRegistry knows the pools that one walk has planned, so that two resources cannot claim one address.
type poolRegistry struct {
	mu    sync.Mutex
	pools map[string]map[string]metallb.Pool
}

// plan records a pool of a cluster, or reports the pool that it overlaps.
func (p *poolRegistry) plan(cluster string, pool metallb.Pool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pools == nil {
		p.pools = map[string]map[string]metallb.Pool{}
	}
	known := p.pools[cluster]
	if known == nil {
		known = map[string]metallb.Pool{}
		p.pools[cluster] = known
	}
	for name, other := range known {
		if name == pool.Name {
			continue
		}
		if err := metallb.Conflict(pool, other); err != nil {
			return err
		}
	}
	known[pool.Name] = pool
	return nil
}
