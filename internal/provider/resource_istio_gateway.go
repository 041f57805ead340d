package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/istio"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

var (
	_ resource.ResourceWithConfigure   = (*istioGateway)(nil)
	_ resource.ResourceWithModifyPlan  = (*istioGateway)(nil)
	_ resource.ResourceWithImportState = (*istioGateway)(nil)
	_ resource.ResourceWithIdentity    = (*istioGateway)(nil)
)

func newIstioGateway() resource.Resource { return &istioGateway{} }

type istioGateway struct{ session *session }

const istioGatewayType = "lab_istio_gateway"

type istioGatewayModel struct {
	chartModel
	Name                  types.String          `tfsdk:"name"`
	MeshNamespace         types.String          `tfsdk:"mesh_namespace"`
	Address               types.String          `tfsdk:"address"`
	AddressAnnotation     types.String          `tfsdk:"address_annotation"`
	ServiceType           types.String          `tfsdk:"service_type"`
	ServiceAnnotations    types.Map             `tfsdk:"service_annotations"`
	ExternalTrafficPolicy types.String          `tfsdk:"external_traffic_policy"`
	Ports                 []gatewayPortModel    `tfsdk:"ports"`
	Replicas              types.Int32           `tfsdk:"replicas"`
	Resources             *resourceRequestModel `tfsdk:"resources"`
	Labels                types.Map             `tfsdk:"labels"`
	LoadBalancerAddress   types.String          `tfsdk:"load_balancer_address"`
}

type gatewayPortModel struct {
	Name       types.String `tfsdk:"name"`
	Port       types.Int32  `tfsdk:"port"`
	TargetPort types.Int32  `tfsdk:"target_port"`
	Protocol   types.String `tfsdk:"protocol"`
	NodePort   types.Int32  `tfsdk:"node_port"`
}

func (r *istioGateway) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = istioGatewayType
}

func (r *istioGateway) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *istioGateway) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = componentIdentity()
}

func (r *istioGateway) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	pinned := versions.Default().Chart(versions.IstioGateway)
	resp.Schema = schema.Schema{
		MarkdownDescription: "An Istio ingress gateway: proxies behind a Service. It waits for istiod's injection, without which its pods could not start, " +
			"and is ready when the Service has its address.",
		Attributes: chartAttributes(ctx, chartDefaults{
			Namespace: istio.DefaultNamespace, Version: pinned.Version, Repository: pinned.Repository, Chart: pinned.Name,
		}, gatewayAttributes()),
	}
}

func gatewayAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"name": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(istio.DefaultGatewayRelease),
			MarkdownDescription: "Name of the release, the Deployment and the Service. Without the prefix `istio-` it is the pods' label `istio`, which routes select. Default: `" + istio.DefaultGatewayRelease + "`.",
			PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"mesh_namespace": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(istio.DefaultNamespace),
			MarkdownDescription: "Namespace of istiod: `lab_istio_mesh.<name>.namespace`. Default: `" + istio.DefaultNamespace + "`.",
		},
		"address":             schema.StringAttribute{Optional: true, MarkdownDescription: "Wanted address of the load balancer, out of a pool such as `lab_metallb_pool`'s. The gateway is ready when it has this one. Default: the load balancer's choice."},
		"address_annotation":  schema.StringAttribute{Optional: true, MarkdownDescription: "Annotation that asks for `address`, such as `metallb.io/loadBalancerIPs` (MetalLB 0.14.9 and later). Default: `spec.loadBalancerIP`, which every MetalLB honours."},
		"service_type":        schema.StringAttribute{Optional: true, MarkdownDescription: "`LoadBalancer`, `NodePort` or `ClusterIP`. Default: `LoadBalancer`.", Validators: []validator.String{stringvalidator.OneOf("LoadBalancer", "NodePort", "ClusterIP")}},
		"service_annotations": schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Annotations of the Service."},
		"external_traffic_policy": schema.StringAttribute{
			Optional: true, MarkdownDescription: "`Cluster` or `Local`; `Local` keeps the client's address. Default: `Cluster`.",
			Validators: []validator.String{stringvalidator.OneOf("Cluster", "Local")},
		},
		"ports": schema.ListNestedAttribute{
			Optional: true, MarkdownDescription: "Ports of the Service. Default: 15021 (health), 80 and 443, each with the same target port.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"name":        schema.StringAttribute{Required: true, MarkdownDescription: "Name of the port."},
				"port":        schema.Int32Attribute{Required: true, MarkdownDescription: "Port of the Service."},
				"target_port": schema.Int32Attribute{Optional: true, MarkdownDescription: "Port of the proxy, which is the port of the route's server. Default: `port`."},
				"protocol":    schema.StringAttribute{Optional: true, MarkdownDescription: "`TCP` or `UDP`. Default: `TCP`."},
				"node_port":   schema.Int32Attribute{Optional: true, MarkdownDescription: "Port of the nodes. Default: Kubernetes' choice."},
			}},
		},
		"replicas":              schema.Int32Attribute{Optional: true, MarkdownDescription: "Fixed number of proxies. Default: the chart's autoscaler, 1 to 5."},
		"resources":             resourceRequestAttribute("What each proxy requests. Default: cpu `" + istio.LabProxy.CPU + "` and memory `" + istio.LabProxy.Memory + "`."),
		"labels":                schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Labels of everything in the release."},
		"load_balancer_address": schema.StringAttribute{Computed: true, MarkdownDescription: "Address that the gateway answers at."},
	}
}

func (r *istioGateway) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	createComponent[istioGatewayModel](ctx, r.session, req, resp, istioGatewayType)
}

func (r *istioGateway) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	readComponent[istioGatewayModel](ctx, r.session, req, resp, istioGatewayType)
}

func (r *istioGateway) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	updateComponent[istioGatewayModel](ctx, r.session, req, resp, istioGatewayType)
}

func (r *istioGateway) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	deleteComponent[istioGatewayModel](ctx, r.session, req, resp, istioGatewayType)
}

func (r *istioGateway) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	planComponent[istioGatewayModel](ctx, req, resp, planned{What: istioGatewayType, Session: r.session, Volatile: []string{"app_version", "load_balancer_address"}})
	planCharts(ctx, req, resp)
}

func (r *istioGateway) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importComponent[istioGatewayModel](ctx, r.session, req, resp, importing{What: istioGatewayType, NameAttribute: "name"})
}

func (m *istioGatewayModel) id() (namespace, name string) {
	return m.Namespace.ValueString(), m.Name.ValueString()
}

func (m *istioGatewayModel) component(ctx context.Context, s secrets, diags *diag.Diagnostics) component.Component {
	g := istio.Gateway{
		Chart:         m.optionsWithValues(ctx, versions.Default().Chart(versions.IstioGateway).Name, s, diags),
		MeshNamespace: m.MeshNamespace.ValueString(),
		Address:       m.Address.ValueString(), AddressAnnotation: m.AddressAnnotation.ValueString(),
		Service: istio.GatewayService{
			Type: m.ServiceType.ValueString(), ExternalTrafficPolicy: m.ExternalTrafficPolicy.ValueString(),
			Annotations: textMap(ctx, m.ServiceAnnotations, diags),
		},
		Resources: m.Resources.request(), Replicas: m.Replicas.ValueInt32Pointer(), Labels: textMap(ctx, m.Labels, diags),
	}
	g.Chart.Release = m.Name.ValueString()
	for _, p := range m.Ports {
		g.Service.Ports = append(g.Service.Ports, p.port())
	}
	c, err := g.Component()
	addInvalid(diags, istioGatewayType, err)
	return c
}

func (p gatewayPortModel) port() istio.Port {
	port := istio.Port{
		Name: p.Name.ValueString(), Port: p.Port.ValueInt32(), TargetPort: p.TargetPort.ValueInt32(),
		Protocol: p.Protocol.ValueString(), NodePort: p.NodePort.ValueInt32(),
	}
	if port.TargetPort == 0 {
		port.TargetPort = port.Port
	}
	if port.Protocol == "" {
		port.Protocol = "TCP"
	}
	return port
}

func (m *istioGatewayModel) observe(o cluster.Observed) {
	m.observedCharts(o, versions.Default().Chart(versions.IstioGateway).Name)
	m.LoadBalancerAddress = nullIfEmpty(o.Outputs[istio.OutputAddress])
}
