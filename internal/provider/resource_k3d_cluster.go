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
	_ hostModel[k3dClusterModel]          = (*k3dClusterModel)(nil)
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
	createOnHost[k3dClusterModel](ctx, r.session, req, resp)
}

func (r *k3dCluster) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	readOnHost[k3dClusterModel](ctx, r.session, req, resp)
}

func (r *k3dCluster) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	updateOnHost[k3dClusterModel](ctx, r.session, req, resp)
}

func (r *k3dCluster) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	deleteOnHost[k3dClusterModel](ctx, r.session, req, resp)
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
		err = m.connect(ctx, r.session)
	}
	if err != nil {
		addFault(&resp.Diagnostics, "Importing", m.named(), r.session.explainUnknown(err))
		return
	}
	m.Adopt, m.DriftPolicy = types.BoolValue(false), types.StringValue(driftCorrect)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	m.setIdentity(ctx, resp.Identity, &resp.Diagnostics)
}

// limit implements [hostModel].
func (m *k3dClusterModel) limit(ctx context.Context, o operation) (time.Duration, diag.Diagnostics) {
	switch o {
	case creating:
		return m.Timeouts.Create(ctx, k3dCreateTimeout)
	case updating:
		return m.Timeouts.Update(ctx, k3dUpdateTimeout)
	case removing:
		return m.Timeouts.Delete(ctx, k3dDeleteTimeout)
	}
	return m.Timeouts.Read(ctx, k3dReadTimeout)
}

func (m *k3dClusterModel) create(ctx context.Context, s *session, diags *diag.Diagnostics) (keep bool, err error) {
	c := m.cluster(ctx, diags)
	if diags.HasError() {
		return false, nil
	}
	out, err := k3d.Create(ctx, s.world.Host(m.target()), c, m.options(ctx, m.Adopt.ValueBool()))
	s.world.Forget(m.reference(ctx))
	if err == nil {
		err = m.connect(ctx, s)
	}
	m.observe(out)
	return err == nil || out.Touched, err
}

func (m *k3dClusterModel) refresh(ctx context.Context, s *session, diags *diag.Diagnostics) (gone string, err error) {
	c := m.cluster(ctx, diags)
	o, err := k3d.Read(ctx, s.world.Host(m.target()), c)
	if err != nil {
		return "", err
	}
	if !o.Found {
		return fmt.Sprintf("k3d on host %s answers and has no cluster %s.", m.Host.ValueString(), m.Name.ValueString()), nil
	}
	m.look(c, o)
	if o.ServersRunning > 0 {
		if err := m.connect(ctx, s); err != nil {
			s.addUnread(diags, "the API of "+m.named(), s.explainUnknown(err))
		}
	}
	return "", nil
}

func (m *k3dClusterModel) update(ctx context.Context, s *session, _ k3dClusterModel, diags *diag.Diagnostics) (keep bool, err error) {
	c := m.cluster(ctx, diags)
	if diags.HasError() {
		return false, nil
	}
	defer s.world.Forget(m.reference(ctx))
	out, err := k3d.Start(ctx, s.world.Host(m.target()), c, m.options(ctx, true))
	if err == nil {
		s.world.Forget(m.reference(ctx))
		err = m.connect(ctx, s)
	}
	m.observe(out)
	return err == nil, err
}

func (m *k3dClusterModel) remove(ctx context.Context, s *session, diags *diag.Diagnostics) error {
	c := m.cluster(ctx, diags)
	if diags.HasError() {
		return nil
	}
	defer s.world.Forget(m.reference(ctx))
	return k3d.Delete(ctx, s.world.Host(m.target()), c, m.options(ctx, true))
}

// connect waits until the API answers and takes over which cluster it is.
func (m *k3dClusterModel) connect(ctx context.Context, s *session) error {
	ref := m.reference(ctx)
	ref.UID = ""
	m.setCluster(m.uid(ctx))
	return wait.Until(ctx, wait.Options{For: "the API of " + m.named(), Timeout: k3dAPITimeout, Interval: time.Second}, func(ctx context.Context) error {
		engine, err := s.cluster(ctx, ref)
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

func (m *k3dClusterModel) options(ctx context.Context, adopt bool) k3d.Options {
	return k3d.Options{Adopt: adopt, LockWait: lockWait, Holder: holder(), OnStep: logStep(ctx, m.named())}
}

func (m *k3dClusterModel) setIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, diags *diag.Diagnostics) {
	if identity != nil {
		diags.Append(identity.Set(ctx, k3dIdentity{Host: m.Host, Name: m.Name})...)
	}
}
