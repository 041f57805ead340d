package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/verify"
)

// collectorContainer is what the operator calls it (opentelemetry-operator:internal/naming/main.go, Container).
const collectorContainer = "otc-container"

// way is all that is known of the way that the spans take.
func (m *traceCheckArguments) way(ctx context.Context, s *session, diags *diag.Diagnostics) (verify.Way, error) {
	client, err := m.client(ctx, s, diags)
	if err != nil {
		return verify.Way{}, err
	}
	ref := referenceOf(ctx, m.Cluster, types.StringNull(), diags)
	store, err := s.within(ctx, ref, inside(m.TempoVia))
	if err != nil {
		return verify.Way{}, err
	}
	way := verify.Way{
		URL: m.URL.ValueString(), Host: m.Host.ValueString(), Headers: textMap(ctx, m.Headers, diags), Client: client, Timeout: limitOf(m.RequestTimeout, 0),
		Services: textList(ctx, m.Services, diags), Mesh: m.Mesh.ValueString(), Tenant: m.Tenant.ValueString(), StoreURL: m.TempoURL.ValueString(),
		Store: verify.NewStore(verify.StoreOptions{URL: m.TempoURL.ValueString(), Tenant: m.Tenant.ValueString(), Client: store}),
	}
	// The cluster is only read for a diagnosis; a check that needs none works without.
	engine, err := s.cluster(ctx, ref)
	if err == nil {
		way.Cluster = clusterObjects{engine}
		way.InCluster, err = s.within(ctx, ref, inside(types.StringNull()))
	}
	way.Unseen = err
	way.Log = func(ctx context.Context, pod object.Ref) (string, error) {
		return s.world.Logs(ctx, ref, kube.LogOptions{Namespace: pod.Namespace, Pod: pod.Name, Container: collectorContainer})
	}
	if c := m.Collector; c != nil {
		way.Collector = object.Ref{APIVersion: "v1", Kind: "Service", Namespace: c.Namespace.ValueString(), Name: c.Service.ValueString()}
		way.CollectorPort = c.Port.ValueInt64()
	}
	if g := m.Grafana; g != nil {
		way.Grafana, way.DataSource = g.URL.ValueString(), g.DataSource.ValueString()
	}
	return way, nil
}
