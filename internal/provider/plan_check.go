package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
)

// checkPlanned builds the component of a plan, so that what cannot be built is an error of the plan and not of the
// apply. It is silent while the configuration has values that are not known yet: what they will be is anybody's guess.
func checkPlanned[T any, M modelOf[T]](ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if !settledApartFromCluster(req.Config.Raw) {
		return
	}
	m := M(new(T))
	resp.Diagnostics.Append(getKnown(ctx, req.Plan, m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.component(ctx, readSecrets(ctx, req.Config, &resp.Diagnostics), &resp.Diagnostics)
}

// settledApartFromCluster reports whether everything but the cluster's reference is known; no component depends on that.
func settledApartFromCluster(config tftypes.Value) bool {
	attributes := map[string]tftypes.Value{}
	if config.As(&attributes) != nil {
		return false
	}
	for name, v := range attributes {
		if name != "cluster" && !v.IsFullyKnown() {
			return false
		}
	}
	return true
}

// warnOfUsers says in the plan of a removal which objects of others live off what is to go. Objects that this provider
// applied are left out: where they refer to each other Terraform removes them in the right order. A cluster that
// cannot be looked at is no reason to speak; the removal looks again and refuses.
func warnOfUsers[T any, M modelOf[T]](ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse, p planned) {
	if p.Session == nil || req.State.Raw.IsNull() {
		return
	}
	m := M(new(T))
	var quiet diag.Diagnostics
	quiet.Append(req.State.Get(ctx, m)...)
	if quiet.HasError() {
		return
	}
	foreign, tolerated := p.Session.usersOf(ctx, m)
	if len(foreign) > 0 {
		resp.Diagnostics.AddWarning(named(p.What, m)+" is still in use", cluster.DescribeUsers(foreign)+
			"\n\nIts removal is refused while they are there, unless force_destroy is set.")
	}
	if len(tolerated) > 0 {
		resp.Diagnostics.AddWarning(named(p.What, m)+" is still in use", cluster.DescribeUsers(tolerated)+
			"\n\nThey stay, and work again once it is back.")
	}
}

// usersOf looks for what lives off a component and is not kept by this provider: those that forbid its removal, and those
// that only suffer from it. Where it cannot look it finds none.
func (s *session) usersOf(ctx context.Context, m resourceModel) (foreign, tolerated []cluster.User) {
	var quiet diag.Diagnostics
	c := m.component(ctx, secrets{}, &quiet)
	ref := referenceOf(ctx, m.base().Cluster, m.base().ClusterUID, &quiet)
	if quiet.HasError() || (len(c.UsedBy) == 0 && !c.GuardCRDs && !m.removal().CRDs) {
		return nil, nil
	}
	engine, err := s.cluster(ctx, ref)
	if err != nil {
		return nil, nil
	}
	users, err := engine.Users(ctx, c, m.removal())
	if err != nil {
		return nil, nil
	}
	for _, u := range users {
		switch {
		case u.Ours:
		case u.Tolerated:
			tolerated = append(tolerated, u)
		default:
			foreign = append(foreign, u)
		}
	}
	return foreign, tolerated
}
