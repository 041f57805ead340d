// Package provider knows Terraform: schemas, models, plans and diagnostics. What they stand for is known below.
package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// Address is where the provider is published; every other mention derives from it.
const Address = "registry.terraform.io/dxlab/lab"

// typeName is the prefix of every resource type.
const typeName = "lab"

var (
	_ provider.Provider                       = (*labProvider)(nil)
	_ provider.ProviderWithEphemeralResources = (*labProvider)(nil)
	_ provider.ProviderWithActions            = (*labProvider)(nil)
	_ provider.ProviderWithFunctions          = (*labProvider)(nil)
)

// New returns the constructor that the plugin server asks for.
func New(version string) func() provider.Provider {
	return NewWith(version, liveWorld)
}

// NewWith is New with another world behind the session, for tests.
func NewWith(version string, open OpenWorld) func() provider.Provider {
	return func() provider.Provider { return &labProvider{version: version, open: open} }
}

type labProvider struct {
	version string
	open    OpenWorld
}

func (p *labProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName, resp.Version = typeName, p.version
}

func (p *labProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = providerSchema()
}

// Configure gathers settings. It never dials and never fails on values that are not known yet: a resource that
// needs them says so when it needs them.
func (p *labProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var config providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	set := readSettings(ctx, config, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	s := newSession(p.version, set, p.open)
	resp.ResourceData, resp.DataSourceData, resp.EphemeralResourceData, resp.ActionData = s, s, s, s
}

func (p *labProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		newCertManager,
		newHelmRelease,
		newHostsEntries,
		newIngress,
		newIngressController,
		newIstioGateway,
		newIstioInjection,
		newIstioMesh,
		newIstioMonitoring,
		newIstioRoute,
		newK3dCluster,
		newKiali,
		newManifest,
		newMetalLB,
		newMetalLBPool,
		newMonitoring,
		newOTelOperator,
		newNodeTools,
		newRKE2Node,
		newSampleApp,
		newTempo,
		newTraceCheck,
		newTracingPipeline,
		newTraffic,
	}
}

func (p *labProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		newClusterData,
		newHTTPCheck,
		newHelmChartsData,
		newImagesData,
		newIngressControllerData,
		newServiceGraph,
		newTraces,
	}
}

func (p *labProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{
		newGrafanaCredentials,
		newKubeconfig,
		newPortForward,
	}
}

func (p *labProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{
		newHostsBlock,
		newIPInPool,
		newVersionsFunction,
	}
}

func (p *labProvider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{
		newTraceCheckAction,
		newTrafficAction,
	}
}
