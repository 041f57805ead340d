package provider

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/dxlab/terraform-provider-lab/internal/reach"
	"github.com/dxlab/terraform-provider-lab/internal/rke2"
)

var (
	_ resource.ResourceWithConfigure      = (*rke2Node)(nil)
	_ resource.ResourceWithModifyPlan     = (*rke2Node)(nil)
	_ resource.ResourceWithImportState    = (*rke2Node)(nil)
	_ resource.ResourceWithIdentity       = (*rke2Node)(nil)
	_ resource.ResourceWithValidateConfig = (*rke2Node)(nil)
)

func newRKE2Node() resource.Resource { return &rke2Node{} }

type rke2Node struct{ session *session }

func (r *rke2Node) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_rke2_node"
	// A node can be known before its cluster is: an agent is imported without the cluster that it joined, and a creation
	// may fail before there is one.
	resp.ResourceBehavior.MutableIdentity = true
}

func (r *rke2Node) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *rke2Node) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"cluster_uid": identityschema.StringAttribute{OptionalForImport: true, Description: "UID of namespace kube-system."},
		"node_name":   identityschema.StringAttribute{RequiredForImport: true, Description: "Name of the node."},
	}}
}

// How long the long parts may take. A first start pulls the images of the control plane.
const (
	nodeCreateTimeout = 30 * time.Minute
	nodeReadTimeout   = time.Minute
	nodeUpdateTimeout = 30 * time.Minute
	nodeDeleteTimeout = 15 * time.Minute
	// nodeReadyTimeout bounds the wait for a node to be ready, which takes the images of the network plugin.
	nodeReadyTimeout = 10 * time.Minute
)

func (r *rke2Node) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m rke2NodeModel
	ctx, cancel, ok := begin(ctx, req.Plan, &m, creating, &resp.Diagnostics)
	defer cancel()
	if !ok {
		return
	}
	node, ok := r.node(ctx, m, readRegistriesAuth(ctx, req.Config, &resp.Diagnostics), &resp.Diagnostics)
	if !ok {
		return
	}
	outcome, err := r.change(ctx, m, node, m.Adopt.ValueBool(), Machine.Install)
	addWarnings(&resp.Diagnostics, m.named(), outcome.Warnings)
	if err == nil {
		err = r.observe(ctx, &m, outcome.Observed)
	}
	if err == nil {
		r.awaitReady(ctx, m, &resp.Diagnostics)
	}
	m.setIdentity(ctx, resp.Identity, &resp.Diagnostics)
	if err != nil {
		addFault(&resp.Diagnostics, "Creating", m.named(), err)
		if outcome.Touched {
			m.Status = types.StringValue(statusFailed)
			resp.Diagnostics.Append(saveKnown(ctx, &resp.State, &m)...)
		}
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (r *rke2Node) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m rke2NodeModel
	ctx, cancel, ok := begin(ctx, req.State, &m, reading, &resp.Diagnostics)
	defer cancel()
	if !ok {
		return
	}
	m.setIdentity(ctx, resp.Identity, &resp.Diagnostics)
	node, ok := r.node(ctx, m, nil, &resp.Diagnostics)
	if !ok {
		return
	}
	observed, err := r.session.world.Node(m.target()).Read(ctx, node)
	gone := ""
	if !observed.Installed {
		gone = fmt.Sprintf("Host %s answers and has no RKE2.", m.Host.ValueString())
	}
	if !r.session.stays(ctx, resp, m.named(), gone, err) {
		return
	}
	failed := m.Status.ValueString() == statusFailed
	if err := r.observe(ctx, &m, observed); err != nil {
		r.session.addUnread(&resp.Diagnostics, "the API of "+m.named(), err)
	}
	if failed {
		m.Status = types.StringValue(statusFailed)
	}
	m.setIdentity(ctx, resp.Identity, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (r *rke2Node) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m rke2NodeModel
	ctx, cancel, ok := begin(ctx, req.Plan, &m, updating, &resp.Diagnostics)
	defer cancel()
	if !ok {
		return
	}
	node, ok := r.node(ctx, m, readRegistriesAuth(ctx, req.Config, &resp.Diagnostics), &resp.Diagnostics)
	if !ok {
		return
	}
	outcome, err := r.change(ctx, m, node, true, Machine.Update)
	addWarnings(&resp.Diagnostics, m.named(), outcome.Warnings)
	if err == nil {
		err = r.observe(ctx, &m, outcome.Observed)
	}
	m.setIdentity(ctx, resp.Identity, &resp.Diagnostics)
	if err != nil {
		addFault(&resp.Diagnostics, "Updating", m.named(), err)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (r *rke2Node) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m rke2NodeModel
	ctx, cancel, ok := begin(ctx, req.State, &m, removing, &resp.Diagnostics)
	defer cancel()
	if !ok {
		return
	}
	if m.Status.ValueString() == statusFailed && repairsInPlace(ctx, req.Private, m.place(), &resp.Diagnostics) {
		tflog.Info(ctx, "the installation did not finish; it is left in place for its repair")
		return
	}
	if m.OnDestroy.ValueString() == onDestroyKeep {
		return
	}
	if err := r.remove(ctx, m, &resp.Diagnostics); err != nil {
		addFault(&resp.Diagnostics, "Removing", m.named(), r.session.explainUnknown(err))
	}
}

// limit implements [limited].
func (m *rke2NodeModel) limit(ctx context.Context, o operation) (time.Duration, diag.Diagnostics) {
	switch o {
	case creating:
		return m.Timeouts.Create(ctx, nodeCreateTimeout)
	case updating:
		return m.Timeouts.Update(ctx, nodeUpdateTimeout)
	case removing:
		return m.Timeouts.Delete(ctx, nodeDeleteTimeout)
	}
	return m.Timeouts.Read(ctx, nodeReadTimeout)
}

// change runs an installation or an update. Servers of one cluster take turns, because etcd takes one new member
// at a time and loses its quorum when two restart at once. What is in the state already is ours to change, also when
// it was imported; a creation asks for the user's word.
func (r *rke2Node) change(ctx context.Context, m rke2NodeModel, node rke2.Node, adopt bool,
	do func(Machine, context.Context, rke2.Node, rke2.Options) (rke2.Outcome, error),
) (rke2.Outcome, error) {
	if node.Role == rke2.Server {
		free, err := r.session.joins.lock(ctx, m.clusterKey(ctx))
		if err != nil {
			return rke2.Outcome{}, err
		}
		defer free()
	}
	defer r.session.world.Forget(m.reference(ctx))
	outcome, err := do(r.session.world.Node(m.target()), ctx, node, rke2.Options{
		Adopt: adopt, LockWait: lockWait, Holder: holder(), Logger: r.session.log, StartTimeout: remaining(ctx),
		OnStep: logStep(ctx, m.named()),
	})
	return outcome, r.wrapUnknown(err)
}

func (r *rke2Node) wrapUnknown(err error) error {
	if err == nil {
		return nil
	}
	return r.session.explainUnknown(err)
}

// lockWait is how long a run waits for another one that works on the same host.
const lockWait = 10 * time.Minute

// holder tells another run who holds the lock on a host.
func holder() string {
	machine, err := os.Hostname()
	if err != nil {
		machine = "unknown machine"
	}
	return fmt.Sprintf("terraform process %d on %s", os.Getpid(), machine)
}

// remaining leaves a little of the operation's time for saying what went wrong.
func remaining(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	return max(time.Until(deadline)-15*time.Second, time.Second)
}

// awaitReady waits for the node to be ready. A node that is not is a warning and no error: it is installed, an error
// would have Terraform replace it, and a cluster without a network plugin waits for one that somebody else brings.
func (r *rke2Node) awaitReady(ctx context.Context, m rke2NodeModel, diags *diag.Diagnostics) {
	if slices.Contains(textList(ctx, m.CNI, diags), "none") {
		return
	}
	engine, err := r.session.cluster(ctx, m.reference(ctx))
	if err == nil {
		err = engine.AwaitNode(ctx, m.Name.ValueString(), min(nodeReadyTimeout, remaining(ctx)))
	}
	if err != nil {
		diags.AddWarning(m.named()+" is installed, but not ready yet", sentence(err.Error()))
	}
}

// observe takes over what was read of the host and, of a node that runs, the cluster's UID.
func (r *rke2Node) observe(ctx context.Context, m *rke2NodeModel, o rke2.Observed) error {
	m.InstalledVersion = nullIfEmpty(o.Version)
	m.Name = nullIfEmpty(o.NodeName)
	m.Address = nullIfEmpty(o.Address)
	m.Drift = driftList(m.drift(o))
	m.Status = types.StringValue(statusReady)
	if m.Role.ValueString() == string(rke2.Agent) && !m.joins() {
		m.Cluster = types.ObjectNull(referenceTypes) // imported: only the configuration knows how to reach its cluster
		return nil
	}
	ref := m.reference(ctx)
	ref.UID = ""
	engine, err := r.session.cluster(ctx, reach.Reference{Host: ref.Host, Port: ref.Port, User: ref.User, HostKey: ref.HostKey})
	if err != nil {
		m.setCluster(ctx, ref, m.clusterUID(ctx))
		return err
	}
	uid, err := engine.UID(ctx)
	if err != nil {
		uid = m.clusterUID(ctx)
	}
	m.setCluster(ctx, ref, uid)
	return err
}

func addWarnings(diags *diag.Diagnostics, what string, warnings []rke2.Warning) {
	for _, w := range warnings {
		diags.AddWarning(what+": "+strings.TrimSuffix(w.Summary, "."), w.Detail)
	}
}
