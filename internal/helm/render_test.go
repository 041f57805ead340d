package helm_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/helm/helmtest"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func refsOf(objects []object.Object) string {
	var out []string
	for _, o := range objects {
		out = append(out, object.RefOf(o).String())
	}
	return strings.Join(out, ", ")
}

func TestRender(t *testing.T) {
	t.Parallel()
	c := app("1.0.0")
	c.Files["templates/when.yaml"] = "{{ if .Release.IsUpgrade }}\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: upgraded}\n{{ end }}\n" +
		"{{ if .Capabilities.APIVersions.Has \"example.com/v1\" }}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: capable}\n{{ end }}\n" +
		"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: version}\ndata: {kube: {{ .Capabilities.KubeVersion.Version }}}\n"
	c.Files["crds/planet.yaml"] = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: planets.example.com}\n"
	s := helm.Spec{Release: "rel", Namespace: "ns", Chart: helm.ChartRef{Name: c.Write(t, t.TempDir())}}
	client := helm.New(helm.Options{Charts: newCharts(t, helm.ChartsOptions{})})

	first, err := client.Render(t.Context(), s, helm.RenderOptions{KubeVersion: "v1.35.7+rke2r1"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("ConfigMap ns/rel, ConfigMap ns/version, ClusterRole rel", refsOf(first.Manifest)); diff != "" {
		t.Error(diff)
	}
	if got := object.String(first.Manifest[1], "data", "kube"); got != "v1.35.7+rke2r1" {
		t.Errorf("rendered for %q", got)
	}
	if refsOf(first.CRDs) != "CustomResourceDefinition planets.example.com" || len(first.Hooks) != 1 || first.Notes != "Thank you for app.\n" {
		t.Errorf("CRDs %s, hooks %v, notes %q", refsOf(first.CRDs), first.Hooks, first.Notes)
	}
	if first.Chart.Version != "1.0.0" || !strings.HasPrefix(first.Chart.Digest, "sha256:") || first.Unstable != nil {
		t.Errorf("chart %+v, unstable %v", first.Chart, first.Unstable)
	}
	upgraded, err := client.Render(t.Context(), s, helm.RenderOptions{Upgrade: true, APIVersions: []string{"example.com/v1"}})
	if diff := cmp.Diff("ConfigMap ns/rel, ConfigMap ns/upgraded, ConfigMap ns/capable, ConfigMap ns/version, ClusterRole rel", refsOf(upgraded.Manifest)); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if _, err := client.Render(t.Context(), s, helm.RenderOptions{KubeVersion: "new"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
}

func TestRender_NamesWhatIsMadeUp(t *testing.T) {
	t.Parallel()
	c := helmtest.Chart{
		Name: "random", Version: "1.0.0",
		Files: map[string]string{
			"templates/_helpers.tpl": "{{ define \"password\" }}{{ randAlphaNum 12 }}{{ end }}",
			"templates/secret.yaml":  "apiVersion: v1\nkind: Secret\nmetadata: {name: password}\nstringData: {password: {{ include \"password\" . }}}\n",
			"templates/config.yaml":  "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: steady}\n",
		},
	}
	s := helm.Spec{Release: "rel", Namespace: "ns", Chart: helm.ChartRef{Name: c.Write(t, t.TempDir())}}
	got, err := helm.New(helm.Options{Charts: newCharts(t, helm.ChartsOptions{})}).Render(t.Context(), s, helm.RenderOptions{})
	if err != nil || len(got.Unstable) != 1 || got.Unstable[0].String() != "Secret ns/password" {
		t.Errorf("%v, %v", got.Unstable, err)
	}
}

func TestRender_ValuesReachTheChartAsWithHelm(t *testing.T) {
	t.Parallel()
	c := helmtest.Chart{
		Name: "kinds", Version: "1.0.0", Values: "gone: {a: 1}\nkept: {a: 1, b: 2}\n",
		Files: map[string]string{
			"templates/x.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  kind: {{ kindOf .Values.number }}\n  gone: {{ hasKey .Values \"gone\" | quote }}\n  kept: {{ .Values.kept | toJson | quote }}\n  secret: {{ .Values.auth.pin }}\n  user: {{ .Values.auth.user }}\n",
		},
	}
	values, err := helm.MergeValues([]string{"number: 3\ngone: null\nkept: {b: 3}\nauth: {user: me}\n"})
	if err != nil {
		t.Fatal(err)
	}
	s := helm.Spec{
		Release: "rel", Namespace: "ns", Chart: helm.ChartRef{Name: c.Write(t, t.TempDir())},
		Values: values, SecretValues: map[string]any{"auth": map[string]any{"pin": "p1234"}},
	}
	got, err := helm.New(helm.Options{Charts: newCharts(t, helm.ChartsOptions{})}).Render(t.Context(), s, helm.RenderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"kind": "float64", "gone": "false", "kept": `{"a":1,"b":3}`, "secret": "p1234", "user": "me"}
	if diff := cmp.Diff(want, got.Manifest[0]["data"]); diff != "" {
		t.Error(diff)
	}
}

func TestClient_LeavesTheUsersFilesAlone(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"} {
		t.Setenv(name, home)
	}
	t.Setenv("HELM_DRIVER", "configmap")
	t.Setenv("HELM_NAMESPACE", "elsewhere")
	registry := helmtest.NewRegistry(t, app("1.0.0"))
	b := newBench(t, helm.Options{Charts: helm.NewCharts(helm.ChartsOptions{CacheDir: t.TempDir()})})
	s := helm.Spec{Release: "rel", Namespace: "ns", Chart: helm.ChartRef{Repository: registry.Repository, Name: "app"}}
	if _, err := b.Apply(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(home)
	if err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}

func TestRegistryConfigs_DefaultPlaces(t *testing.T) {
	t.Setenv("HOME", "/home/me")
	env := func(pairs ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			return ""
		}
	}
	cases := map[string]struct {
		env  func(string) string
		want []string
	}{
		"nothing set": {env(), []string{"/home/me/.config/helm/registry/config.json", "/home/me/.docker/config.json", "/home/me/.config/containers/auth.json"}},
		"all set": {
			env("HELM_REGISTRY_CONFIG", "/h.json", "DOCKER_CONFIG", "/d", "REGISTRY_AUTH_FILE", "/a.json", "XDG_RUNTIME_DIR", "/run/me"),
			[]string{"/h.json", "/d/config.json", "/a.json", "/run/me/containers/auth.json"},
		},
		"another configuration directory": {
			env("XDG_CONFIG_HOME", "/c"),
			[]string{"/c/helm/registry/config.json", "/home/me/.docker/config.json", "/c/containers/auth.json"},
		},
	}
	for name, c := range cases { //nolint:paralleltest // it changes the environment
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, path := range helm.DefaultRegistryConfigs(c.env) {
				got = append(got, filepath.Clean(path))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
