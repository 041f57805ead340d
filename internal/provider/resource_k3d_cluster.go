package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/k3d"
	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

const k3dClusterType = "lab_k3d_cluster"

var (
	_ resource.ResourceWithConfigure      = (*k3dCluster)(nil)
	_ resource.ResourceWithModifyPlan     = (*k3dCluster)(nil)
	_ resource.ResourceWithImportState    = (*k3dCluster)(nil)
	_ resource.ResourceWithIdentity       = (*k3dCluster)(nil)
	_ resource.ResourceWithValidateConfig = (*k3dCluster)(nil)
)

func newK3dCluster() resource.Resource { return &k3dCluster{} }

type k3dCluster struct{ session *session }

type k3dIdentity struct {
	Host types.String `tfsdk:"host"`
	Name types.String `tfsdk:"name"`
}

// How long the parts may take by default. The first cluster on a host pulls images.
const (
	k3dCreateTimeout = 20 * time.Minute
	k3dReadTimeout   = time.Minute
	k3dUpdateTimeout = 10 * time.Minute
	k3dDeleteTimeout = 5 * time.Minute
	// k3dAPITimeout bounds the wait for the API after k3d says that the cluster is up.
	k3dAPITimeout = 3 * time.Minute
)

func (r *k3dCluster) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_k3d_cluster"
}

func (r *k3dCluster) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *k3dCluster) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"host": identityschema.StringAttribute{RequiredForImport: true, Description: "Host that runs it."},
		"name": identityschema.StringAttribute{RequiredForImport: true, Description: "Name of the cluster."},
	}}
}

// ValidateConfig refuses what k3d would refuse.
func (r *k3dCluster) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var m k3dClusterModel
	if !req.Config.Raw.IsFullyKnown() {
		return
	}
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.fillDefaults()
	addInvalid(&resp.Diagnostics, "k3d cluster", m.cluster(ctx, &resp.Diagnostics).Validate())
}

// ModifyPlan keeps the exported cluster known while the real one lives.
func (r *k3dCluster) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var plan k3dClusterModel
	resp.Diagnostics.Append(getKnown(ctx, req.Plan, &plan)...)
	changes := planHostDrift(ctx, req, resp, plan.named())
	if resp.Diagnostics.HasError() || req.State.Raw.IsNull() || !changes {
		return
	}
	var state k3dClusterModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if uid := state.uid(ctx); uid != "" && !plan.Host.IsNull() {
		plan.setCluster(uid)
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("cluster"), plan.Cluster)...)
	}
	for _, name := range []string{"network_subnet", "k3d_version", "k3d_sha256"} {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root(name), types.StringUnknown())...)
	}
}

func (r *k3dCluster) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m k3dClusterModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	limit, diags := m.Timeouts.Create(ctx, k3dCreateTimeout)
	resp.Diagnostics.Append(diags...)
	c := m.cluster(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	m.setIdentity(ctx, resp.Identity, &resp.Diagnostics)
	out, err := k3d.Create(ctx, r.session.world.Host(m.target()), c, r.options(ctx, m, m.Adopt.ValueBool()))
	r.session.world.Forget(m.reference(ctx))
	if err == nil {
		err = r.connect(ctx, &m)
	}
	if err != nil {
		addFault(&resp.Diagnostics, "Creating", m.named(), r.session.explainUnknown(err))
		if !out.Touched {
			return
		}
	}
	m.observe(out)
	resp.Diagnostics.Append(saveKnown(ctx, &resp.State, &m)...)
}

func (r *k3dCluster) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m k3dClusterModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	limit, diags := m.Timeouts.Read(ctx, k3dReadTimeout)
	resp.Diagnostics.Append(diags...)
	c := m.cluster(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	m.setIdentity(ctx, resp.Identity, &resp.Diagnostics)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	o, err := k3d.Read(ctx, r.session.world.Host(m.target()), c)
	switch {
	case err != nil && couldNotLook(err):
		r.session.addUnread(&resp.Diagnostics, m.named(), r.session.explainUnknown(err))
	case err != nil:
		addFault(&resp.Diagnostics, "Reading", m.named(), err)
	case !o.Found:
		resp.Diagnostics.AddWarning(m.named()+" is gone", fmt.Sprintf("k3d on host %s answers and has no cluster %s. It is taken out of the state; the plan makes it again.", m.Host.ValueString(), m.Name.ValueString()))
		resp.State.RemoveResource(ctx)
	default:
		m.look(c, o)
		if o.ServersRunning > 0 {
			if err := r.connect(ctx, &m); err != nil {
				r.session.addUnread(&resp.Diagnostics, "the API of "+m.named(), r.session.explainUnknown(err))
			}
		}
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	}
}

func (r *k3dCluster) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m k3dClusterModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	limit, diags := m.Timeouts.Update(ctx, k3dUpdateTimeout)
	resp.Diagnostics.Append(diags...)
	c := m.cluster(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	m.setIdentity(ctx, resp.Identity, &resp.Diagnostics)
	defer r.session.world.Forget(m.reference(ctx))
	out, err := k3d.Start(ctx, r.session.world.Host(m.target()), c, r.options(ctx, m, true))
	if err == nil {
		r.session.world.Forget(m.reference(ctx))
		err = r.connect(ctx, &m)
	}
	if err != nil {
		addFault(&resp.Diagnostics, "Updating", m.named(), r.session.explainUnknown(err))
		return
	}
	m.observe(out)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (r *k3dCluster) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m k3dClusterModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	limit, diags := m.Timeouts.Delete(ctx, k3dDeleteTimeout)
	resp.Diagnostics.Append(diags...)
	c := m.cluster(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	defer r.session.world.Forget(m.reference(ctx))
	if err := k3d.Delete(ctx, r.session.world.Host(m.target()), c, r.options(ctx, m, true)); err != nil {
		addFault(&resp.Diagnostics, "Removing", m.named(), r.session.explainUnknown(err))
	}
}

// ImportState takes over a cluster by its host and name. What k3d does not tell of a cluster that was made by hand is
// left out, and a configuration that names it has the cluster replaced.
func (r *k3dCluster) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	at, name, _ := strings.Cut(req.ID, "/")
	if req.ID == "" && req.Identity != nil {
		var identity k3dIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		at, name = identity.Host.ValueString(), identity.Name.ValueString()
	}
	target, err := parseTarget(at)
	if err != nil || name == "" {
		resp.Diagnostics.AddError("Malformed import id", `Want [user@]host[:port]/name, as in "root@10.0.0.1/lab".`)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	var m k3dClusterModel
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("name"), name)...)
	resp.Diagnostics.Append(resp.State.Get(ctx, &m)...)
	m.setTarget(target)
	c, o, err := k3d.Find(ctx, r.session.world.Host(target), name)
	m.Name = types.StringValue(name)
	if err == nil {
		m.take(ctx, c, &resp.Diagnostics)
		m.look(c, o)
		err = r.connect(ctx, &m)
	}
	if err != nil {
		addFault(&resp.Diagnostics, "Importing", m.named(), r.session.explainUnknown(err))
		return
	}
	m.Adopt, m.DriftPolicy = types.BoolValue(false), types.StringValue(driftCorrect)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	m.setIdentity(ctx, resp.Identity, &resp.Diagnostics)
}

// connect waits until the API answers and takes over which cluster it is.
func (r *k3dCluster) connect(ctx context.Context, m *k3dClusterModel) error {
	ref := m.reference(ctx)
	ref.UID = ""
	m.setCluster(m.uid(ctx))
	return wait.Until(ctx, wait.Options{For: "the API of " + m.named(), Timeout: k3dAPITimeout, Interval: time.Second}, func(ctx context.Context) error {
		engine, err := r.session.cluster(ctx, ref)
		if err != nil {
			return err
		}
		uid, err := engine.UID(ctx)
		if err == nil {
			m.setCluster(uid)
		}
		return err
	})
}

func (r *k3dCluster) options(ctx context.Context, m k3dClusterModel, adopt bool) k3d.Options {
	return k3d.Options{Adopt: adopt, LockWait: lockWait, Holder: holder(), OnStep: logStep(ctx, m.named())}
}

func (m *k3dClusterModel) setIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, diags *diag.Diagnostics) {
	if identity != nil {
		diags.Append(identity.Set(ctx, k3dIdentity{Host: m.Host, Name: m.Name})...)
	}
}
