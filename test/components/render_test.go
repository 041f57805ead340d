package components_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/istio"
	"github.com/dxlab/terraform-provider-lab/internal/metallb"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

type builder interface {
	Component() (component.Component, error)
}

// profiles are the two sets of versions, each on its own Kubernetes.
var profiles = []struct{ name, metallb, istio, kubernetes string }{
	{versions.Seed2023, "0.13.9", "1.17.1", "v1.24.10"},
	{versions.Current, "0.16.1", "1.30.3", "v1.35.7"},
}

// chartOf returns where a component's chart is taken from.
func chartOf(c component.Chart) helm.ChartRef {
	if repository := os.Getenv("LAB_CHARTS"); repository != "" {
		return helm.ChartRef{Repository: repository, Name: c.Name, Version: c.Version}
	}
	return helm.ChartRef{Name: filepath.Join("..", "lab", "charts", "miniature", c.Name+"-"+c.Version)}
}

// rendered is what the charts of a component put on a cluster, by group, kind, namespace and name.
type rendered map[object.Ref]object.Object

// key has the group in place of the API version: what is waited for by v1 may be rendered as v1beta1.
func key(ref object.Ref) object.Ref {
	ref.APIVersion = ref.Group()
	return ref
}

func render(t *testing.T, b builder, kubernetes string) (component.Component, rendered) {
	t.Helper()
	c, err := b.Component()
	if err != nil {
		t.Fatal(err)
	}
	client := helm.New(helm.Options{Charts: helm.NewCharts(helm.ChartsOptions{CacheDir: t.TempDir()})})
	out := rendered{}
	for _, chart := range c.Charts {
		spec := helm.Spec{Release: chart.Release, Namespace: chart.Namespace, Chart: chartOf(chart), Values: chart.Values}
		got, err := client.Render(t.Context(), spec, helm.RenderOptions{KubeVersion: kubernetes})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range slices.Concat(got.Manifest, got.CRDs) {
			out[key(object.RefOf(o))] = o
		}
		for _, condition := range chart.Ready {
			if condition.Kind == component.Established && len(got.Hooks) > 0 {
				continue // a Job of the chart makes it
			}
			if _, ok := out[key(condition.Ref)]; !ok {
				t.Errorf("nothing makes what is waited for: %s", condition.Name)
			}
		}
	}
	for _, output := range c.Outputs {
		if _, ok := out[key(output.Ref)]; !ok {
			t.Errorf("output %s is read from %s, which nothing makes", output.Name, output.Ref)
		}
	}
	return c, out
}

func meshes(version string) map[string]istio.Mesh {
	two := int32(2)
	return map[string]istio.Mesh{
		"default":         {Version: version},
		"other namespace": {Version: version, Namespace: "mesh"},
		"fixed replicas":  {Version: version, Replicas: &two},
		"revision":        {Version: version, Istiod: component.ChartOptions{Values: map[string]any{"revision": "canary"}}},
		"own validator": {Version: version, Istiod: component.ChartOptions{Values: map[string]any{
			"global": map[string]any{"configValidation": true},
		}}},
		"no default revision": {Version: version, Base: component.ChartOptions{Values: map[string]any{"defaultRevision": ""}}},
	}
}

func gateways(version string) map[string]istio.Gateway {
	options := func(release, namespace string, values map[string]any) component.ChartOptions {
		return component.ChartOptions{Version: version, Release: release, Namespace: namespace, Values: values}
	}
	return map[string]istio.Gateway{
		"default":    {Chart: options("", "", nil)},
		"address":    {Chart: options("", "", nil), Address: "10.34.124.115"},
		"annotation": {Chart: options("istio-edge", "edge", nil), Address: "10.0.0.1", AddressAnnotation: "metallb.io/loadBalancerIPs"},
		"daemon set": {Chart: options("", "", map[string]any{"kind": "DaemonSet", "name": "edge"})},
		"node port":  {Chart: options("", "", nil), Service: istio.GatewayService{Type: "NodePort"}},
	}
}

func installs(version string) map[string]metallb.Install {
	return map[string]metallb.Install{
		"default":    {Chart: component.ChartOptions{Version: version}},
		"bgp":        {Chart: component.ChartOptions{Version: version, Release: "lb"}, BGP: true},
		"no speaker": {Chart: component.ChartOptions{Version: version, Values: map[string]any{"speaker": map[string]any{"enabled": false}}}},
		"other name": {Chart: component.ChartOptions{Version: version, Values: map[string]any{"fullnameOverride": "lb"}}},
	}
}

func TestComponents_WaitForWhatTheirChartsMake(t *testing.T) {
	t.Parallel()
	for _, p := range profiles {
		all := map[string]builder{}
		for name, b := range installs(p.metallb) {
			all["metallb, "+name] = b
		}
		for name, b := range meshes(p.istio) {
			all["mesh, "+name] = b
		}
		for name, b := range gateways(p.istio) {
			all["gateway, "+name] = b
		}
		for name, b := range all {
			t.Run(p.name+", "+name, func(t *testing.T) {
				t.Parallel()
				render(t, b, p.kubernetes)
			})
		}
	}
}

// A gateway waits for an istiod that a mesh of the same place makes.
func TestGateway_NeedsWhatTheMeshMakes(t *testing.T) {
	t.Parallel()
	for _, p := range profiles {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			_, made := render(t, istio.Mesh{Version: p.istio, Namespace: "mesh"}, p.kubernetes)
			gateway, _ := render(t, istio.Gateway{Chart: component.ChartOptions{Version: p.istio}, MeshNamespace: "mesh"}, p.kubernetes)
			if len(gateway.Needs) == 0 {
				t.Fatal("it needs nothing")
			}
			for _, need := range gateway.Needs {
				if _, ok := made[key(need.Ref)]; !ok {
					t.Errorf("the mesh does not make what the gateway needs: %s", need.Name)
				}
			}
		})
	}
}

// A rule for an object that no version makes is a leftover, or a name that was mistyped.
func TestIgnoreRules_NameObjectsOfSomeVersion(t *testing.T) {
	t.Parallel()
	var rules []component.IgnoreRule
	made := rendered{}
	for _, p := range profiles {
		for _, b := range []builder{
			metallb.Install{Chart: component.ChartOptions{Version: p.metallb}, BGP: true},
			istio.Mesh{Version: p.istio},
			istio.Gateway{Chart: component.ChartOptions{Version: p.istio}},
		} {
			c, objects := render(t, b, p.kubernetes)
			rules = append(rules, c.Ignore...)
			maps.Copy(made, objects)
		}
	}
	for _, rule := range rules {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(made)), func(ref object.Ref) bool {
			named, err := filepath.Match(rule.Name, ref.Name)
			return err == nil && named && rule.Group == ref.APIVersion && rule.Kind == ref.Kind && rule.Namespace == ref.Namespace
		}) {
			t.Errorf("no version makes %s.%s %s/%s", rule.Kind, rule.Group, rule.Namespace, rule.Name)
		}
	}
}
