package provider

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// A creation that fails leaves a tainted resource, and Terraform insists on replacing what is tainted: delete, then
// create. For a half-finished installation that is the wrong cure, so the two halves agree on a repair in place:
// the plan of every creation writes down where it will create, Terraform hands the same note to the deletion of a
// replacement, and a deletion of something that never finished, about to be created at the very same place, leaves
// it to the creation. A plain destroy carries no such note and removes as always.

// createNoteKey is where a planned creation writes down its place.
const createNoteKey = "create_at"

// place says where something is installed.
type place struct {
	Cluster   string `json:"cluster"`
	Host      string `json:"host"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

func (p place) complete() bool { return p.Name != "" && (p.Cluster != "" || p.Host != "") }

// noteCreation writes down where a plan will create.
func noteCreation(ctx context.Context, private privateSetter, p place, diags *diag.Diagnostics) {
	raw, err := json.Marshal(p)
	if err != nil {
		diags.AddError("Keeping private state failed", err.Error())
		return
	}
	diags.Append(private.SetKey(ctx, createNoteKey, raw)...)
}

// repairsInPlace reports whether the deletion of something at p is half of a replacement at the same place.
func repairsInPlace(ctx context.Context, private privateGetter, p place, diags *diag.Diagnostics) bool {
	raw, d := private.GetKey(ctx, createNoteKey)
	diags.Append(d...)
	var planned place
	if len(raw) == 0 || json.Unmarshal(raw, &planned) != nil {
		return false
	}
	return p.complete() && p == planned
}

func placeOf(ctx context.Context, m resourceModel) place {
	namespace, name := m.id()
	p := place{Namespace: namespace, Name: name}
	var ref referenceModel
	if o := m.base().Cluster; !o.IsNull() && !o.IsUnknown() {
		if diags := o.As(ctx, &ref, emptyForUnknown); diags.HasError() {
			return place{}
		}
		p.Host = ref.Host.ValueString()
		p.Cluster = ref.UID.ValueString()
		return p
	}
	// The provider's kubernetes block: one provider, one cluster.
	p.Host = "kubernetes block"
	return p
}

// skipsRemoval tells a deletion that it is half of a repair.
func skipsRemoval(ctx context.Context, private privateGetter, m resourceModel, diags *diag.Diagnostics) bool {
	if m.base().Status.ValueString() != statusFailed || !repairsInPlace(ctx, private, placeOf(ctx, m), diags) {
		return false
	}
	tflog.Info(ctx, "the creation did not finish; it is left in place for its repair")
	return true
}

// noteComponent writes down where a component will be created, when the plan knows.
func noteComponent[T any, M modelOf[T]](ctx context.Context, plan tfsdk.Plan, private privateSetter, diags *diag.Diagnostics) {
	var reference types.Object
	diags.Append(plan.GetAttribute(ctx, path.Root("cluster"), &reference)...)
	m := M(new(T))
	diags.Append(getKnown(ctx, plan, m)...)
	if diags.HasError() || reference.IsUnknown() {
		return
	}
	noteCreation(ctx, private, placeOf(ctx, m), diags)
}
