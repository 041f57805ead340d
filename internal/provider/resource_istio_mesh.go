package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/istio"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

var (
	_ resource.ResourceWithConfigure   = (*istioMesh)(nil)
	_ resource.ResourceWithModifyPlan  = (*istioMesh)(nil)
	_ resource.ResourceWithImportState = (*istioMesh)(nil)
	_ resource.ResourceWithIdentity    = (*istioMesh)(nil)
)

func newIstioMesh() resource.Resource { return &istioMesh{} }

type istioMesh struct{ session *session }

const istioMeshType = "lab_istio_mesh"

type istioMeshModel struct {
	chartModel
	BaseValues      types.List            `tfsdk:"base_values"`
	CNIValues       types.List            `tfsdk:"cni_values"`
	ZtunnelValues   types.List            `tfsdk:"ztunnel_values"`
	Ambient         types.Bool            `tfsdk:"ambient"`
	CNI             types.Bool            `tfsdk:"cni"`
	Tracing         *meshTracingModel     `tfsdk:"tracing"`
	MeshConfig      types.String          `tfsdk:"mesh_config"`
	AccessLogFile   types.String          `tfsdk:"access_log_file"`
	Replicas        types.Int32           `tfsdk:"replicas"`
	Platform        types.String          `tfsdk:"platform"`
	Resources       *resourceRequestModel `tfsdk:"resources"`
	ProxyResources  *resourceRequestModel `tfsdk:"proxy_resources"`
	NamespaceLabels types.Map             `tfsdk:"namespace_labels"`
}

// resourceRequestModel is what a container asks for.
type resourceRequestModel struct {
	CPU    types.String `tfsdk:"cpu"`
	Memory types.String `tfsdk:"memory"`
}

func (r *istioMesh) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = istioMeshType
}

func (r *istioMesh) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *istioMesh) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = componentIdentity()
}

func (r *istioMesh) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	pinned := versions.Default().Chart(versions.Istiod)
	resp.Schema = schema.Schema{
		MarkdownDescription: "Istio's control plane: the releases `istio-base` (CRDs) and `istiod`, and with `cni` or `ambient` what runs on each node, " +
			"`istio-cni` and `ztunnel`. It is ready when injection and validation work, so that gateways and labelled namespaces can follow in the same apply.\n\n" +
			"The CRDs stay when the resource is destroyed, as Istio's chart asks for, because deleting them would delete every route on the cluster. " +
			"The plan of a removal names the routes and labelled namespaces that nobody serves any more.",
		Attributes: chartAttributes(ctx, chartDefaults{
			Namespace: istio.DefaultNamespace, Version: pinned.Version, Repository: pinned.Repository, Chart: pinned.Name,
		}, map[string]schema.Attribute{
			"base_values":    chartValuesAttribute("base"),
			"cni_values":     chartValuesAttribute("cni"),
			"ztunnel_values": chartValuesAttribute("ztunnel"),
			"ambient": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Ambient mode: one ztunnel on each node carries the traffic of the namespaces that `lab_istio_injection` puts into it, without sidecars. " +
					"Brings the charts `cni` and `ztunnel`. Needs Istio 1.24. Default: `false`.",
			},
			"cni": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Brings the chart `cni`, so that pods with sidecars need no privileged init container. RKE2's plugin directories are the chart's default; " +
					"`platform` knows those of others. Default: `false`.",
			},
			"tracing": meshTracingAttribute(),
			"mesh_config": schema.StringAttribute{
				Optional: true, MarkdownDescription: "YAML with settings of Istio's MeshConfig; it wins over the attributes of this resource.",
				Validators: []validator.String{yamlMapping{}},
			},
			"access_log_file": schema.StringAttribute{Optional: true, MarkdownDescription: "Where proxies log requests, such as `/dev/stdout`. Default: nowhere."},
			"replicas":        schema.Int32Attribute{Optional: true, MarkdownDescription: "Fixed number of istiods. Default: the chart's autoscaler, 1 to 5."},
			"platform": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Adapts the charts to a distribution, such as `k3d`. Needs Istio 1.24.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"resources":       resourceRequestAttribute("What istiod requests. Default: a lab's share, cpu `" + istio.LabIstiod.CPU + "` and memory `" + istio.LabIstiod.Memory + "`; Istio's own default is 500m and 2Gi."),
			"proxy_resources": resourceRequestAttribute("What each sidecar requests. Default: cpu `" + istio.LabProxy.CPU + "` and memory `" + istio.LabProxy.Memory + "`."),
			"namespace_labels": schema.MapAttribute{
				Optional: true, ElementType: types.StringType, MarkdownDescription: "Further labels of the namespace.",
			},
		}),
	}
}

// chartValuesAttribute takes values of one of several charts.
func chartValuesAttribute(chart string) schema.ListAttribute {
	return schema.ListAttribute{
		Optional: true, ElementType: types.StringType,
		MarkdownDescription: "YAML documents with values of chart `" + chart + "`, merged in order.",
		Validators:          []validator.List{yamlDocuments{}},
	}
}

func resourceRequestAttribute(doc string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: doc,
		Attributes: map[string]schema.Attribute{
			"cpu":    schema.StringAttribute{Optional: true, MarkdownDescription: "CPU, such as `100m`."},
			"memory": schema.StringAttribute{Optional: true, MarkdownDescription: "Memory, such as `256Mi`."},
		},
	}
}

func (r *istioMesh) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	createComponent[istioMeshModel](ctx, r.session, req, resp, istioMeshType)
}

func (r *istioMesh) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	readComponent[istioMeshModel](ctx, r.session, req, resp, istioMeshType)
}

func (r *istioMesh) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	updateComponent[istioMeshModel](ctx, r.session, req, resp, istioMeshType)
}

func (r *istioMesh) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	deleteComponent[istioMeshModel](ctx, r.session, req, resp, istioMeshType)
}

func (r *istioMesh) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	planComponent[istioMeshModel](ctx, req, resp, planned{What: istioMeshType, Session: r.session, Volatile: []string{"app_version"}})
	planCharts(ctx, req, resp)
	planMoreCharts(ctx, req, resp, "ambient", "cni")
	r.session.noteTracing(ctx, req)
}

func (r *istioMesh) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importComponent[istioMeshModel](ctx, r.session, req, resp, importing{What: istioMeshType})
}

func (m *istioMeshModel) id() (namespace, name string) {
	return m.Namespace.ValueString(), istio.DefaultIstiodRelease
}

func (m *istioMeshModel) component(ctx context.Context, s secrets, diags *diag.Diagnostics) component.Component {
	chart := func(key string) component.ChartOptions {
		return m.options(ctx, versions.Default().Chart(key).Name, diags)
	}
	mesh := istio.Mesh{
		Namespace: m.Namespace.ValueString(), Adopt: m.Adopt.ValueBool(),
		Base: chart(versions.IstioBase), CNIChart: chart(versions.IstioCNI), ZtunnelChart: chart(versions.Ztunnel),
		Istiod: m.optionsWithValues(ctx, versions.Default().Chart(versions.Istiod).Name, s, diags),
		Config: istio.MeshConfig{AccessLogFile: m.AccessLogFile.ValueString()},

		Tracing: m.Tracing.tracing(), Ambient: m.Ambient.ValueBool(), CNI: m.CNI.ValueBool(),
		Replicas: m.Replicas.ValueInt32Pointer(), Platform: m.Platform.ValueString(),
		Resources: m.Resources.request(), ProxyResources: m.ProxyResources.request(),
	}
	mesh.Base.Values = mergedValues(ctx, m.BaseValues, "base_values", diags)
	mesh.CNIChart.Values = mergedValues(ctx, m.CNIValues, "cni_values", diags)
	mesh.ZtunnelChart.Values = mergedValues(ctx, m.ZtunnelValues, "ztunnel_values", diags)
	var err error
	if mesh.MoreConfig, err = helm.MergeValues([]string{m.MeshConfig.ValueString()}); err != nil {
		diags.AddAttributeError(path.Root("mesh_config"), "Not valid YAML", sentence(err.Error()))
	}
	mesh.NamespaceLabels = textMap(ctx, m.NamespaceLabels, diags)
	c, err := mesh.Component()
	addInvalid(diags, istioMeshType, err)
	return c
}

// mergedValues merges the documents of one of several charts.
func mergedValues(ctx context.Context, documents types.List, attribute string, diags *diag.Diagnostics) map[string]any {
	values, err := helm.MergeValues(textList(ctx, documents, diags))
	if err != nil {
		diags.AddAttributeError(path.Root(attribute), "Values are not valid YAML", sentence(err.Error()))
	}
	return values
}

func (m *istioMeshModel) observe(o cluster.Observed) {
	m.observedCharts(o, versions.Default().Chart(versions.Istiod).Name)
}

func (m *resourceRequestModel) request() istio.Resources {
	if m == nil {
		return istio.Resources{}
	}
	return istio.Resources{CPU: m.CPU.ValueString(), Memory: m.Memory.ValueString()}
}
