package components_test

import (
	"slices"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/kiali"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// kialis are the operator's versions of the profiles, each with all that it can be wired to.
func kialis() map[string]kiali.Install {
	old := component.ChartOptions{Version: "1.64.0", Namespace: "cattle-monitoring-system"}
	return map[string]kiali.Install{
		versions.Seed2023: {
			Chart: old, PrometheusURL: "http://prometheus:9090/", Grafana: &kiali.Grafana{URL: "http://grafana", ExternalURL: "http://grafana.lab"},
			Ingress: &kiali.Ingress{Host: "kiali.lab", ClassName: "nginx", Annotations: map[string]string{"team": "lab"}},
		},
		versions.Current: {
			PrometheusURL: "http://prometheus:9090/", Grafana: &kiali.Grafana{URL: "http://grafana", ExternalURL: "http://grafana.lab"},
			Tempo:   &kiali.Tempo{URL: "http://tempo:3200", GrafanaURL: "http://grafana.lab", DatasourceUID: "tempo"},
			Ingress: &kiali.Ingress{Host: "kiali.lab", ClassName: "traefik", Annotations: map[string]string{"team": "lab"}},
		},
	}
}

func TestKiali_WaitsForWhatItsChartMakes(t *testing.T) {
	t.Parallel()
	for _, p := range profiles {
		install := kialis()[p.name]
		renamed := install
		renamed.Chart.Release = "mesh-view"
		for name, k := range map[string]kiali.Install{"wired": install, "other release": renamed} {
			t.Run(p.name+", "+name, func(t *testing.T) {
				t.Parallel()
				c, made := render(t, k, p.kubernetes)
				for _, o := range c.Objects {
					definition := made.named(t, "CustomResourceDefinition", "kialis.kiali.io")
					checkServed(t, definition, o)
				}
			})
		}
	}
}

// checkServed fails when a definition does not serve an object's version, or has a schema that would drop one of its
// fields.
func checkServed(t *testing.T, definition, o object.Object) {
	t.Helper()
	for _, entry := range object.List(definition, "spec", "versions") {
		version, ok := entry.(map[string]any)
		if !ok || object.String(definition, "spec", "group")+"/"+object.String(version, "name") != object.RefOf(o).APIVersion {
			continue
		}
		checkFields(t, object.Map(version, "schema", "openAPIV3Schema", "properties", "spec"), object.Map(o, "spec"), "spec")
		return
	}
	t.Errorf("%s is not served", object.RefOf(o).APIVersion)
}

func checkFields(t *testing.T, schema map[string]any, value any, path string) {
	t.Helper()
	if schema == nil || schema["x-kubernetes-preserve-unknown-fields"] == true || schema["additionalProperties"] != nil {
		return
	}
	switch v := value.(type) {
	case map[string]any:
		for key, below := range v {
			property := object.Map(schema, "properties", key)
			if property == nil {
				t.Errorf("%s.%s is not in the schema", path, key)
				continue
			}
			checkFields(t, property, below, path+"."+key)
		}
	case []any:
		for _, below := range v {
			checkFields(t, object.Map(schema, "items"), below, path+"[]")
		}
	case string:
		if allowed := object.List(schema, "enum"); len(allowed) > 0 && !slices.Contains(allowed, any(v)) {
			t.Errorf("%s is %q, which is none of %v", path, v, allowed)
		}
	}
}
