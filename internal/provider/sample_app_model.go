package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/samples"
)

// The applications.
const (
	appNginx    = "nginx"
	appHotROD   = "hotrod"
	appBookinfo = "bookinfo"
)

// sampleNames are the names of those that the user gives none.
var sampleNames = map[string]string{appNginx: "nginx", appHotROD: "example-hotrod", appBookinfo: samples.BookinfoName}

type sampleAppModel struct {
	componentModel
	placeModel
	App             types.String        `tfsdk:"app"`
	Image           types.String        `tfsdk:"image"`
	ImageTag        types.String        `tfsdk:"image_tag"`
	Replicas        types.Int32         `tfsdk:"replicas"`
	Labels          types.Map           `tfsdk:"labels"`
	TracingEndpoint types.String        `tfsdk:"tracing_endpoint"`
	TracingExporter types.String        `tfsdk:"tracing_exporter"`
	Ingress         *sampleIngressModel `tfsdk:"ingress"`
	Service         types.String        `tfsdk:"service"`
	ServiceName     types.String        `tfsdk:"service_name"`
	Port            types.Int32         `tfsdk:"port"`
}

type sampleIngressModel struct {
	Name        types.String `tfsdk:"name"`
	Host        types.String `tfsdk:"host"`
	ClassName   types.String `tfsdk:"class_name"`
	Annotations types.Map    `tfsdk:"annotations"`
}

// sample is what all applications have in common.
type sample interface {
	Component() (component.Component, error)
}

var _ liveReader = (*sampleAppModel)(nil)

// sample is the application that the model asks for.
func (m *sampleAppModel) sample(ctx context.Context, diags *diag.Diagnostics) sample {
	labels, ingress := textMap(ctx, m.Labels, diags), m.Ingress.ingress(ctx, diags)
	switch m.App.ValueString() {
	case appHotROD:
		return samples.HotROD{
			Name: m.Name.ValueString(), Namespace: m.Namespace.ValueString(), Image: m.Image.ValueString(), Replicas: m.Replicas.ValueInt32(),
			Labels: labels, Ingress: ingress,
			TracingEndpoint: m.TracingEndpoint.ValueString(), Exporter: samples.Exporter(m.TracingExporter.ValueString()),
		}
	case appBookinfo:
		return samples.Bookinfo{
			Namespace: m.Namespace.ValueString(), Image: m.Image.ValueString(), Tag: m.ImageTag.ValueString(), Replicas: m.Replicas.ValueInt32(),
			Labels: labels, Ingress: ingress,
		}
	}
	return samples.Nginx{
		Name: m.Name.ValueString(), Namespace: m.Namespace.ValueString(), Image: m.Image.ValueString(), Replicas: m.Replicas.ValueInt32(),
		Labels: labels, Ingress: ingress,
	}
}

func (m *sampleAppModel) component(ctx context.Context, _ secrets, diags *diag.Diagnostics) component.Component {
	m.checkFit(diags)
	c, err := m.sample(ctx, diags).Component()
	addInvalid(diags, sampleAppType, err)
	return c
}

// checkFit refuses attributes that the application has no use for, rather than to pass over them.
func (m *sampleAppModel) checkFit(diags *diag.Diagnostics) {
	app := m.App.ValueString()
	refuse := func(attribute, why string) {
		diags.AddAttributeError(path.Root(attribute), "Invalid "+sampleAppType, "Application "+app+" "+why)
	}
	if app != appHotROD && !m.TracingEndpoint.IsNull() && !m.TracingEndpoint.IsUnknown() {
		refuse("tracing_endpoint", "sends no spans by itself; its sidecars do.")
	}
	if app != appBookinfo && !m.ImageTag.IsNull() && !m.ImageTag.IsUnknown() {
		refuse("image_tag", "has one image; write the tag behind its name.")
	}
	if name := m.Name.ValueString(); app == appBookinfo && name != "" && name != samples.BookinfoName {
		refuse("name", "has objects with names of their own; leave the name out.")
	}
}

func (m *sampleAppModel) observe(o cluster.Observed) {
	m.observed(o)
	name, namespace := m.Name.ValueString(), m.Namespace.ValueString()
	host, service, port := samples.Nginx{Name: name, Namespace: namespace}.Host(), name, int32(80)
	switch m.App.ValueString() {
	case appHotROD:
		host, port = samples.HotROD{Name: name, Namespace: namespace}.Host(), 8080
	case appBookinfo:
		host, service, port = samples.Bookinfo{Namespace: namespace}.Host(), "productpage", 9080
	}
	m.Service, m.ServiceName, m.Port = types.StringValue(host), types.StringValue(service), types.Int32Value(port)
}

func (m *sampleIngressModel) ingress(ctx context.Context, diags *diag.Diagnostics) *samples.Ingress {
	if m == nil {
		return nil
	}
	return &samples.Ingress{
		Name: m.Name.ValueString(), Host: m.Host.ValueString(), ClassName: m.ClassName.ValueString(), Annotations: textMap(ctx, m.Annotations, diags),
	}
}

// mapOf makes a map of texts; none make null, as a configuration that leaves the attribute out does.
func mapOf(texts map[string]string) types.Map {
	if len(texts) == 0 {
		return types.MapNull(types.StringType)
	}
	values := make(map[string]attr.Value, len(texts))
	for k, v := range texts {
		values[k] = types.StringValue(v)
	}
	return types.MapValueMust(types.StringType, values)
}
