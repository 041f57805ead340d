package provider

import (
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kiali"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

var _ installedReader = (*kialiModel)(nil)

// readInstalled takes over the settings of the Kiali object and where it is. Without one the operator alone is imported, and
// the plan makes the object.
func (m *kialiModel) readInstalled(ctx context.Context, e Engine, diags *diag.Diagnostics) error {
	asked := kiali.Asked()
	found, err := e.List(ctx, cluster.ListOptions{APIVersion: asked.APIVersion, Kind: asked.Kind})
	if err != nil {
		return err
	}
	found = slices.DeleteFunc(found, func(o object.Object) bool { return object.RefOf(o).Name != asked.Name })
	if len(found) == 0 {
		return nil
	}
	if len(found) > 1 {
		usual := slices.IndexFunc(found, func(o object.Object) bool { return object.RefOf(o).Namespace == kiali.DefaultInstanceNamespace })
		if usual < 0 {
			return fault.Newf(fault.Conflict, "there are several: %s; one operator with one Kiali can be imported", names(found))
		}
		found = found[usual : usual+1]
	}
	i, err := kiali.ReadInstall(found[0], m.ChartVersion.ValueString())
	if err != nil {
		return err
	}
	m.fill(i, diags)
	return nil
}

func names(objects []object.Object) string {
	var all []string
	for _, o := range objects {
		all = append(all, object.RefOf(o).String())
	}
	return strings.Join(all, ", ")
}

// fill is the other way of install.
func (m *kialiModel) fill(i kiali.Install, diags *diag.Diagnostics) {
	m.InstanceNamespace, m.MeshNamespace = types.StringValue(i.InstanceNamespace), nullIfEmpty(i.MeshNamespace)
	m.AuthStrategy = types.StringValue(i.AuthStrategy)
	m.ViewOnly, m.CustomDashboards = types.BoolValue(i.ViewOnly), types.BoolValue(i.CustomDashboards)
	m.PrometheusURL = nullIfEmpty(i.PrometheusURL)
	m.TempoDatasourceUID = types.StringValue("tempo")
	if t := i.Tempo; t != nil {
		m.TempoURL, m.GrafanaExternalURL = nullIfEmpty(t.URL), nullIfEmpty(t.GrafanaURL)
		if t.DatasourceUID != "" {
			m.TempoDatasourceUID = types.StringValue(t.DatasourceUID)
		}
	}
	if g := i.Grafana; g != nil {
		m.GrafanaURL, m.GrafanaExternalURL = nullIfEmpty(g.URL), nullIfEmpty(g.ExternalURL)
	}
	m.IngressAnnotations = types.MapNull(types.StringType)
	if g := i.Ingress; g != nil {
		m.Host, m.IngressClass = nullIfEmpty(g.Host), nullIfEmpty(g.ClassName)
		if len(g.Annotations) > 0 {
			m.IngressAnnotations = objectsMap(g.Annotations)
		}
	}
	m.Spec = yamlText(i.Spec, diags)
}
