package provider_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/helm/helmtest"
)

// data reads a data source.
func (c *core) data(name string, config attrs) (tftypes.Value, report) {
	c.t.Helper()
	typ := c.schemas.DataSourceSchemas[name].ValueType()
	resp, err := c.server.ReadDataSource(c.t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: name, Config: c.dynamic(typ, valueOf(c.t, typ, config))})
	if err != nil {
		c.t.Fatal(err)
	}
	return c.static(typ, resp.State), c.report(resp.Diagnostics)
}

const podOf = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: {{ .Values.image }} }]}\n"

func TestHelmCharts_ListsWhatARepositoryHas(t *testing.T) {
	t.Parallel()
	charts := []helmtest.Chart{
		{Name: "web", Version: "1.0.0", AppVersion: "7", Deprecated: true},
		{Name: "web", Version: "1.1.0", AppVersion: "8", KubeVersion: ">=1.30.0-0"},
		{Name: "other", Version: "3.0.0"},
	}
	classic, oci := helmtest.NewRepository(t, charts...), helmtest.NewRegistry(t, charts...)
	for name, c := range map[string]struct {
		mirror         string
		config         attrs
		newest, charts string
		errors         string
	}{
		"named":           {"", attrs{"repository": classic.URL, "name": "web"}, "1.1.0", "web 1.1.0 1.0.0", ""},
		"registry":        {"", attrs{"repository": oci.Repository, "name": "web"}, "1.1.0", "web 1.1.0 1.0.0", ""},
		"mirror":          {classic.URL, nil, "", "other 3.0.0, web 1.1.0 1.0.0", ""},
		"registry mirror": {oci.Repository, attrs{"name": "other"}, "3.0.0", "other 3.0.0", ""},
		"by constraint":   {"", attrs{"repository": classic.URL, "name": "web", "version": "< 1.1"}, "1.0.0", "web 1.0.0", ""},
		"the newest":      {"", attrs{"repository": classic.URL, "limit": 1}, "", "other 3.0.0, web 1.1.0", ""},
		"not there":       {"", attrs{"repository": classic.URL, "name": "none"}, "", "", ""},
		"no mirror":       {"", attrs{"name": "web"}, "", "", "no repository is named and there is no mirror"},
		"down":            {"", attrs{"repository": "http://127.0.0.1:1"}, "", "", "Listing charts failed: unreachable"},
		"nameless":        {oci.Repository, nil, "", "", "name one"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.charts = finder(t, helm.ChartsOptions{Mirror: c.mirror, RetryPause: 1})
			v, r := newCore(t, w, nil).data("lab_helm_charts", c.config)
			if !strings.Contains(r.errors, c.errors) && !strings.Contains(strings.ToLower(r.errors), c.errors) || (c.errors == "") != (r.errors == "") {
				t.Fatalf("errors %q", r.errors)
			}
			if c.errors != "" {
				return
			}
			if got := textOf(t, v, "newest"); got != c.newest {
				t.Errorf("the newest is %q", got)
			}
			if diff := cmp.Diff(c.charts, shelfOf(t, v)); diff != "" {
				t.Error(diff)
			}
		})
	}
	w := newWorld(t)
	w.charts = finder(t, helm.ChartsOptions{})
	v, _ := newCore(t, w, nil).data("lab_helm_charts", attrs{"repository": oci.Repository, "name": "web"})
	text := textOf(t, v, "charts")
	for _, want := range []string{"app_version=8", "kube_version=>=1.30.0-0", "digest=sha256:", "deprecated=true"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
}

// shelfOf writes charts and versions down.
func shelfOf(t *testing.T, v tftypes.Value) string {
	t.Helper()
	var charts, versions []tftypes.Value
	if err := fields(t, v)["charts"].As(&charts); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, chart := range charts {
		words := []string{textOf(t, chart, "name")}
		if err := fields(t, chart)["versions"].As(&versions); err != nil {
			t.Fatal(err)
		}
		for _, version := range versions {
			words = append(words, textOf(t, version, "version"))
		}
		out = append(out, strings.Join(words, " "))
	}
	return strings.Join(out, ", ")
}

func TestImagesData_ListsChartsAndReleases(t *testing.T) {
	t.Parallel()
	repository := helmtest.NewRepository(t, helmtest.Chart{
		Name: "web", Version: "1.0.0", Values: "image: quay.io/team/web:1", Files: map[string]string{"templates/p.yaml": podOf},
	})
	list := "docker.io/rancher/rke2-runtime:v1.35.7-rke2r1\ndocker.io/rancher/hardened-calico:v3\n"
	sums := digestOf(list) + "  rke2-images-core.linux-amd64.txt\n" + digestOf("else") + "  rke2-images-calico.linux-amd64.txt\n"
	releases := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch strings.TrimPrefix(r.URL.Path, "/v1.35.7+rke2r1/") {
		case "sha256sum-amd64.txt":
			_, _ = w.Write([]byte(sums))
		case "rke2-images-core.linux-amd64.txt", "rke2-images-calico.linux-amd64.txt":
			_, _ = w.Write([]byte(list))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(releases.Close)
	rke2 := func(set string) attrs {
		return attrs{"version": "v1.35.7+rke2r1", "url": releases.URL, "sets": []any{set}}
	}
	chart := attrs{"repository": repository.URL, "chart": "web", "version": "1.0.0"}
	own := attrs{"repository": repository.URL, "chart": "web", "version": "1.0.0", "values": []any{"image: nginx"}}
	for name, c := range map[string]struct {
		config                   attrs
		images, mirrored, errors string
	}{
		"a chart":        {attrs{"charts": []any{chart}}, "[quay.io/team/web:1]", "{quay.io/team/web:1=mirror.example/team/web:1}", ""},
		"with values":    {attrs{"charts": []any{own}}, "[docker.io/library/nginx:latest]", "{docker.io/library/nginx:latest=mirror.example/library/nginx:latest}", ""},
		"a release":      {attrs{"rke2": rke2("core")}, "[docker.io/rancher/hardened-calico:v3 docker.io/rancher/rke2-runtime:v1.35.7-rke2r1]", "hardened-calico:v3=mirror.example/rancher/hardened-calico:v3", ""},
		"tampered":       {attrs{"rke2": rke2("calico")}, "", "", "was promised"},
		"no such set":    {attrs{"rke2": rke2("none")}, "", "", "not found"},
		"samples":        {attrs{"parts": []any{"samples"}, "profile": "seed-2023"}, "examples-bookinfo-productpage-v1:1.17.0", "", ""},
		"lacking part":   {attrs{"parts": []any{"istio_ambient"}, "profile": "seed-2023"}, "", "", "listing images failed"},
		"chart not here": {attrs{"charts": []any{attrs{"repository": repository.URL, "chart": "wep"}}}, "", "", "there is no chart wep"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.charts = finder(t, helm.ChartsOptions{Mirror: repository.URL})
			typ := newCore(t, w, nil).schemas.DataSourceSchemas["lab_images"].ValueType().(tftypes.Object)
			if set, ok := c.config["parts"].([]any); ok { // valueOf knows no sets
				var elements []tftypes.Value
				for _, e := range set {
					elements = append(elements, tftypes.NewValue(tftypes.String, e))
				}
				c.config["parts"] = tftypes.NewValue(typ.AttributeTypes["parts"], elements)
			}
			v, r := newCore(t, w, attrs{"images": attrs{"registry": "mirror.example"}}).data("lab_images", c.config)
			if !strings.Contains(strings.ToLower(r.errors), c.errors) || (c.errors == "") != (r.errors == "") {
				t.Fatalf("errors %q", r.errors)
			}
			if c.errors != "" {
				return
			}
			if got := textOf(t, v, "images"); !strings.Contains(got, c.images) {
				t.Errorf("images %s", got)
			}
			if got := textOf(t, v, "mirrored"); !strings.Contains(got, c.mirrored) {
				t.Errorf("mirrored %s", got)
			}
		})
	}
}
