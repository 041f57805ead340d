package rke2

import (
	"context"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// Update makes an installed node what is asked for now: another version, configuration or registries. It restarts
// the unit only when what runs differs. A node without a version keeps the one it has, until another channel is asked
// for. A machine without RKE2 is of kind fault.NotFound: to install a server anew would make another cluster of it.
func Update(ctx context.Context, h Host, n Node, o Options) (Outcome, error) {
	if err := n.Validate(); err != nil {
		return Outcome{}, err
	}
	j := newJob(h, n, o)
	err := locked(ctx, h, o, func(ctx context.Context) error {
		return j.do(ctx, j.converge(j.mayUpdate)...)
	})
	return j.out, err
}

func (j *job) mayUpdate(context.Context) error {
	const name = "update RKE2"
	o := j.out.Observed
	j.out.Warnings = nil
	j.out.Touched = o.ByUs
	switch {
	case !o.Installed:
		return j.errorf(fault.NotFound, name, "it is not installed there any more")
	case o.Role != "" && o.Role != j.n.Role:
		return j.errorf(fault.Conflict, name, "found %s, not %s", o, j.n.Role.article())
	}
	return j.refusal(name, mayAdopt(j.n, o))
}
