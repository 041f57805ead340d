package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/rke2"
)

// ImportState takes over a node by the address of its host. The host says the rest; how an agent's cluster is reached
// is known only to the configuration, whose `join` the next apply takes over.
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
	set("drain_timeout", defaultDrainTimeout)
	set("adopt", false)
	found, err := r.session.world.Node(target).Read(ctx, rke2.Node{})
	switch {
	case err != nil:
		addFault(&resp.Diagnostics, "Importing", "lab_rke2_node "+target.Host, r.session.explainUnknown(err))
		return
	case !found.Installed || found.Role == "":
		resp.Diagnostics.AddError("Nothing to import", fmt.Sprintf("Host %s has %s.", target.Host, found))
		return
	}
	var m rke2NodeModel
	resp.Diagnostics.Append(resp.State.Get(ctx, &m)...)
	m.Role = types.StringValue(string(found.Role))
	if err := r.observe(ctx, &m, found); err != nil {
		addFault(&resp.Diagnostics, "Importing", "the cluster of "+m.named(), err)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	m.setIdentity(ctx, resp.Identity, &resp.Diagnostics)
}
