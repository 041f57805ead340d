package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/ingress"
	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

var _ datasource.DataSourceWithConfigure = (*ingressControllerData)(nil)

func newIngressControllerData() datasource.DataSource { return &ingressControllerData{} }

type ingressControllerData struct{ session *session }

type ingressControllerDataModel struct {
	Cluster types.Object `tfsdk:"cluster"`
	Class   types.String `tfsdk:"class"`
	controllerModel
	Found []string `tfsdk:"found"`
}

// controllerModel is what is known of an ingress controller, whoever brought it.
type controllerModel struct {
	Kind         types.String `tfsdk:"kind"`
	ClassName    types.String `tfsdk:"class_name"`
	DefaultClass types.Bool   `tfsdk:"default_class"`
	Exposure     types.String `tfsdk:"exposure"`
	Addresses    types.List   `tfsdk:"addresses"`
	Namespace    types.String `tfsdk:"namespace"`
	Workload     types.String `tfsdk:"workload"`
	Bundled      types.Bool   `tfsdk:"bundled"`
}

func (d *ingressControllerData) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_ingress_controller"
}

func (d *ingressControllerData) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (d *ingressControllerData) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The ingress controller of a cluster: what RKE2 or K3s bundles, or whatever else has an IngressClass. Of several it is the one with the default class. " +
			"Where there is none all values are null. A bundled controller that is still being installed is waited for.",
		Attributes: map[string]schema.Attribute{
			"cluster": clusterDataAttribute(),
			"class": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Looks for the controller of this IngressClass. Default: the one that serves Ingresses without class, or the only one.",
			},
			"kind":          schema.StringAttribute{Computed: true, MarkdownDescription: "`nginx` (ingress-nginx), `traefik`, or `other`."},
			"class_name":    schema.StringAttribute{Computed: true, MarkdownDescription: "Its IngressClass."},
			"default_class": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether Ingresses without class get that class."},
			"exposure":      schema.StringAttribute{Computed: true, MarkdownDescription: "How requests reach it: `host_port` (ports 80 and 443 of its nodes), `load_balancer`, or `none`."},
			"addresses": schema.ListAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Where requests go: the addresses of its nodes, or of its Service. RKE2's Traefik writes none into Ingresses; these are right all the same.",
			},
			"namespace": schema.StringAttribute{Computed: true, MarkdownDescription: "Namespace of its workload."},
			"workload":  schema.StringAttribute{Computed: true, MarkdownDescription: "What runs it: `DaemonSet kube-system/rke2-traefik`."},
			"bundled":   schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether RKE2 or K3s brought it."},
			"found": schema.ListAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Every controller that was found, in words, the preferred one first: `traefik (class traefik, default, bundled) in DaemonSet kube-system/rke2-traefik`.",
			},
		},
	}
}

func (d *ingressControllerData) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m ingressControllerDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	engine, err := d.session.cluster(ctx, referenceOf(ctx, m.Cluster, types.StringNull(), &resp.Diagnostics))
	var found ingress.Controllers
	if err == nil {
		found, err = awaitControllers(ctx, engine)
	}
	if fault.Is(err, fault.Timeout) {
		resp.Diagnostics.AddWarning("The bundled ingress controller has not come up", sentence(err.Error()))
		err = nil
	}
	if err != nil {
		addFault(&resp.Diagnostics, "Looking for", "the ingress controller", err)
		return
	}
	m.Found = append([]string{}, found.Names()...)
	m.controllerModel = noController()
	if c, ok := chosen(found, m.Class.ValueString()); ok {
		m.controllerModel = controllerOf(c)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// chosen is the controller of a class or, without one, the one that comes first.
func chosen(found ingress.Controllers, class string) (ingress.Controller, bool) {
	if class != "" {
		return found.For(class)
	}
	if len(found) == 0 {
		return ingress.Controller{}, false
	}
	return found[0], true
}

// bundledComes bounds the wait for what RKE2 installs by itself after its API answers.
const bundledComes = 5 * time.Minute

// awaitControllers waits for bundled controllers and then returns all.
func awaitControllers(ctx context.Context, e Engine) (ingress.Controllers, error) {
	var found ingress.Controllers
	err := wait.Until(ctx, wait.Options{For: "the bundled ingress controller", Timeout: bundledComes}, func(ctx context.Context) error {
		seen, all, err := lookForControllers(ctx, e)
		if err != nil {
			return err
		}
		found = all
		if coming := ingress.Coming(seen, all); coming != "" {
			return wait.Pending(coming)
		}
		return nil
	})
	return found, err
}

func noController() controllerModel {
	return controllerModel{Addresses: types.ListNull(types.StringType)}
}

func controllerOf(c ingress.Controller) controllerModel {
	return controllerModel{
		Kind: types.StringValue(string(c.Kind)), ClassName: nullIfEmpty(c.ClassName), DefaultClass: types.BoolValue(c.Default),
		Exposure: nullIfEmpty(string(c.Exposure)), Addresses: everyOf(c.Addresses), Namespace: nullIfEmpty(c.Namespace),
		Workload: nullIfEmpty(c.Workload), Bundled: types.BoolValue(c.Bundled),
	}
}
