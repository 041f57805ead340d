package components_test

import (
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/certmanager"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/otel"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// tracingProfiles are the versions of what tracing is made of, each on its own Kubernetes.
var tracingProfiles = []struct{ name, certManager, operator, kubernetes string }{
	{versions.Seed2023, "v1.11.0", "0.24.0", "v1.24.10"},
	{versions.Current, "v1.21.1", "0.122.0", "v1.35.7"},
}

func certManagers(version string) map[string]certmanager.Install {
	return map[string]certmanager.Install{
		"default":       {Chart: component.ChartOptions{Version: version}},
		"without check": {Chart: component.ChartOptions{Version: version}, SkipCheck: true},
		"other release": {Chart: component.ChartOptions{Version: version, Release: "certs", Namespace: "pki"}},
		"other name":    {Chart: component.ChartOptions{Version: version, Values: map[string]any{"fullnameOverride": strings.Repeat("certs", 12)}}},
	}
}

func operators(version string) map[string]otel.Operator {
	return map[string]otel.Operator{
		"default":         {Chart: component.ChartOptions{Version: version}},
		"own certificate": {Chart: component.ChartOptions{Version: version}, OwnCertificate: true},
		"other release":   {Chart: component.ChartOptions{Version: version, Release: "otel", Namespace: "tracing"}},
		"other image":     {Chart: component.ChartOptions{Version: version}, CollectorImage: "registry.lab:5000/collector:0.120.0"},
	}
}

func TestTracing_WaitsForWhatItsChartsMake(t *testing.T) {
	t.Parallel()
	for _, p := range tracingProfiles {
		all := map[string]builder{}
		for name, b := range certManagers(p.certManager) {
			all["cert-manager, "+name] = b
		}
		for name, b := range operators(p.operator) {
			all["operator, "+name] = b
		}
		for name, b := range all {
			t.Run(p.name+", "+name, func(t *testing.T) {
				t.Parallel()
				render(t, b, p.kubernetes)
			})
		}
	}
}

// The operator waits for webhooks that cert-manager makes.
func TestOperator_NeedsWhatCertManagerMakes(t *testing.T) {
	t.Parallel()
	for _, p := range tracingProfiles {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			_, made := render(t, certmanager.Install{Chart: component.ChartOptions{Version: p.certManager}}, p.kubernetes)
			operator, _ := render(t, otel.Operator{Chart: component.ChartOptions{Version: p.operator}}, p.kubernetes)
			if len(operator.Needs) == 0 || len(operator.Requires) == 0 {
				t.Fatal("it needs nothing")
			}
			for _, need := range operator.Needs {
				if _, ok := made[key(need.Ref)]; !ok {
					t.Errorf("cert-manager does not make what the operator needs: %s", need.Name)
				}
			}
		})
	}
}

// The kinds whose objects suffer from a removal are served by what is removed.
func TestTracing_IsUsedByKindsThatItBrings(t *testing.T) {
	t.Parallel()
	for _, p := range tracingProfiles {
		for name, b := range map[string]builder{
			"cert-manager": certmanager.Install{Chart: component.ChartOptions{Version: p.certManager}},
			"operator":     otel.Operator{Chart: component.ChartOptions{Version: p.operator}},
		} {
			t.Run(p.name+", "+name, func(t *testing.T) {
				t.Parallel()
				c, made := render(t, b, p.kubernetes)
				served := map[string]bool{}
				for ref, o := range made {
					if ref.Kind != "CustomResourceDefinition" {
						continue
					}
					for _, v := range object.List(o, "spec", "versions") {
						if version, ok := v.(map[string]any); ok && version["served"] == true {
							served[object.String(o, "spec", "group")+"/"+object.String(version, "name")+" "+object.String(o, "spec", "names", "kind")] = true
						}
					}
				}
				for _, use := range c.UsedBy {
					if !served[use.APIVersion+" "+use.Kind] {
						t.Errorf("%s %s is not served", use.APIVersion, use.Kind)
					}
				}
			})
		}
	}
}

func TestOperator_RunsTheCollectorThatIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, p := range tracingProfiles {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			_, made := render(t, operators(p.operator)["other image"], p.kubernetes)
			args := container(made.named(t, "Deployment", "opentelemetry-operator"), "manager")["args"]
			if list, ok := args.([]any); !ok || !contains(list, "--collector-image=registry.lab:5000/collector:0.120.0") {
				t.Errorf("the operator's arguments are %v", args)
			}
		})
	}
}

// A certificate of its own leaves nothing behind where the chart can be told so, and needs nothing of cert-manager's.
func TestOperator_MakesACertificateOfItsOwn(t *testing.T) {
	t.Parallel()
	for _, p := range tracingProfiles {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			_, made := render(t, operators(p.operator)["own certificate"], p.kubernetes)
			for ref := range made {
				if ref.APIVersion == "cert-manager.io" {
					t.Errorf("%s is there", ref)
				}
			}
			hooks := object.List(made.named(t, "MutatingWebhookConfiguration", "opentelemetry-operator-mutation"), "webhooks")
			for _, hook := range hooks {
				if h, ok := hook.(map[string]any); !ok || object.String(h, "clientConfig", "caBundle") == "" {
					t.Errorf("a webhook has no CA bundle: %v", hook)
				}
			}
			if p.name == versions.Current {
				made.named(t, "Secret", "opentelemetry-operator-controller-manager-service-cert")
			}
		})
	}
}
