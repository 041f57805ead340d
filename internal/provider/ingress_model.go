package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/ingress"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

type ingressModel struct {
	componentModel
	placeModel
	Hosts       types.List           `tfsdk:"hosts"`
	Service     *ingressServiceModel `tfsdk:"service"`
	Path        types.String         `tfsdk:"path"`
	Paths       []ingressPathModel   `tfsdk:"paths"`
	ClassName   types.String         `tfsdk:"class_name"`
	TLSSecret   types.String         `tfsdk:"tls_secret"`
	TLS         []ingressTLSModel    `tfsdk:"tls"`
	Annotations types.Map            `tfsdk:"annotations"`
	Labels      types.Map            `tfsdk:"labels"`
	Addresses   types.List           `tfsdk:"addresses"`
	URLs        types.List           `tfsdk:"urls"`
	Controller  types.String         `tfsdk:"controller"`
}

type ingressServiceModel struct {
	Name     types.String `tfsdk:"name"`
	Port     types.Int32  `tfsdk:"port"`
	PortName types.String `tfsdk:"port_name"`
}

type ingressPathModel struct {
	Path    types.String        `tfsdk:"path"`
	Type    types.String        `tfsdk:"type"`
	Service ingressServiceModel `tfsdk:"service"`
}

type ingressTLSModel struct {
	Secret types.String `tfsdk:"secret"`
	Hosts  types.List   `tfsdk:"hosts"`
}

var (
	_ liveReader  = (*ingressModel)(nil)
	_ firstLooker = (*ingressModel)(nil)
	_ surveyor    = (*ingressModel)(nil)
)

func (m *ingressModel) ingress(ctx context.Context, diags *diag.Diagnostics) ingress.Ingress {
	i := ingress.Ingress{
		Name: m.Name.ValueString(), Namespace: m.Namespace.ValueString(), ClassName: m.ClassName.ValueString(), Hosts: textList(ctx, m.Hosts, diags),
		Labels: textMap(ctx, m.Labels, diags), Annotations: textMap(ctx, m.Annotations, diags),
	}
	if m.Service != nil {
		i.Paths = append(i.Paths, m.Service.at(m.Path, types.StringNull()))
	}
	for _, p := range m.Paths {
		i.Paths = append(i.Paths, p.Service.at(p.Path, p.Type))
	}
	if secret := m.TLSSecret.ValueString(); secret != "" {
		i.TLS = append(i.TLS, ingress.TLS{Secret: secret})
	}
	for _, t := range m.TLS {
		i.TLS = append(i.TLS, ingress.TLS{Secret: t.Secret.ValueString(), Hosts: textList(ctx, t.Hosts, diags)})
	}
	return i
}

func (m ingressServiceModel) at(path, kind types.String) ingress.Path {
	return ingress.Path{
		Path: path.ValueString(), Type: kind.ValueString(), Service: m.Name.ValueString(), Port: m.Port.ValueInt32(), PortName: m.PortName.ValueString(),
	}
}

func (m *ingressModel) component(ctx context.Context, _ secrets, diags *diag.Diagnostics) component.Component {
	c, err := m.ingress(ctx, diags).Component()
	addInvalid(diags, ingressType, err)
	return c
}

// observe leaves the rest to survey; what a failed creation did not come to is null.
func (m *ingressModel) observe(o cluster.Observed) {
	m.observed(o)
	if m.Addresses.IsUnknown() {
		m.Addresses, m.URLs, m.Controller = types.ListNull(types.StringType), types.ListNull(types.StringType), types.StringNull()
	}
}

// lookFirst refuses an Ingress that nobody would serve. Controllers look at new Ingresses when they come, and a class
// that becomes the default later does not reach those that exist.
func (m *ingressModel) lookFirst(ctx context.Context, e Engine) error {
	class := m.ClassName.ValueString()
	if class == "" && !m.ClusterUID.IsUnknown() {
		return nil // it is there, with the class that it got
	}
	_, found, err := lookForControllers(ctx, e)
	if err != nil {
		return err
	}
	if _, served := found.For(class); served {
		return nil
	}
	what := "there is no IngressClass " + class
	if class == "" {
		what = "no class is the default and no controller serves Ingresses without class; set class_name"
	}
	names := "none"
	if len(found) > 0 {
		names = strings.Join(found.Names(), ", ")
	}
	return fault.Newf(fault.Invalid, "nobody would serve it: %s (controllers on the cluster: %s); lab_ingress_controller installs one", what, names)
}

// survey reads where the Ingress is served: from its status, else from its controller.
func (m *ingressModel) survey(ctx context.Context, e Engine) error {
	var diags diag.Diagnostics
	i := m.ingress(ctx, &diags)
	live, err := e.Objects(ctx, i.Ref())
	if err != nil || len(live) == 0 {
		return err
	}
	_, found, err := lookForControllers(ctx, e)
	if err != nil {
		return err
	}
	controller, served := found.For(object.String(live[0], "spec", "ingressClassName"))
	addresses := ingress.AddressesOf(live[0])
	m.Controller = types.StringNull()
	if served {
		m.Controller = types.StringValue(controller.String())
		if len(addresses) == 0 {
			addresses = controller.Addresses
		}
	}
	m.Addresses, m.URLs = everyOf(addresses), everyOf(i.URLs(addresses))
	return nil
}

func (m *ingressModel) liveRefs() []object.Ref {
	return []object.Ref{ingress.Ingress{Name: m.Name.ValueString(), Namespace: m.Namespace.ValueString()}.Ref()}
}

func (m *ingressModel) readLive(_ context.Context, objects []object.Object, diags *diag.Diagnostics) {
	i, err := ingress.ReadIngress(objects[0])
	if err != nil {
		diags.AddError("Importing "+ingressType+" failed", sentence(err.Error()))
		return
	}
	m.Hosts, m.ClassName = listOf(i.Hosts), nullIfEmpty(i.ClassName)
	m.Labels, m.Annotations = mapOf(i.Labels), mapOf(i.Annotations)
	if len(i.Paths) == 1 && i.Paths[0].Type == "Prefix" {
		service := readIngressService(i.Paths[0])
		m.Service, m.Path = &service, nullIfEmpty(strings.TrimSuffix(i.Paths[0].Path, "/"))
	} else {
		for _, p := range i.Paths {
			m.Paths = append(m.Paths, ingressPathModel{Path: nullIfEmpty(p.Path), Type: nullIfEmpty(p.Type), Service: readIngressService(p)})
		}
	}
	if len(i.TLS) == 1 && len(i.TLS[0].Hosts) == 0 && i.TLS[0].Secret != "" {
		m.TLSSecret = types.StringValue(i.TLS[0].Secret)
		return
	}
	for _, t := range i.TLS {
		m.TLS = append(m.TLS, ingressTLSModel{Secret: nullIfEmpty(t.Secret), Hosts: listOf(t.Hosts)})
	}
}

func readIngressService(p ingress.Path) ingressServiceModel {
	return ingressServiceModel{Name: types.StringValue(p.Service), Port: types.Int32PointerValue(unlessZero(p.Port)), PortName: nullIfEmpty(p.PortName)}
}
