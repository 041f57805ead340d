package provider

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// A release belongs to one resource. Two that install the same one would overwrite each other's work at every apply, so
// each plan claims its releases, and the second claim of a walk is an error. Terraform does not tell a provider which
// resource it plans; a token in private state does, because Terraform hands it from the first plan of a replacement to
// its second and keeps it with the resource.

// claimKey is where a planned resource keeps its token.
const claimKey = "claim"

// claims knows the releases that one walk has planned.
type claims struct {
	mu   sync.Mutex
	held map[string]claim
}

type claim struct{ token, what string }

// take records a release of a cluster, or returns what another resource holds it as.
func (c *claims) take(cluster, release string, by claim) (other string, free bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held == nil {
		c.held = map[string]claim{}
	}
	key := cluster + " " + release
	if have, taken := c.held[key]; taken && have.token != by.token {
		return have.what, false
	}
	c.held[key] = by
	return "", true
}

// claimPlanned claims what a plan installs, as far as it is known what and where that is.
func claimPlanned[T any, M modelOf[T]](ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse, p planned) {
	if p.Session == nil || !settledApartFromCluster(req.Config.Raw) {
		return
	}
	m := M(new(T))
	resp.Diagnostics.Append(getKnown(ctx, req.Plan, m)...)
	var reference types.Object
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("cluster"), &reference)...)
	if resp.Diagnostics.HasError() || reference.IsUnknown() {
		return
	}
	c := m.component(ctx, secrets{}, &resp.Diagnostics)
	if len(c.Charts) == 0 {
		return
	}
	token := claimToken(ctx, req.Private, resp.Private, &resp.Diagnostics)
	for _, chart := range c.Charts {
		release := chart.Namespace + "/" + chart.Release
		other, free := p.Session.claims.take(reference.String(), release, claim{token, named(p.What, m)})
		if !free {
			resp.Diagnostics.AddError("Two resources claim release "+release, fmt.Sprintf(
				"%s and %s would both install it on the same cluster and overwrite each other's work. Give one of them another name or namespace, or remove one.", other, named(p.What, m)))
			return
		}
	}
}

func claimToken(ctx context.Context, from privateGetter, to privateSetter, diags *diag.Diagnostics) string {
	raw, d := from.GetKey(ctx, claimKey)
	diags.Append(d...)
	var token string
	if len(raw) == 0 || json.Unmarshal(raw, &token) != nil || token == "" {
		token = rand.Text()
	}
	raw, err := json.Marshal(token)
	if err != nil {
		diags.AddError("Keeping private state failed", err.Error())
		return token
	}
	diags.Append(to.SetKey(ctx, claimKey, raw)...)
	return token
}
