package components_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/images"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// everyImage turns on what has images of its own and is off by default.
var everyImage = map[string]map[string]any{
	"metallb 0.13.9": {
		"prometheus": map[string]any{"serviceAccount": "p", "namespace": "m", "podMonitor": map[string]any{"enabled": true}},
		"speaker":    map[string]any{"frr": map[string]any{"enabled": true}},
	},
	"metallb 0.16.1":        {"frrk8s": map[string]any{"enabled": true}, "speaker": map[string]any{"frr": map[string]any{"enabled": false}}},
	"ingress-nginx 4.15.1":  {"defaultBackend": map[string]any{"enabled": true}},
	"tempo 2.2.4":           {"tempoQuery": map[string]any{"enabled": true}},
	"kube-prometheus-stack": {"grafana": grafanaWithDownloads, "thanosRuler": map[string]any{"enabled": true}},
}

var grafanaWithDownloads = map[string]any{
	"dashboards":         map[string]any{"x": map[string]any{"y": map[string]any{"url": "https://example.org/d.json"}}},
	"dashboardProviders": map[string]any{"p.yaml": map[string]any{"providers": []any{map[string]any{"name": "x", "options": map[string]any{"path": "/var/lib/grafana/dashboards/x"}}}}},
	"persistence":        map[string]any{"enabled": true},
}

// moved renders a pinned chart with values over everyImage and lists its images; hooks of tests do not count.
func moved(t *testing.T, chart versions.Chart, kubernetes string, values map[string]any) []string {
	t.Helper()
	all := mergeValues(everyImage[chart.Name], everyImage[chart.Name+" "+chart.Version])
	client := helm.New(helm.Options{Charts: helm.NewCharts(helm.ChartsOptions{CacheDir: t.TempDir()})})
	got, err := client.Render(t.Context(), helm.Spec{
		Release: "r", Namespace: "n", Values: mergeValues(all, values),
		Chart: helm.ChartRef{Repository: os.Getenv("LAB_CHARTS"), Name: chart.Name, Version: chart.Version},
	}, helm.RenderOptions{KubeVersion: kubernetes, APIVersions: []string{"monitoring.coreos.com/v1"}})
	if err != nil {
		t.Fatal(err)
	}
	objects := got.Manifest
	for _, h := range got.Hooks {
		if !slices.Contains(h.Events, "test") {
			objects = append(objects, h.Object)
		}
	}
	return images.Of(objects)
}

func mergeValues(maps ...map[string]any) map[string]any {
	out := map[string]any{}
	for _, m := range maps {
		for key, value := range m {
			upper, isMap := value.(map[string]any)
			lower, wasMap := out[key].(map[string]any)
			if isMap && wasMap {
				value = mergeValues(lower, upper)
			}
			out[key] = value
		}
	}
	return out
}

// Every image of every pinned chart goes to the mirror, and none changes its path or tag. The miniatures have no
// images to speak of, so this runs on real charts alone.
func TestImages_OfEveryChartAreMoved(t *testing.T) {
	t.Parallel()
	if os.Getenv("LAB_CHARTS") == "" {
		t.Skip("LAB_CHARTS names no repository with the charts of both profiles")
	}
	mirror := images.Mirror{Registry: "mirror.example:5000/lab"}
	for _, name := range versions.Names() {
		profile, err := versions.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range profile.ChartKeys() {
			chart := profile.Chart(key)
			t.Run(name+", "+chart.Name, func(t *testing.T) {
				t.Parallel()
				kubernetes, _, _ := strings.Cut(profile.RKE2, "+")
				upstream := moved(t, chart, kubernetes, nil)
				want := []string{}
				for _, image := range upstream {
					want = append(want, mirror.Image(image))
				}
				slices.Sort(want)
				got := moved(t, chart, kubernetes, images.Nested(mirror.Values(chart.Name, chart.Version, nil)))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
				t.Log(strings.Join(upstream, " "))
			})
		}
	}
}

func TestImages_AreFoundInObjectsOfBothProfiles(t *testing.T) {
	t.Parallel()
	for _, p := range profiles {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			for name, b := range meshes(p.istio) {
				if name != "default" {
					continue
				}
				_, made := render(t, b, p.kubernetes)
				var all []object.Object
				for _, o := range made {
					all = append(all, o)
				}
				if !slices.ContainsFunc(images.Of(all), func(image string) bool { return strings.HasSuffix(image, "/proxyv2:"+p.istio) }) {
					t.Errorf("the proxy is not among %v", images.Of(all))
				}
			}
		})
	}
}
