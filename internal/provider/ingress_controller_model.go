package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/ingress"
)

// The kinds, which are their charts' names.
const (
	kindTraefik      = "traefik"
	kindIngressNginx = "ingress-nginx"
)

type ingressControllerModel struct {
	chartModel
	Kind         types.String `tfsdk:"kind"`
	ClassName    types.String `tfsdk:"class_name"`
	DefaultClass types.Bool   `tfsdk:"default_class"`
	Exposure     types.String `tfsdk:"exposure"`
	Address      types.String `tfsdk:"address"`
	Addresses    types.List   `tfsdk:"addresses"`
	Workload     types.String `tfsdk:"workload"`
	Bundled      types.Bool   `tfsdk:"bundled"`
}

var (
	_ firstLooker = (*ingressControllerModel)(nil)
	_ surveyor    = (*ingressControllerModel)(nil)
)

func (m *ingressControllerModel) program() ingress.Kind {
	if m.Kind.ValueString() == kindIngressNginx {
		return ingress.Nginx
	}
	return ingress.Traefik
}

func (m *ingressControllerModel) id() (namespace, name string) {
	return m.Namespace.ValueString(), ingress.DefaultNamespace(m.program())
}

func (m *ingressControllerModel) install() ingress.Install {
	return ingress.Install{
		Program: m.program(), ClassName: m.ClassName.ValueString(), NotDefault: !m.DefaultClass.IsNull() && !m.DefaultClass.ValueBool(),
		Exposure: ingress.Exposure(m.Exposure.ValueString()), Address: m.Address.ValueString(),
		Chart: component.ChartOptions{Namespace: m.Namespace.ValueString()},
	}
}

func (m *ingressControllerModel) component(ctx context.Context, s secrets, diags *diag.Diagnostics) component.Component {
	install := m.install()
	install.Chart = m.optionsWithValues(ctx, ingress.DefaultChart(m.program()).Name, s, diags)
	c, err := install.Component()
	addInvalid(diags, ingressControllerType, err)
	return c
}

func (m *ingressControllerModel) observe(o cluster.Observed) {
	m.observedCharts(o, ingress.DefaultChart(m.program()).Name)
	m.Bundled = types.BoolValue(false)
	if m.Addresses.IsUnknown() {
		m.Addresses, m.Workload = types.ListNull(types.StringType), types.StringNull()
	}
}

// lookFirst refuses what another controller holds.
func (m *ingressControllerModel) lookFirst(ctx context.Context, e Engine) error {
	_, found, err := lookForControllers(ctx, e)
	if err != nil {
		return err
	}
	return m.install().Refuse(found)
}

// survey finds the controller among all, by its release. An import takes its class and exposure from there.
func (m *ingressControllerModel) survey(ctx context.Context, e Engine) error {
	_, found, err := lookForControllers(ctx, e)
	if err != nil {
		return err
	}
	for _, c := range found {
		if c.Release != m.install().Release() || c.Workload == "" {
			continue
		}
		m.Addresses, m.Workload = everyOf(c.Addresses), types.StringValue(c.Workload)
		if m.ClassName.IsNull() {
			m.ClassName, m.DefaultClass, m.Exposure = types.StringValue(c.ClassName), types.BoolValue(c.Default), types.StringValue(string(c.Exposure))
		}
		return nil
	}
	if m.Addresses.IsNull() {
		m.Addresses = everyOf(nil)
	}
	return nil
}
