package provider

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
)

// recordKey is where private state keeps what the engine wants to know next time. It holds no secrets.
const recordKey = "known"

// privateGetter and privateSetter are the parts of the framework's private state that requests and responses have.
type (
	privateGetter interface {
		GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	}
	privateSetter interface {
		SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
	}
)

func loadRecord(ctx context.Context, private privateGetter, diags *diag.Diagnostics) cluster.Known {
	var known cluster.Known
	raw, d := private.GetKey(ctx, recordKey)
	diags.Append(d...)
	if len(raw) == 0 {
		return known
	}
	if err := json.Unmarshal(raw, &known); err != nil {
		// Written by another version: everything is looked at anew, which costs time and nothing else.
		return cluster.Known{}
	}
	return known
}

func saveRecord(ctx context.Context, private privateSetter, known cluster.Known, diags *diag.Diagnostics) {
	raw, err := json.Marshal(known)
	if err != nil {
		diags.AddError("Keeping private state failed", err.Error())
		return
	}
	diags.Append(private.SetKey(ctx, recordKey, raw)...)
}

// saveKnown puts a model into the state after a failure. What is still unknown becomes null, because Terraform
// refuses unknown values in a state and would bury the real error under that refusal.
func saveKnown(ctx context.Context, state *tfsdk.State, model any) diag.Diagnostics {
	diags := state.Set(ctx, model)
	if diags.HasError() {
		return diags
	}
	state.Raw = knownPart(state.Raw, &diags)
	return diags
}

// getKnown reads a plan into a model whose types need not have a place for unknown values; they read as null.
func getKnown(ctx context.Context, plan tfsdk.Plan, model any) diag.Diagnostics {
	var diags diag.Diagnostics
	plan.Raw = knownPart(plan.Raw, &diags)
	diags.Append(plan.Get(ctx, model)...)
	return diags
}

// knownPart puts null in the place of every unknown value.
func knownPart(raw tftypes.Value, diags *diag.Diagnostics) tftypes.Value {
	known, err := tftypes.Transform(raw, func(_ *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
		if v.IsKnown() {
			return v, nil
		}
		return tftypes.NewValue(v.Type(), nil), nil
	})
	if err != nil {
		diags.AddError("Reading what is known failed", err.Error())
	}
	return known
}
