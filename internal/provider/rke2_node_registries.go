package provider

import (
	"context"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/images"
	"github.com/dxlab/terraform-provider-lab/internal/rke2"
)

// registryHost is a host with port. RKE2 takes no path in its system-default-registry (k3s:pkg/cli/server/server.go).
var registryHost = regexp.MustCompile(`^[a-zA-Z0-9.-]+(:[0-9]+)?$`)

// planRegistries plans what the configuration leaves to the provider's images block, so that a plan shows it.
func (r *rke2Node) planRegistries(ctx context.Context, req resource.ModifyPlanRequest, plan *rke2NodeModel, set func(string, any), diags *diag.Diagnostics) {
	if !r.session.settings.imagesKnown {
		return
	}
	var registries types.Object
	var system types.String
	diags.Append(req.Config.GetAttribute(ctx, path.Root("registries"), &registries)...)
	diags.Append(req.Config.GetAttribute(ctx, path.Root("system_default_registry"), &system)...)
	mirror := r.session.settings.images
	if registries.IsNull() {
		plan.Registries = defaultRegistries(ctx, mirror, diags)
		set("registries", plan.Registries)
	}
	if system.IsNull() {
		plan.SystemDefaultRegistry = types.StringNull()
		// The configuration's own words win, and agents follow their servers.
		said := strings.Contains(plan.Config.ValueString(), "system-default-registry")
		if plan.Role.ValueString() == string(rke2.Server) && !said && registryHost.MatchString(mirror.Registry) {
			plan.SystemDefaultRegistry = types.StringValue(mirror.Registry)
		}
		set("system_default_registry", plan.SystemDefaultRegistry)
	}
}

// defaultRegistries sends what a node pulls to a mirror, null without one. Each registry is named, because "*" is not
// known to RKE2 1.24.
func defaultRegistries(ctx context.Context, mirror images.Mirror, diags *diag.Diagnostics) types.Object {
	shape, ok := registriesAttribute().GetType().(types.ObjectType)
	if !ok {
		return types.ObjectNull(nil)
	}
	model := registriesModel{Mirrors: map[string]mirrorModel{}}
	for _, registry := range images.Registries() {
		// Any image tells where its registry leads; exceptions for parts of a registry are for pods to name.
		const sample = "/x"
		moved := strings.TrimSuffix(mirror.Image(registry+sample+sample), sample+sample)
		if moved == registry {
			continue
		}
		host, below, _ := strings.Cut(moved, "/")
		m := mirrorModel{Endpoint: []string{"https://" + host}}
		if below != "" {
			m.Rewrite = map[string]string{"^(.*)$": below + "/$1"}
		}
		model.Mirrors[registry] = m
	}
	if len(model.Mirrors) == 0 {
		return types.ObjectNull(shape.AttrTypes)
	}
	out, d := types.ObjectValueFrom(ctx, shape.AttrTypes, model)
	diags.Append(d...)
	return out
}
