package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/verify"
)

// ModifyPlan says of a check that is going to be made what can be said before: that its time is too short, and that the
// mesh makes the trace improbable.
func (r *traceCheck) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || !req.State.Raw.IsNull() || r.session == nil {
		return
	}
	var m traceCheckModel
	resp.Diagnostics.Append(getKnown(ctx, req.Plan, &m)...)
	limit, diags := m.Timeouts.Create(ctx, createTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	if deadline := limitOf(m.Deadline, traceDeadline); deadline >= limit {
		resp.Diagnostics.AddAttributeError(path.Root("deadline"), "The check takes longer than it may",
			fmt.Sprintf("The trace may take %s, and timeouts.create, which is for the whole check, is %s. Raise timeouts.create or lower deadline.", deadline, limit))
		return
	}
	r.session.warnOfSampling(ctx, req.Plan, &m, &resp.Diagnostics)
}

// planPatience bounds what a plan waits for a cluster, only to warn.
const planPatience = 10 * time.Second

// warnOfSampling goes by what this walk plans for the mesh, because that is what the check will meet; what is live counts
// where the walk plans no other mesh. A mesh that cannot be looked at is no reason to speak: the apply looks again.
func (s *session) warnOfSampling(ctx context.Context, plan tfsdk.Plan, m *traceCheckModel, diags *diag.Diagnostics) {
	var quiet diag.Diagnostics
	var reference types.Object
	quiet.Append(plan.GetAttribute(ctx, path.Root("cluster"), &reference)...)
	if quiet.HasError() || m.Mesh.ValueString() == "" {
		return
	}
	planned, found := s.walk.mesh(meshKey(reference, m.Mesh.ValueString()))
	switch {
	case found && planned.silent:
		diags.Append(diag.NewWarningDiagnostic("The mesh makes no spans", fmt.Sprintf("%s is planned without tracing, so that no trace of its proxies can arrive. Set lab_istio_mesh.tracing, or mesh_namespace = \"\" where the application sends spans itself.", planned.what)))
	case found && planned.known && planned.percent < likely:
		diags.Append(fewSamples(verify.Outlook{Percent: planned.percent, Source: planned.what + ", as it is planned,"}))
	case (found && planned.changes) || reference.IsUnknown():
	default:
		s.warnOfLiveSampling(ctx, reference, m, diags)
	}
}

func (s *session) warnOfLiveSampling(ctx context.Context, reference types.Object, m *traceCheckModel, diags *diag.Diagnostics) {
	var quiet diag.Diagnostics
	ctx, cancel := context.WithTimeout(ctx, planPatience)
	defer cancel()
	ref := referenceOf(ctx, reference, types.StringNull(), &quiet)
	engine, err := s.cluster(ctx, ref)
	if err != nil || quiet.HasError() {
		return
	}
	way := verify.Way{Services: textList(ctx, m.Services, &quiet), Mesh: m.Mesh.ValueString(), Cluster: clusterObjects{engine}}
	seen, known := way.Outlook(ctx)
	switch {
	case known && seen.Off != nil:
		diags.AddWarning("The mesh makes no spans", sentence(seen.Off.Error())+", as it is now, so that no trace of its proxies can arrive. Set lab_istio_mesh.tracing, or remove the Telemetry that overrides it.")
	case known && seen.Percent < likely:
		diags.Append(fewSamples(seen))
	}
}

// plannedMesh is what a walk plans a mesh to do about traces.
type plannedMesh struct {
	// what is the resource, for messages, and changes says that this plan makes or changes it.
	what    string
	changes bool
	// silent says that it has no tracing at all; known, that percent is what it samples.
	silent, known bool
	percent       float64
}

// meshKey names a mesh by its cluster's reference, as the configuration writes it, and its namespace.
func meshKey(cluster types.Object, namespace string) string {
	return cluster.String() + " " + namespace
}

// noteTracing records what a plan of the mesh makes of sampling. What the user's own documents say about tracing goes
// over the attributes and is not interpreted here.
func (s *session) noteTracing(ctx context.Context, req resource.ModifyPlanRequest) {
	if s == nil || req.Plan.Raw.IsNull() {
		return
	}
	var quiet diag.Diagnostics
	var reference types.Object
	var tracing types.Object
	m := &istioMeshModel{}
	quiet.Append(req.Plan.GetAttribute(ctx, path.Root("cluster"), &reference)...)
	quiet.Append(req.Plan.GetAttribute(ctx, path.Root("tracing"), &tracing)...)
	quiet.Append(getKnown(ctx, req.Plan, m)...)
	if quiet.HasError() {
		return
	}
	planned := plannedMesh{what: named(istioMeshType, m), changes: !req.Plan.Raw.Equal(req.State.Raw)}
	own := strings.Join(append(textList(ctx, m.Values, &quiet), m.MeshConfig.ValueString()), "\n")
	switch {
	case strings.Contains(strings.ToLower(own), "tracing"), tracing.IsUnknown():
	case m.Tracing == nil:
		planned.silent = true
	case !unknownIn(tracing, "sampling"):
		planned.known, planned.percent = true, orFloat(m.Tracing.Sampling, meshSampling)
	}
	s.walk.planMesh(meshKey(reference, m.Namespace.ValueString()), planned)
}

// meshSampling is Istio's own default, see the attribute tracing.sampling.
const meshSampling = 1

func unknownIn(o types.Object, attribute string) bool {
	v, ok := o.Attributes()[attribute]
	return ok && v.IsUnknown()
}
