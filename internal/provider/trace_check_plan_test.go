package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// The plan warns of sampling that makes the trace improbable: from what it plans for the mesh, else from what is live.
func TestTraceCheckPlan_WarnsOfSampling(t *testing.T) {
	t.Parallel()
	otlp := func(sampling any) attrs {
		return attrs{"tracing": attrs{"otlp_grpc_endpoint": "otel-collector.otel-system:4317", "sampling": sampling}}
	}
	for name, c := range map[string]struct {
		mesh attrs
		live []string
		down bool
		want string
	}{
		"few, planned":                       {mesh: otlp(2.5), want: "lab_istio_mesh istio-system/istiod, as it is planned, samples 2.5 %"},
		"Istio's own, planned":               {mesh: otlp(nil), want: "as it is planned, samples 1 %"},
		"all, planned":                       {mesh: otlp(100)},
		"all, planned over few":              {mesh: otlp(100), live: []string{meshOf, fmt.Sprintf(telemetry, 3), pagePod}},
		"no tracing, planned":                {mesh: attrs{}, want: "lab_istio_mesh istio-system/istiod is planned without tracing"},
		"not known yet":                      {mesh: otlp(unknown{})},
		"an address that is not known yet":   {mesh: attrs{"tracing": attrs{"otlp_grpc_endpoint": unknown{}, "sampling": 5}}, want: "samples 5 %"},
		"the user's own document":            {mesh: attrs{"mesh_config": "defaultConfig: {tracing: {sampling: 100}}"}},
		"few, live":                          {live: []string{meshOf, fmt.Sprintf(telemetry, 3), pagePod}, want: "Telemetry istio-system/mesh samples 3 %"},
		"all, live":                          {live: []string{meshOf, fmt.Sprintf(telemetry, 100), pagePod}},
		"none, live":                         {live: []string{meshOf, fmt.Sprintf(telemetry, 100), silent, pagePod}, want: "Telemetry default/quiet has disableSpanReporting: true, as it is now"},
		"no mesh":                            {},
		"a cluster that does not answer now": {down: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, e := withCluster(t)
			e.holds(t, c.live...)
			if c.down {
				w.err = fault.Newf(fault.Unreachable, "down")
			}
			lab := newCore(t, w, nil)
			if c.mesh != nil {
				if p := lab.plan("lab_istio_mesh", nil, c.mesh); p.errors != "" {
					t.Fatal(p.errors)
				}
			}
			p := lab.plan("lab_trace_check", nil, attrs{"url": "http://10.0.0.20/page", "tempo_url": "http://tempo.tempo:3200", "services": []any{"page.default"}})
			if p.errors != "" || (c.want == "") != (p.warnings == "") || !strings.Contains(p.warnings, c.want) {
				t.Errorf("errors %q, warnings %q", p.errors, p.warnings)
			}
		})
	}
}

// A check that was made already is not planned again, and nothing is said of it.
func TestTraceCheckPlan_IsSilentWhenThereIsNothingToDo(t *testing.T) {
	t.Parallel()
	lab, _, e, config := checked(t, &traced{store: says(200, trace("page"))})
	e.holds(t, meshOf, fmt.Sprintf(telemetry, 3), pagePod)
	config["mesh_namespace"] = "istio-system"
	p := lab.plan("lab_trace_check", nil, config)
	if strings.Count(p.warnings, "samples 3 %") != 1 {
		t.Errorf("warnings %q", p.warnings)
	}
	s, r := lab.apply("lab_trace_check", nil, config)
	if r.errors != "" {
		t.Fatal(r.errors)
	}
	if p := lab.plan("lab_trace_check", s, config); p.action != "nothing" || p.warnings != "" {
		t.Errorf("action %s, warnings %q", p.action, p.warnings)
	}
	config["triggers"] = map[string]any{"again": "yes"}
	if p := lab.plan("lab_trace_check", s, config); p.action != "replace" || strings.Count(p.warnings, "samples 3 %") != 1 {
		t.Errorf("action %s, warnings %q", p.action, p.warnings)
	}
	if r := lab.destroy("lab_trace_check", s); r.errors+r.warnings != "" {
		t.Error(r.errors + r.warnings)
	}
}
