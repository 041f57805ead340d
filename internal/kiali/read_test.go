package kiali_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/kiali"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func TestReadInstall_RoundTrip(t *testing.T) {
	t.Parallel()
	const anywhere = "mesh-tools"
	for name, i := range map[string]kiali.Install{
		"nothing but defaults": {Chart: at("2.29.0"), InstanceNamespace: anywhere, AuthStrategy: "anonymous", ViewOnly: true},
		"all of it": {
			Chart: at("2.29.0"), InstanceNamespace: anywhere, AuthStrategy: "token", CustomDashboards: true, PrometheusURL: "http://p:9090",
			Grafana: &kiali.Grafana{URL: "http://g", ExternalURL: "http://g.lab"},
			Tempo:   &kiali.Tempo{URL: "http://t:3200", GrafanaURL: "http://g.lab", DatasourceUID: "other"},
			Ingress: &kiali.Ingress{Host: "kiali.lab", ClassName: "traefik", Annotations: map[string]string{"a/b": "c"}},
			Spec: map[string]any{
				"server":     map[string]any{"port": int64(8080), "web_root": "/k"},
				"deployment": map[string]any{"instance_name": "view", "cluster_wide_access": nil},
			},
		},
		"before 2.0": {
			Chart: at("1.89.10"), InstanceNamespace: anywhere, MeshNamespace: "mesh", AuthStrategy: "anonymous",
			Grafana: &kiali.Grafana{URL: "http://g"}, Tempo: &kiali.Tempo{URL: "http://t:3200"},
		},
		"of 2023":       {Chart: at("1.64.0"), InstanceNamespace: anywhere, AuthStrategy: "anonymous", ViewOnly: true, Ingress: &kiali.Ingress{Host: "k", ClassName: "nginx"}},
		"Tempo's links": {Chart: at("2.29.0"), InstanceNamespace: anywhere, AuthStrategy: "anonymous", Tempo: &kiali.Tempo{URL: "http://t", GrafanaURL: "http://g.lab", DatasourceUID: "tempo"}},
		"an Ingress of the user's own": {
			Chart: at("2.29.0"), InstanceNamespace: anywhere, AuthStrategy: "anonymous",
			Spec: map[string]any{"deployment": map[string]any{"ingress": map[string]any{"enabled": true}}},
		},
		"without a strategy": {Chart: at("2.29.0"), InstanceNamespace: anywhere, Spec: map[string]any{"auth": map[string]any{"strategy": nil}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := i.Component()
			if err != nil {
				t.Fatal(err)
			}
			back, err := kiali.ReadInstall(c.Objects[0], i.Chart.Version)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(i, back); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An object of somebody else's is what it was after it has been read and written.
func TestReadInstall_KeepsWhatOthersWrote(t *testing.T) {
	t.Parallel()
	ref := kiali.Asked()
	ref.Namespace = "istio-system"
	for name, spec := range map[string]map[string]any{
		"empty": {},
		"two addresses of Grafana": {"external_services": map[string]any{
			"grafana": map[string]any{"enabled": true, "internal_url": "http://g", "external_url": "http://one"},
			"tracing": map[string]any{"enabled": true, "provider": "tempo", "internal_url": "http://t", "external_url": "http://two"},
		}},
		"Jaeger":            {"external_services": map[string]any{"tracing": map[string]any{"enabled": true, "internal_url": "http://j"}}},
		"an Ingress of two": {"deployment": map[string]any{"ingress": map[string]any{"enabled": true, "override_yaml": map[string]any{"spec": map[string]any{"rules": []any{map[string]any{"host": "a"}, map[string]any{"host": "b"}}}}}}},
		"a longer Ingress":  {"deployment": map[string]any{"ingress": map[string]any{"enabled": true, "override_yaml": map[string]any{"spec": map[string]any{"rules": []any{map[string]any{"host": "a"}}, "tls": []any{map[string]any{"secretName": "s"}}}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := object.New(ref)
			o["spec"] = spec
			i, err := kiali.ReadInstall(o, "2.29.0")
			if err != nil {
				t.Fatal(err)
			}
			c, err := i.Component()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(spec, withoutEmpty(object.Map(c.Objects[0], "spec"))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// withoutEmpty leaves out maps in which null has left nothing.
func withoutEmpty(m map[string]any) map[string]any {
	out := map[string]any{}
	for key, value := range m {
		if below, ok := value.(map[string]any); ok {
			if below = withoutEmpty(below); len(below) == 0 {
				continue
			}
			value = below
		}
		out[key] = value
	}
	return out
}

func TestReadInstall_Refuses(t *testing.T) {
	t.Parallel()
	other := kiali.Asked()
	other.Name = "other"
	for name, c := range map[string]struct {
		ref     object.Ref
		version string
		says    string
	}{
		"another name":      {other, "2.29.0", "is no Kiali kiali"},
		"a version of none": {kiali.Asked(), "newest", "newest"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := kiali.ReadInstall(object.New(c.ref), c.version); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}
