package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/monitoring"
)

var (
	_ resource.ResourceWithConfigure   = (*monitoringResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*monitoringResource)(nil)
	_ resource.ResourceWithImportState = (*monitoringResource)(nil)
	_ resource.ResourceWithIdentity    = (*monitoringResource)(nil)
)

func newMonitoring() resource.Resource { return &monitoringResource{} }

type monitoringResource struct{ session *session }

const monitoringType = "lab_monitoring"

func (r *monitoringResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = monitoringType
}

func (r *monitoringResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *monitoringResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = componentIdentity()
}

func (r *monitoringResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	d := monitoringDefaults(monitoring.KubePrometheusStack)
	resp.Schema = schema.Schema{
		MarkdownDescription: "Prometheus with its operator, Alertmanager, exporters and Grafana. It is ready when the operator has Prometheus running, so that monitors and rules can follow in the same apply. " +
			"The CRDs of kube-prometheus-stack stay when it is removed; those of rancher-monitoring go, with every monitor.",
		Attributes: chartAttributes(ctx, chartDefaults{
			Namespace: d.Namespace, Version: d.Chart.Version, Repository: d.Chart.Repository, Chart: d.Chart.Name,
		}, monitoringAttributes()),
	}
}

func (r *monitoringResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	createComponent[monitoringModel](ctx, r.session, req, resp, monitoringType)
}

func (r *monitoringResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	readComponent[monitoringModel](ctx, r.session, req, resp, monitoringType)
}

func (r *monitoringResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	updateComponent[monitoringModel](ctx, r.session, req, resp, monitoringType)
}

func (r *monitoringResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	deleteComponent[monitoringModel](ctx, r.session, req, resp, monitoringType)
}

// ModifyPlan plans the outputs as well: they follow from the configuration, so that what refers to them can be checked
// before the stack is there. Only the Secret stays open until it has been made: an ephemeral resource would read it at
// plan as soon as its name is known.
func (r *monitoringResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	planComponent[monitoringModel](ctx, req, resp, planned{What: monitoringType, Session: r.session, Volatile: []string{"app_version"}})
	planCharts(ctx, req, resp)
	m, ok := plannedOutputs[monitoringModel](ctx, req, resp)
	if !ok {
		return
	}
	for name, v := range m.outputs() {
		if name == "grafana_admin_secret" && req.State.Raw.IsNull() {
			continue
		}
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root(name), v)...)
	}
	if r.session == nil || m.tempoURL() == "" {
		return
	}
	if err := r.session.tempos.ask(m.Cluster.String(), m.tempoURL()); err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("grafana").AtName("tempo_url"), "Tempo is asked at another port", sentence(err.Error())+".")
	}
}

func (r *monitoringResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id, ok := importedID(ctx, req, &resp.Diagnostics)
	if !ok {
		return
	}
	flavor := monitoring.KubePrometheusStack
	if strings.Contains(id.name, string(monitoring.RancherMonitoring)) {
		flavor = monitoring.RancherMonitoring
	}
	importComponent[monitoringModel](ctx, r.session, req, resp, importing{
		What: monitoringType, NameAttribute: "release", Preset: map[string]attr.Value{"flavor": types.StringValue(string(flavor))},
	})
}
