package provider

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
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
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	auth := readRegistriesAuth(ctx, req.Config, &resp.Diagnostics)
	limit, diags := m.Timeouts.Create(ctx, nodeCreateTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	node, ok := r.node(ctx, m, auth, &resp.Diagnostics)
	if !ok {
		return
	}
	outcome, err := r.change(ctx, m, node, rke2.Install)
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
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.setIdentity(ctx, resp.Identity, &resp.Diagnostics)
	limit, diags := m.Timeouts.Read(ctx, nodeReadTimeout)
	resp.Diagnostics.Append(diags...)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	node, ok := r.node(ctx, m, nil, &resp.Diagnostics)
	if !ok {
		return
	}
	observed, err := rke2.Read(ctx, r.session.world.Node(m.target()), node)
	switch {
	case err != nil && couldNotLook(err):
		r.session.addUnread(&resp.Diagnostics, m.named(), r.session.explainUnknown(err))
	case err != nil:
		addFault(&resp.Diagnostics, "Reading", m.named(), err)
	case !observed.Installed:
		resp.Diagnostics.AddWarning(m.named()+" is gone", fmt.Sprintf("Host %s answers and has no RKE2. The node is taken out of the state; the plan makes it again.", m.Host.ValueString()))
		resp.State.RemoveResource(ctx)
	default:
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
}

func (r *rke2Node) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m rke2NodeModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	auth := readRegistriesAuth(ctx, req.Config, &resp.Diagnostics)
	limit, diags := m.Timeouts.Update(ctx, nodeUpdateTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	node, ok := r.node(ctx, m, auth, &resp.Diagnostics)
	if !ok {
		return
	}
	outcome, err := r.change(ctx, m, node, rke2.Update)
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
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	limit, diags := m.Timeouts.Delete(ctx, nodeDeleteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	if m.Status.ValueString() == statusFailed && repairsInPlace(ctx, req.Private, m.place(), &resp.Diagnostics) {
		tflog.Info(ctx, "the installation did not finish; it is left in place for its repair")
		return
	}
	if m.OnDestroy.ValueString() == onDestroyKeep {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := r.remove(ctx, m, &resp.Diagnostics); err != nil {
		addFault(&resp.Diagnostics, "Removing", m.named(), r.session.explainUnknown(err))
	}
}

func (r *rke2Node) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	target, err := parseTarget(req.ID)
	if err != nil || req.ID == "" {
		resp.Diagnostics.AddError("Malformed import id", "Want [user@]host[:port] of the node, as in \"root@10.0.0.1\".")
		return
	}
	set := func(name string, v any) {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), v)...)
	}
	set("host", target.Host)
	set("port", nullIfZero(target.Port))
	set("user", nullIfEmpty(target.User))
	set("drift_policy", driftCorrect)
	set("on_destroy", onDestroyUninstall)
	set("adopt", true)
	found, err := rke2.Read(ctx, r.session.world.Node(target), rke2.Node{Role: rke2.Server})
	switch {
	case err != nil:
		addFault(&resp.Diagnostics, "Importing", "lab_rke2_node "+target.Host, err)
	case !found.Installed || found.Role == "":
		resp.Diagnostics.AddError("Nothing to import", fmt.Sprintf("Host %s has %s.", target.Host, found))
	default:
		set("role", string(found.Role))
		set("name", found.NodeName)
		(&rke2NodeModel{Name: types.StringValue(found.NodeName)}).setIdentity(ctx, resp.Identity, &resp.Diagnostics)
	}
}

// change runs an installation or an update. Servers of one cluster take turns, because etcd takes one new member
// at a time and loses its quorum when two restart at once.
func (r *rke2Node) change(ctx context.Context, m rke2NodeModel, node rke2.Node,
	do func(context.Context, rke2.Host, rke2.Node, rke2.Options) (rke2.Outcome, error),
) (rke2.Outcome, error) {
	if node.Role == rke2.Server {
		free, err := r.session.joins.lock(ctx, m.clusterKey(ctx))
		if err != nil {
			return rke2.Outcome{}, err
		}
		defer free()
	}
	defer r.session.world.Forget(m.reference(ctx))
	outcome, err := do(ctx, r.session.world.Node(m.target()), node, rke2.Options{
		Adopt: m.Adopt.ValueBool(), LockWait: lockWait, Holder: holder(), Logger: r.session.log, StartTimeout: remaining(ctx),
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

// remove takes a node out of its cluster, as far as the cluster can be reached, and then off its host.
func (r *rke2Node) remove(ctx context.Context, m rke2NodeModel, diags *diag.Diagnostics) error {
	defer r.session.world.Forget(m.reference(ctx))
	o := rke2.UninstallOptions{
		DataDir: m.DataDir.ValueString(), LockWait: lockWait, Holder: holder(), Logger: r.session.log, OnStep: logStep(ctx, m.named()),
	}
	if m.joins() {
		o.BeforeStop = func(ctx context.Context) error {
			if err := r.leave(ctx, m); err != nil {
				diags.AddWarning(m.named()+" could not be taken out of its cluster", sentence(err.Error())+
					"\n\nRKE2 is removed from the host all the same. If the cluster goes on without it, run: kubectl delete node "+m.Name.ValueString())
			}
			return nil
		}
	}
	return rke2.Uninstall(ctx, r.session.world.Node(m.target()), o)
}

// leave deletes the Node object, and with it the node's password, without which a host of this name could not join again.
func (r *rke2Node) leave(ctx context.Context, m rke2NodeModel) error {
	engine, err := r.session.cluster(ctx, m.joinReference(ctx))
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return engine.RemoveNode(ctx, m.Name.ValueString())
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
	ref := m.reference(ctx)
	ref.UID = ""
	engine, err := r.session.cluster(ctx, reach.Reference{Host: ref.Host, Port: ref.Port, User: ref.User, HostKey: ref.HostKey})
	if err != nil {
		m.setCluster(ref, m.clusterUID(ctx))
		return err
	}
	uid, err := engine.UID(ctx)
	if err != nil {
		uid = m.clusterUID(ctx)
	}
	m.setCluster(ref, uid)
	return err
}

func addWarnings(diags *diag.Diagnostics, what string, warnings []rke2.Warning) {
	for _, w := range warnings {
		diags.AddWarning(what+": "+strings.TrimSuffix(w.Summary, "."), w.Detail)
	}
}
