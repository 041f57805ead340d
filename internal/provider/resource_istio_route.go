package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/istio"
)

var (
	_ resource.ResourceWithConfigure   = (*istioRoute)(nil)
	_ resource.ResourceWithModifyPlan  = (*istioRoute)(nil)
	_ resource.ResourceWithImportState = (*istioRoute)(nil)
	_ resource.ResourceWithIdentity    = (*istioRoute)(nil)
)

func newIstioRoute() resource.Resource { return &istioRoute{} }

type istioRoute struct{ session *session }

const istioRouteType = "lab_istio_route"

type istioRouteModel struct {
	componentModel
	placeModel
	APIVersion types.String      `tfsdk:"api_version"`
	Hosts      types.List        `tfsdk:"hosts"`
	Server     *routeServerModel `tfsdk:"server"`
	Gateways   types.List        `tfsdk:"gateways"`
	Rules      []routeRuleModel  `tfsdk:"rules"`
}

type routeServerModel struct {
	Name           types.String `tfsdk:"name"`
	Selector       types.Map    `tfsdk:"selector"`
	Port           types.Int32  `tfsdk:"port"`
	Protocol       types.String `tfsdk:"protocol"`
	TLSMode        types.String `tfsdk:"tls_mode"`
	CredentialName types.String `tfsdk:"credential_name"`
	HTTPSRedirect  types.Bool   `tfsdk:"https_redirect"`
}

type routeRuleModel struct {
	Matches      []routeMatchModel       `tfsdk:"matches"`
	RewriteURI   types.String            `tfsdk:"rewrite_uri"`
	Timeout      types.String            `tfsdk:"timeout"`
	Destinations []routeDestinationModel `tfsdk:"destinations"`
}

type routeMatchModel struct {
	Exact  types.String `tfsdk:"exact"`
	Prefix types.String `tfsdk:"prefix"`
	Regex  types.String `tfsdk:"regex"`
	Method types.String `tfsdk:"method"`
}

type routeDestinationModel struct {
	Host   types.String `tfsdk:"host"`
	Port   types.Int32  `tfsdk:"port"`
	Subset types.String `tfsdk:"subset"`
	Weight types.Int32  `tfsdk:"weight"`
}

func (r *istioRoute) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = istioRouteType
}

func (r *istioRoute) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *istioRoute) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = componentIdentity()
}

func (r *istioRoute) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Leads HTTP requests for some hosts to services: a VirtualService and, unless `gateways` names others, the Gateway that opens the hosts on the ingress gateway.",
		Attributes: componentAttributes(ctx, placeAttributes(placeDocs{
			Name: "Name of the VirtualService.", Namespace: "Namespace of the objects.", DefaultNamespace: "default",
		}, map[string]schema.Attribute{
			"api_version": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(istio.AnyNetworkingAPI),
				MarkdownDescription: "API version of the objects. Default: `" + istio.AnyNetworkingAPI + "`, which every Istio serves.",
				Validators:          []validator.String{stringvalidator.OneOf("networking.istio.io/v1", "networking.istio.io/v1beta1", "networking.istio.io/v1alpha3")},
			},
			"hosts":    schema.ListAttribute{Required: true, ElementType: types.StringType, MarkdownDescription: "Names in the request, such as `nginx.lab.example` or `*.lab.example`.", Validators: []validator.List{listvalidator.SizeAtLeast(1)}},
			"server":   routeServerAttribute(),
			"gateways": schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Gateway objects made elsewhere, `namespace/name`, or `mesh` for requests from inside the mesh."},
			"rules":    routeRulesAttribute(),
		})),
	}
}

func routeServerAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "The port that is opened on the ingress gateway. Default: HTTP on port 80 of `istio-ingressgateway`, unless `gateways` is given.",
		Attributes: map[string]schema.Attribute{
			"name":            schema.StringAttribute{Optional: true, MarkdownDescription: "Name of the Gateway object. Default: the route's."},
			"selector":        schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Labels of the gateway's pods. Default: `istio = ingressgateway`."},
			"port":            schema.Int32Attribute{Optional: true, MarkdownDescription: "Port of the proxy. Default: `80`."},
			"protocol":        schema.StringAttribute{Optional: true, MarkdownDescription: "`HTTP`, `HTTPS`, `HTTP2`, `GRPC`, `TLS` or `TCP`. Default: `HTTP`.", Validators: []validator.String{stringvalidator.OneOf("HTTP", "HTTPS", "HTTP2", "GRPC", "TLS", "TCP")}},
			"tls_mode":        schema.StringAttribute{Optional: true, MarkdownDescription: "`SIMPLE`, `MUTUAL`, `PASSTHROUGH`, ... for HTTPS and TLS."},
			"credential_name": schema.StringAttribute{Optional: true, MarkdownDescription: "Secret with the certificate, in the gateway's namespace."},
			"https_redirect":  schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether plain HTTP is answered with a redirect."},
		},
	}
}

func routeRulesAttribute() schema.ListNestedAttribute {
	return schema.ListNestedAttribute{
		Required: true, MarkdownDescription: "Rules, tried in order.",
		Validators: []validator.List{listvalidator.SizeAtLeast(1)},
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"matches": schema.ListNestedAttribute{
				Optional: true, MarkdownDescription: "Alternatives, one of which must hold. Default: every request.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"exact":  schema.StringAttribute{Optional: true, MarkdownDescription: "The path itself."},
					"prefix": schema.StringAttribute{Optional: true, MarkdownDescription: "What the path begins with."},
					"regex":  schema.StringAttribute{Optional: true, MarkdownDescription: "Regular expression (RE2) for the whole path."},
					"method": schema.StringAttribute{Optional: true, MarkdownDescription: "HTTP method."},
				}},
			},
			"rewrite_uri": schema.StringAttribute{Optional: true, MarkdownDescription: "Replaces what matched of the path."},
			"timeout":     schema.StringAttribute{Optional: true, MarkdownDescription: "Time limit of a request, such as `5s`. Default: none."},
			"destinations": schema.ListNestedAttribute{
				Required: true, MarkdownDescription: "Services that share the requests by weight.",
				Validators: []validator.List{listvalidator.SizeAtLeast(1)},
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"host":   schema.StringAttribute{Required: true, MarkdownDescription: "Name of the service, best in full: `nginx.default.svc.cluster.local`."},
					"port":   schema.Int32Attribute{Optional: true, MarkdownDescription: "Its port; needed where it has several."},
					"subset": schema.StringAttribute{Optional: true, MarkdownDescription: "Subset of a DestinationRule."},
					"weight": schema.Int32Attribute{Optional: true, MarkdownDescription: "Share of the requests, where there are several destinations."},
				}},
			},
		}},
	}
}

func (r *istioRoute) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	createComponent[istioRouteModel](ctx, r.session, req, resp, istioRouteType)
}

func (r *istioRoute) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	readComponent[istioRouteModel](ctx, r.session, req, resp, istioRouteType)
}

func (r *istioRoute) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	updateComponent[istioRouteModel](ctx, r.session, req, resp, istioRouteType)
}

func (r *istioRoute) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	deleteComponent[istioRouteModel](ctx, r.session, req, resp, istioRouteType)
}

func (r *istioRoute) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	planComponent[istioRouteModel](ctx, req, resp, planned{What: istioRouteType, Session: r.session})
}

func (r *istioRoute) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importComponent[istioRouteModel](ctx, r.session, req, resp, importing{What: istioRouteType, NameAttribute: "name"})
}

func (m *istioRouteModel) component(ctx context.Context, _ secrets, diags *diag.Diagnostics) component.Component {
	route := istio.Route{
		Name: m.Name.ValueString(), Namespace: m.Namespace.ValueString(), APIVersion: m.APIVersion.ValueString(),
		Hosts: textList(ctx, m.Hosts, diags), Gateways: textList(ctx, m.Gateways, diags),
	}
	switch {
	case m.Server != nil:
		route.Server = m.Server.server(ctx, diags)
	case len(route.Gateways) == 0:
		route.Server = &istio.Server{}
	}
	for _, r := range m.Rules {
		route.Rules = append(route.Rules, r.rule())
	}
	c, err := route.Component()
	addInvalid(diags, istioRouteType, err)
	return c
}

func (m *istioRouteModel) observe(o cluster.Observed) { m.observed(o) }

func (m *routeServerModel) server(ctx context.Context, diags *diag.Diagnostics) *istio.Server {
	s := &istio.Server{
		Name: m.Name.ValueString(), Selector: textMap(ctx, m.Selector, diags), Port: m.Port.ValueInt32(), Protocol: m.Protocol.ValueString(),
	}
	tls := istio.TLS{Mode: m.TLSMode.ValueString(), CredentialName: m.CredentialName.ValueString(), HTTPSRedirect: m.HTTPSRedirect.ValueBool()}
	if tls != (istio.TLS{}) {
		s.TLS = &tls
	}
	return s
}

func (m routeRuleModel) rule() istio.Rule {
	rule := istio.Rule{Timeout: m.Timeout.ValueString()}
	if uri := m.RewriteURI.ValueString(); uri != "" {
		rule.Rewrite = &istio.Rewrite{URI: uri}
	}
	for _, match := range m.Matches {
		var out istio.Match
		uri := istio.StringMatch{Exact: match.Exact.ValueString(), Prefix: match.Prefix.ValueString(), Regex: match.Regex.ValueString()}
		if uri != (istio.StringMatch{}) {
			out.URI = &uri
		}
		if method := match.Method.ValueString(); method != "" {
			out.Method = &istio.StringMatch{Exact: method}
		}
		rule.Matches = append(rule.Matches, out)
	}
	for _, d := range m.Destinations {
		rule.Destinations = append(rule.Destinations, istio.Destination{
			Host: d.Host.ValueString(), Port: d.Port.ValueInt32(), Subset: d.Subset.ValueString(), Weight: d.Weight.ValueInt32(),
		})
	}
	return rule
}
