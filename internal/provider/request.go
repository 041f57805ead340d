package provider

import (
	"context"
	"net"
	"net/http"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/reach"
)

// client makes the HTTP client of the requests, after it has made sure that they go to the lab. A name that was looked up
// for that is not looked up again, where the answer could be another one.
func (m *requestModel) client(ctx context.Context, s *session, diags *diag.Diagnostics) (*http.Client, error) {
	ref := referenceOf(ctx, m.Cluster, types.StringNull(), diags)
	o := reach.HTTPOptions{Via: outside(m.Via, ref), ServerName: serverName(m.Host)}
	if o.Via != reach.ViaCluster && !m.AllowExternal.ValueBool() {
		engine, err := s.cluster(ctx, ref)
		if err != nil {
			return nil, err
		}
		if o.Pinned, err = checkTarget(ctx, engine, ref, m.URL.ValueString()); err != nil {
			return nil, err
		}
	}
	return s.sending(ctx, ref, o)
}

// serverName is the name that a certificate has to have, where a Host header asks for another than the address.
func serverName(host types.String) string {
	name := host.ValueString()
	if bare, _, err := net.SplitHostPort(name); err == nil {
		return bare
	}
	return name
}

// keepMeasured updates a resource that did its work already: only its timeouts can differ.
func keepMeasured(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var limits timeouts.Value
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("timeouts"), &limits)...)
	resp.State.Raw = req.State.Raw
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("timeouts"), limits)...)
}

// orFloat and orInt take a default where a value is null, as in an action, whose schema knows no defaults.
func orFloat(v types.Float64, otherwise float64) float64 {
	if v.IsNull() {
		return otherwise
	}
	return v.ValueFloat64()
}

func orInt(v types.Int64, otherwise int64) int64 {
	if v.IsNull() {
		return otherwise
	}
	return v.ValueInt64()
}
