// Package bundled knows the components that RKE2 brings along: which ones a cluster gets, under which names, and how their installation
// looks from the API. The stand-in installs no charts: it makes the HelmChart, the Job that would install it, and small objects of
// the true names that readiness checks look at.
package bundled

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"text/template"

	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/settings"
)

//go:embed objects
var objects embed.FS

// Options say which components a cluster gets.
type Options struct {
	Release    string   // v1.36.3+rke2r1; old releases bring older and fewer components
	CNI        string   // none: no network plugin
	Multus     bool     //
	Ingress    []string // chosen controllers, the default class first
	ClusterDNS string
	Disabled   func(component string) bool
}

// component is one packaged chart.
type component struct {
	chart string
	file  string // below objects/; empty for charts of CRDs
	on    bool
	// bootstrap components are installed with host network before there is a network plugin.
	bootstrap bool
	// since is the first release that brings it; empty for all.
	since string
}

func components(o Options) []component {
	list := []component{
		{chart: "rke2-coredns", file: "coredns", on: true, bootstrap: true},
		{chart: "rke2-metrics-server", file: "metrics-server", on: true},
		{chart: "rke2-snapshot-controller-crd", on: true, since: "v1.25.7"},
		{chart: "rke2-snapshot-controller", file: "snapshot-controller", on: true, since: "v1.25.7"},
		{chart: "rke2-runtimeclasses", on: true, since: "v1.31.5"},
		{chart: "rke2-multus", file: "multus", on: o.Multus},
	}
	for _, cni := range []string{"canal", "calico", "cilium", "flannel"} {
		list = append(list, component{chart: "rke2-" + cni, file: cni, on: o.CNI == cni, bootstrap: true})
	}
	list = append(list, component{chart: "rke2-calico-crd", on: o.CNI == "calico", bootstrap: true})
	for _, name := range []string{"ingress-nginx", "traefik"} {
		on := false
		for _, chosen := range o.Ingress {
			on = on || chosen == name
		}
		list = append(list, component{chart: "rke2-" + name, file: name, on: on})
		if name == "traefik" {
			list = append(list, component{chart: "rke2-traefik-crd", on: on})
		}
	}
	for i, c := range list {
		list[i].on = c.on && !o.Disabled(c.chart) && (c.since == "" || settings.AtLeast(o.Release, c.since))
	}
	return list
}

// values are what the object files are filled with.
type values struct {
	Release        string
	ClusterDNS     string
	DefaultIngress string
}

// Installer puts the packaged components on a cluster.
type Installer struct {
	API    *kubeapi.Client
	Logger *slog.Logger
}

// Definitions makes the kinds that RKE2 brings along and fails while the API server does not serve them all. It can be repeated.
func (i Installer) Definitions(ctx context.Context) error {
	if err := i.applyFile(ctx, "crds", values{}); err != nil {
		return err
	}
	for _, path := range []string{
		"/apis/helm.cattle.io/v1/helmcharts", "/apis/helm.cattle.io/v1/helmchartconfigs", "/apis/k3s.cattle.io/v1/addons",
		"/apis/k3s.cattle.io/v1/etcdsnapshotfiles",
	} {
		if _, err := i.API.Get(ctx, path); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// Install makes what is chosen and removes what was there and is chosen no longer. It can be repeated; the kinds must be there.
func (i Installer) Install(ctx context.Context, o Options) error {
	v := values{Release: o.Release, ClusterDNS: o.ClusterDNS}
	if len(o.Ingress) > 0 {
		v.DefaultIngress = o.Ingress[0]
	}
	var failures []error
	for _, c := range components(o) {
		var err error
		if c.on {
			err = i.install(ctx, c, v)
		} else {
			err = i.remove(ctx, c, v)
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", c.chart, err))
		}
	}
	return errors.Join(failures...)
}

// DefaultIngress returns the controller that an upgraded cluster keeps when nothing is configured: ingress-nginx if its chart is there
// (rancher/rke2 pkg/bootstrap/bootstrap.go getDefaultIngressClassFromCharts, from 1.36 on).
func (i Installer) DefaultIngress(ctx context.Context) (string, error) {
	_, err := i.API.Get(ctx, "/apis/helm.cattle.io/v1/namespaces/kube-system/helmcharts/rke2-ingress-nginx")
	if kubeapi.IsCode(err, http.StatusNotFound) {
		return "traefik", nil
	}
	return "ingress-nginx", err
}

func (i Installer) install(ctx context.Context, c component, v values) error {
	for _, o := range helmObjects(c, v) {
		if _, err := i.API.Apply(ctx, o, "helm-controller"); err != nil {
			return err
		}
	}
	if c.file == "" {
		return nil
	}
	return i.applyFile(ctx, c.file, v)
}

func (i Installer) remove(ctx context.Context, c component, v values) error {
	_, err := i.API.Get(ctx, "/apis/helm.cattle.io/v1/namespaces/kube-system/helmcharts/"+c.chart)
	if err != nil {
		if kubeapi.IsCode(err, http.StatusNotFound) {
			return nil
		}
		return err
	}
	all := helmObjects(c, v)
	if c.file != "" {
		more, err := render(c.file, v)
		if err != nil {
			return err
		}
		all = append(more, all...)
	}
	for _, o := range all {
		if err := i.API.Delete(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

func (i Installer) applyFile(ctx context.Context, name string, v values) error {
	list, err := render(name, v)
	if err != nil {
		return err
	}
	for _, o := range list {
		if _, err := i.API.Apply(ctx, o, "helm"); err != nil {
			return fmt.Errorf("%s %s: %w", kubeapi.Text(o, "kind"), kubeapi.Text(o, "metadata", "name"), err)
		}
	}
	return nil
}

// render reads an object file and fills it.
func render(name string, v values) ([]kubeapi.Object, error) {
	content, err := fs.ReadFile(objects, "objects/"+name+".yaml")
	if err != nil {
		return nil, err
	}
	functions := template.FuncMap{"image": func(name string) string { return imageOf(name, v.Release) }}
	t, err := template.New(name).Option("missingkey=error").Funcs(functions).Parse(string(content))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, v); err != nil {
		return nil, err
	}
	return Documents(b.Bytes())
}

// Documents splits a YAML file into objects; empty documents are left out.
func Documents(content []byte) ([]kubeapi.Object, error) {
	var out []kubeapi.Object
	for _, doc := range bytes.Split(append([]byte("\n"), content...), []byte("\n---")) {
		var o kubeapi.Object
		if err := yaml.Unmarshal(doc, &o); err != nil {
			return nil, err
		}
		if len(o) > 0 {
			out = append(out, o)
		}
	}
	return out, nil
}
