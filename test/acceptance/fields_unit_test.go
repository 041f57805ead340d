package acceptance_test

import "testing"

func TestField(t *testing.T) {
	t.Parallel()
	object := map[string]any{
		"data": map[string]any{
			"mesh":        "defaultConfig:\n  tracing:\n    zipkin: {address: \"a:1\"}\n",
			"grafana.ini": "[auth.anonymous]\nenabled = true\norg_role = Viewer\n[users]\nviewers_can_edit = true\n",
		},
		"spec": map[string]any{"ports": []any{
			map[string]any{"name": "http", "port": int64(80)},
			map[string]any{"name": "https", "port": int64(443)},
		}},
	}
	for path, want := range map[string]any{
		"data.mesh|yaml|defaultConfig.tracing.zipkin.address":   "a:1",
		`data["grafana.ini"]|ini|["auth.anonymous"].enabled`:    true,
		`data["grafana.ini"]|ini|["auth.anonymous"].org_role`:   "Viewer",
		"spec.ports[name=https].port":                           443,
		"spec.ports[0].name":                                    "http",
		"spec.ports[name=none].port":                            nil,
		"spec.nothing.here":                                     nil,
		"spec.ports":                                            []any{map[string]any{"port": 80}, map[string]any{"name": "https"}},
		`data["grafana.ini"]|ini|["users"]["viewers_can_edit"]`: true,
	} {
		got, err := field(object, path)
		if err != nil || !holds(got, want) {
			t.Errorf("%s: %v, %v; want %v", path, got, err, want)
		}
	}
	for path, want := range map[string]any{
		"spec.ports[name=http].port": 81,
		"spec.ports":                 []any{map[string]any{"port": 80}},
		"data":                       nil,
		"spec.none":                  "x",
	} {
		if got, err := field(object, path); err != nil || holds(got, want) {
			t.Errorf("%s: %v holds %v (%v)", path, got, want, err)
		}
	}
	for _, path := range []string{`data["x`, "spec.ports[0", "data.mesh|yaml", "data.mesh|xml|a"} {
		if _, err := field(object, path); err == nil {
			t.Errorf("%s is taken", path)
		}
	}
}
