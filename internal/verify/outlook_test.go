package verify_test

import (
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/verify"
)

// What the configuration lets expect is told from it alone, before anything is sent.
func TestOutlook_TellsWhatSamplingMakesOfATrace(t *testing.T) {
	t.Parallel()
	all := objects{}.with(t, zipkinMesh, page)
	quiet := strings.Replace(strings.Replace(telemetry, "name: mesh, namespace: istio-system", "name: quiet, namespace: default", 1), "{providers: [{name: otel}], randomSamplingPercentage: 100}", "{disableSpanReporting: true}", 1)
	for name, c := range map[string]struct {
		objects  objects
		services []string
		percent  float64
		off      string
		known    bool
	}{
		"Istio's own default":        {all, []string{"productpage.default"}, 1, "", true},
		"a share":                    {all.with(t, strings.Replace(zipkinMesh, "tracing: {", "tracing: {sampling: 25, ", 1)), []string{"productpage.default"}, 25, "", true},
		"all":                        {all.with(t, otelMesh, telemetry), []string{"productpage.default"}, 100, "", true},
		"none":                       {all.with(t, otelMesh, strings.Replace(telemetry, "100", "0", 1)), []string{"productpage.default"}, 0, "", true},
		"the lowest counts":          {all.with(t, otelMesh, telemetry, "apiVersion: telemetry.istio.io/v1\nkind: Telemetry\nmetadata: {name: own, namespace: default}\nspec: {tracing: [{randomSamplingPercentage: 10}]}"), []string{"gateway.istio-system", "productpage.default"}, 10, "", true},
		"a proxy is off":             {all.with(t, otelMesh, telemetry, quiet), []string{"gateway.istio-system", "productpage.default"}, 0, "Telemetry default/quiet has disableSpanReporting", true},
		"one that matters to no one": {all.with(t, otelMesh, telemetry, quiet), []string{"gateway.istio-system"}, 100, "", true},
		"applications alone":         {all, []string{"frontend", "com.example.shop"}, 1, "", true},
		"applications, mesh is off":  {all.with(t, strings.Replace(zipkinMesh, "true", "false", 1)), []string{"frontend"}, 0, "", false},
		"no mesh":                    {objects{}, []string{"productpage.default"}, 0, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			way := verify.Way{Services: c.services, Mesh: "istio-system", Cluster: c.objects}
			got, known := way.Outlook(t.Context())
			if known != c.known {
				t.Fatalf("known %t: %+v", known, got)
			}
			if (c.off == "") != (got.Off == nil) || (got.Off != nil && (!fault.Is(got.Off, fault.Conflict) || !strings.Contains(got.Off.Error(), c.off))) {
				t.Errorf("off: %v", got.Off)
			}
			if known && c.off == "" && (got.Percent != c.percent || got.Source == "") {
				t.Errorf("got %+v", got)
			}
		})
	}
}
