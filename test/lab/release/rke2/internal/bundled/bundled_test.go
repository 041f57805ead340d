package bundled

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
)

func TestRender_EveryFile(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(objects, "objects/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "objects/"), ".yaml")
		list, err := render(name, values{ClusterDNS: "10.43.0.10", DefaultIngress: "traefik"})
		if err != nil || len(list) == 0 {
			t.Errorf("%s: %d objects, %v", name, len(list), err)
		}
		for _, o := range list {
			if kubeapi.Text(o, "apiVersion") == "" || kubeapi.Text(o, "kind") == "" || kubeapi.Text(o, "metadata", "name") == "" {
				t.Errorf("%s: incomplete object %v", name, o)
			}
		}
	}
}

func TestComponents(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options Options
		want    []string
	}{
		"default": {Options{CNI: "canal", Ingress: []string{"traefik"}}, []string{
			"rke2-canal", "rke2-coredns", "rke2-metrics-server", "rke2-runtimeclasses", "rke2-snapshot-controller",
			"rke2-snapshot-controller-crd", "rke2-traefik", "rke2-traefik-crd",
		}},
		"calico behind multus, no ingress": {Options{CNI: "calico", Multus: true}, []string{
			"rke2-calico", "rke2-calico-crd", "rke2-coredns", "rke2-metrics-server", "rke2-multus", "rke2-runtimeclasses",
			"rke2-snapshot-controller", "rke2-snapshot-controller-crd",
		}},
		"2023": {Options{Release: "v1.24.10+rke2r1", CNI: "calico", Ingress: []string{"ingress-nginx"}}, []string{
			"rke2-calico", "rke2-calico-crd", "rke2-coredns", "rke2-ingress-nginx", "rke2-metrics-server",
		}},
		"disabled": {Options{CNI: "none", Ingress: []string{"ingress-nginx"}, Disabled: func(c string) bool {
			return strings.HasPrefix(c, "rke2-snapshot") || c == "rke2-metrics-server"
		}}, []string{"rke2-coredns", "rke2-ingress-nginx", "rke2-runtimeclasses"}},
	} {
		if test.options.Disabled == nil {
			test.options.Disabled = func(string) bool { return false }
		}
		var got []string
		for _, c := range components(test.options) {
			if c.on {
				got = append(got, c.chart)
			}
		}
		if slices.Sort(got); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestRender_ImagesOfTheRelease(t *testing.T) {
	t.Parallel()
	for release, want := range map[string]string{
		"v1.24.10+rke2r1": "rancher/mirrored-calico-node:v3.24.5", "v1.36.3+rke2r1": "rancher/mirrored-calico-node:v3.32.1",
	} {
		list, err := render("calico", values{Release: release})
		if err != nil {
			t.Fatal(err)
		}
		pod, ok := list[len(list)-1]["spec"].(kubeapi.Object)["template"].(kubeapi.Object)
		if !ok || !strings.Contains(fmt.Sprint(pod), want) {
			t.Errorf("%s: %v lacks %s", release, pod, want)
		}
	}
}

func TestHelmObjects_TellTheDefaultClassWhereItCanBeChosen(t *testing.T) {
	t.Parallel()
	for release, want := range map[string]bool{"v1.24.10+rke2r1": false, "v1.35.7+rke2r1": true} {
		chart := helmObjects(component{chart: "rke2-ingress-nginx"}, values{Release: release, DefaultIngress: "ingress-nginx"})[0]
		if told := strings.Contains(fmt.Sprint(chart["spec"]), "systemDefaultIngressClass"); told != want {
			t.Errorf("%s: %v", release, chart["spec"])
		}
	}
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	got, err := Documents([]byte("---\n# nothing\n---\nkind: A\n---\n\n--- # again\nkind: B\n"))
	if err != nil || len(got) != 2 || got[0]["kind"] != "A" || got[1]["kind"] != "B" {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := Documents([]byte("kind: [")); err == nil {
		t.Error("broken YAML: no error")
	}
}
