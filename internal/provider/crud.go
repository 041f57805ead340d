package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// modelOf lets the shared functions make a resource's model and call its methods.
type modelOf[T any] interface {
	*T
	resourceModel
}

// createComponent installs what the plan says. When it fails after the cluster was touched, the state keeps what
// is known with status "failed", and the next apply repairs it in place (see skipsRemoval).
func createComponent[T any, M modelOf[T]](ctx context.Context, s *session, req resource.CreateRequest, resp *resource.CreateResponse, what string) {
	m := M(new(T))
	resp.Diagnostics.Append(req.Plan.Get(ctx, m)...)
	secret := readSecrets(ctx, req.Config, &resp.Diagnostics)
	limit, diags := m.base().Timeouts.Create(ctx, createTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	engine, ok := s.engine(ctx, m.base(), &resp.Diagnostics, "Creating", named(what, m))
	if !ok {
		return
	}
	uid, err := engine.UID(ctx)
	if err != nil {
		addFault(&resp.Diagnostics, "Creating", named(what, m), err)
		return
	}
	c := s.build(ctx, m, secret, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || s.refuses(ctx, engine, m, c, named(what, m), &resp.Diagnostics) {
		return
	}
	if c, err = s.prepared(ctx, engine, m, c); err != nil {
		addFault(&resp.Diagnostics, "Creating", named(what, m), err)
		return
	}
	m.base().ClusterUID = types.StringValue(uid)
	setIdentity(ctx, resp.Identity, m, &resp.Diagnostics)
	observed, err := engine.Install(ctx, c, cluster.InstallOptions{
		Adopt: m.base().Adopt.ValueBool(), OnStep: logStep(ctx, named(what, m)), OnDoubt: warnOfDoubt(named(what, m), &resp.Diagnostics),
	})
	if err != nil {
		addFault(&resp.Diagnostics, "Creating", named(what, m), err)
		if fault.Is(err, fault.Conflict) {
			return // it belongs to somebody else: tracking it would let a destroy remove it
		}
		m.observe(cluster.Observed{})
		m.base().markFailed()
		resp.Diagnostics.Append(saveKnown(ctx, &resp.State, m)...)
		return
	}
	m.observe(settled(observed, named(what, m), &resp.Diagnostics))
	warnUnsurveyed(surveyed(ctx, engine, m), named(what, m), &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	saveRecord(ctx, resp.Private, observed.Known, &resp.Diagnostics)
	saveImages(ctx, resp.Private, c, &resp.Diagnostics)
}

// readComponent refreshes. Only a positive "not there" removes the resource from the state.
func readComponent[T any, M modelOf[T]](ctx context.Context, s *session, req resource.ReadRequest, resp *resource.ReadResponse, what string) {
	m := M(new(T))
	resp.Diagnostics.Append(req.State.Get(ctx, m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	setIdentity(ctx, resp.Identity, m, &resp.Diagnostics)
	limit, diags := m.base().Timeouts.Read(ctx, readTimeout)
	resp.Diagnostics.Append(diags...)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c := s.build(ctx, m, secrets{}, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	observed, err := s.read(ctx, m, c, loadRecord(ctx, req.Private, &resp.Diagnostics))
	switch {
	case fault.Is(err, fault.NotFound):
		resp.Diagnostics.AddWarning(fmt.Sprintf("%s is gone", named(what, m)), sentence(err.Error())+"\n\nIt is taken out of the state; the plan makes it again.")
		resp.State.RemoveResource(ctx)
	case err != nil && couldNotLook(err):
		s.addUnread(&resp.Diagnostics, named(what, m), err)
	case err != nil:
		addFault(&resp.Diagnostics, "Reading", named(what, m), err)
	default:
		s.compareImages(ctx, req.Private, m, c, &observed, &resp.Diagnostics)
		failed := m.base().Status.ValueString() == statusFailed
		m.observe(observed)
		if failed {
			m.base().markFailed()
		}
		resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
		saveRecord(ctx, resp.Private, observed.Known, &resp.Diagnostics)
	}
}

// updateComponent converges on the plan. On failure the prior state stays, so that the next plan shows the same change.
func updateComponent[T any, M modelOf[T]](ctx context.Context, s *session, req resource.UpdateRequest, resp *resource.UpdateResponse, what string) {
	m := M(new(T))
	resp.Diagnostics.Append(req.Plan.Get(ctx, m)...)
	secret := readSecrets(ctx, req.Config, &resp.Diagnostics)
	limit, diags := m.base().Timeouts.Update(ctx, updateTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	engine, ok := s.engine(ctx, m.base(), &resp.Diagnostics, "Updating", named(what, m))
	if !ok {
		return
	}
	setIdentity(ctx, resp.Identity, m, &resp.Diagnostics)
	c := s.build(ctx, m, secret, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || refusesUpdate[T, M](ctx, s, engine, req, c, named(what, m), &resp.Diagnostics) {
		return
	}
	c, err := s.prepared(ctx, engine, m, c)
	if err != nil {
		addFault(&resp.Diagnostics, "Updating", named(what, m), err)
		return
	}
	observed, err := engine.Install(ctx, c, cluster.InstallOptions{
		Known:  loadRecord(ctx, req.Private, &resp.Diagnostics),
		Adopt:  m.base().Adopt.ValueBool(),
		OnStep: logStep(ctx, named(what, m)), OnDoubt: warnOfDoubt(named(what, m), &resp.Diagnostics),
	})
	if err != nil {
		addFault(&resp.Diagnostics, "Updating", named(what, m), err)
		return
	}
	m.observe(settled(observed, named(what, m), &resp.Diagnostics))
	warnUnsurveyed(surveyed(ctx, engine, m), named(what, m), &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	saveRecord(ctx, resp.Private, observed.Known, &resp.Diagnostics)
	saveImages(ctx, resp.Private, c, &resp.Diagnostics)
}

// deleteComponent removes what the state says. What is gone already is a success.
func deleteComponent[T any, M modelOf[T]](ctx context.Context, s *session, req resource.DeleteRequest, resp *resource.DeleteResponse, what string) {
	m := M(new(T))
	resp.Diagnostics.Append(req.State.Get(ctx, m)...)
	limit, diags := m.base().Timeouts.Delete(ctx, deleteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || skipsRemoval(ctx, req.Private, m, &resp.Diagnostics) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c := m.component(ctx, secrets{}, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	engine, err := s.cluster(ctx, referenceOf(ctx, m.base().Cluster, m.base().ClusterUID, &resp.Diagnostics))
	if err == nil {
		var kept keptObjects
		o := m.removal()
		o.Known, o.OnStep, o.OnKept = loadRecord(ctx, req.Private, &resp.Diagnostics), logStep(ctx, named(what, m)), kept.note
		err = engine.Remove(ctx, c, o)
		kept.tell(&resp.Diagnostics, named(what, m))
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		addFault(&resp.Diagnostics, "Removing", named(what, m), err)
	}
}

// settled keeps the plan's promise that no drift is left after an apply. Something that differs again at once has
// another owner; that is said, because the next plan will find it again.
func settled(o cluster.Observed, what string, diags *diag.Diagnostics) cluster.Observed {
	if len(o.Drift) > 0 {
		diags.AddWarning(what+" was changed by something else as it was applied", strings.Join(o.Drift, "\n")+
			"\n\nIf that is meant, leave these fields to their owner.")
	}
	o.Drift = nil
	return o
}

// read looks at a component on its cluster.
func (s *session) read(ctx context.Context, m resourceModel, c component.Component, known cluster.Known) (cluster.Observed, error) {
	var diags diag.Diagnostics
	engine, err := s.cluster(ctx, referenceOf(ctx, m.base().Cluster, m.base().ClusterUID, &diags))
	if err != nil {
		return cluster.Observed{}, err
	}
	mode := cluster.DriftFind
	if m.base().DriftPolicy.ValueString() == driftIgnore {
		mode = cluster.DriftSkip
	}
	observed, err := engine.Read(ctx, c, cluster.ReadOptions{Known: known, Drift: mode, Shared: true})
	if err != nil {
		return observed, err
	}
	return observed, surveyed(ctx, engine, m)
}

func (s *session) engine(ctx context.Context, m *componentModel, diags *diag.Diagnostics, doing, what string) (Engine, bool) {
	engine, err := s.cluster(ctx, referenceOf(ctx, m.Cluster, m.ClusterUID, diags))
	if err != nil {
		addFault(diags, doing, what, err)
	}
	return engine, err == nil && !diags.HasError()
}

// named is how messages call a resource: "lab_metallb metallb-system/metallb".
func named(what string, m resourceModel) string {
	namespace, name := m.id()
	if namespace == "" {
		return what + " " + name
	}
	return what + " " + namespace + "/" + name
}

func logStep(ctx context.Context, what string) func(string) {
	return func(step string) { tflog.Info(ctx, what+": "+step) }
}

// readSecrets reads the write-only values, which only a configuration has.
func readSecrets(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics) secrets {
	if _, ok := config.Schema.GetAttributes()["values_wo"]; !ok {
		return secrets{}
	}
	var v types.String
	diags.Append(config.GetAttribute(ctx, path.Root("values_wo"), &v)...)
	return secrets{values: v.ValueString()}
}
