package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/rke2"
)

// remove takes a node out of its cluster, as far as the cluster can be reached, and then off its host.
func (r *rke2Node) remove(ctx context.Context, m rke2NodeModel, diags *diag.Diagnostics) error {
	defer r.session.world.Forget(m.reference(ctx))
	o := rke2.UninstallOptions{
		DataDir: m.DataDir.ValueString(), LockWait: lockWait, Holder: holder(), Logger: r.session.log, OnStep: logStep(ctx, m.named()),
	}
	if m.joins() {
		o.BeforeStop = func(ctx context.Context) error {
			if err := r.leave(ctx, m, diags); err != nil {
				diags.AddWarning(m.named()+" could not be taken out of its cluster", sentence(err.Error())+
					"\n\nRKE2 is removed from the host all the same. If the cluster goes on without it, run: kubectl delete node "+m.Name.ValueString())
			}
			return nil
		}
	}
	return r.session.world.Node(m.target()).Uninstall(ctx, o)
}

// leave drains the node and deletes the Node object, and with it the node's password, without which a host of this name could not join again.
func (r *rke2Node) leave(ctx context.Context, m rke2NodeModel, diags *diag.Diagnostics) error {
	engine, err := r.session.cluster(ctx, m.joinReference(ctx))
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if limit := m.drainTimeout(); limit > 0 {
		if err := engine.DrainNode(ctx, m.Name.ValueString(), limit); err != nil {
			diags.AddWarning(m.named()+" was not drained", sentence(err.Error())+"\n\nThe node is removed all the same; pods that are still on it end at once and start elsewhere.")
		}
	}
	return engine.RemoveNode(ctx, m.Name.ValueString())
}

// drainTimeout is how long a removal waits for the node's pods to move; the schema has checked that it can be read.
func (m *rke2NodeModel) drainTimeout() time.Duration {
	limit, err := time.ParseDuration(m.DrainTimeout.ValueString())
	if err != nil {
		return 0
	}
	return limit
}
