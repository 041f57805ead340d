package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/otel"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

var _ liveReader = (*tracingPipelineModel)(nil)

// liveRefs names the collector in both versions of its kind; a cluster serves the first only with a newer operator.
func (m *tracingPipelineModel) liveRefs() []object.Ref {
	p := otel.Pipeline{Name: m.Name.ValueString(), Namespace: m.Namespace.ValueString(), APIVersion: otel.Beta}
	older := p
	older.APIVersion = otel.Alpha
	return []object.Ref{p.Ref(), older.Ref()}
}

func (m *tracingPipelineModel) readLive(_ context.Context, objects []object.Object, diags *diag.Diagnostics) {
	p, err := otel.ReadPipeline(objects[0])
	if err != nil {
		diags.AddError("Importing "+tracingPipelineType+" failed", sentence(err.Error()))
		return
	}
	if p.APIVersion == otel.Alpha {
		// The operator does not know v1beta1; which one it is exactly, a collector does not say.
		if seed, err := versions.Get(versions.Seed2023); err == nil {
			m.OperatorVersion = types.StringValue(seed.Chart(versions.OTelOperator).Version)
		}
	}
	m.Mode, m.Image = nullIfEmpty(p.Mode), nullIfEmpty(p.Image)
	m.TempoEndpoint, m.Debug = nullIfEmpty(p.TempoEndpoint), nullIfEmpty(p.Debug)
	m.Receivers = types.SetNull(types.StringType)
	if len(p.Receivers) > 0 {
		m.Receivers = types.SetValueMust(types.StringType, textValues(p.Receivers))
	}
	m.Processors = types.ListValueMust(types.StringType, textValues(p.Processors))
	m.Exporters, m.Config = yamlText(p.Exporters, diags), yamlText(p.Config, diags)
}

// yamlText writes a mapping as a document; an empty one is null, as a configuration that leaves the attribute out.
func yamlText(m map[string]any, diags *diag.Diagnostics) types.String {
	if len(m) == 0 {
		return types.StringNull()
	}
	raw, err := yaml.Marshal(m)
	if err != nil {
		diags.AddError("Writing YAML failed", err.Error())
	}
	return types.StringValue(string(raw))
}
