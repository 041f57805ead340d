package helm_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"helm.sh/helm/v3/pkg/action"
	helmkube "helm.sh/helm/v3/pkg/kube"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/helm/helmtest"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

const configTemplate = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  note: {{ .Values.note | quote }}\n"

func plain(version string, more map[string]string) helmtest.Chart {
	files := map[string]string{"templates/config.yaml": configTemplate}
	for name, text := range more {
		files[name] = text
	}
	return helmtest.Chart{Name: "plain", Version: version, Values: "note: hello\n", Files: files}
}

func lifecycle(t *testing.T, s *site) {
	t.Helper()
	made, err := s.Install(t.Context(), s.spec(plain("1.0.0", nil)))
	if err != nil || made.Revision != 1 {
		t.Fatalf("%+v, %v", made, err)
	}
	config := s.ref("v1", "ConfigMap", "rel")
	live := s.live(config)
	if object.String(live, "data", "note") != "hello" || object.String(live, "metadata", "annotations", "meta.helm.sh/release-name") != "rel" {
		t.Errorf("live: %v", live)
	}
	upgraded := s.spec(plain("1.1.0", nil))
	upgraded.Values = map[string]any{"note": "changed"}
	if got, err := s.Upgrade(t.Context(), upgraded); err != nil || got.Revision != 2 || got.Version != "1.1.0" {
		t.Fatalf("%+v, %v", got, err)
	}
	if got := object.String(s.live(config), "data", "note"); got != "changed" {
		t.Errorf("note is %q", got)
	}
	read, err := s.Get(t.Context(), s.namespace, "rel")
	if err != nil || read.Status != "deployed" || read.Revision != 2 || !strings.HasPrefix(read.ChartDigest, "sha256:") || len(read.Objects) != 1 {
		t.Errorf("%+v, %v", read, err)
	}
	for range 2 {
		if err := s.Uninstall(t.Context(), helm.UninstallSpec{Release: "rel", Namespace: s.namespace}); err != nil {
			t.Fatal(err)
		}
	}
	if !s.gone(config) {
		t.Error("the object is still there")
	}
	if _, err := s.Get(t.Context(), s.namespace, "rel"); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
}

func requestsAreFew(t *testing.T, s *site) {
	t.Helper()
	more := map[string]string{}
	const objects = 20
	for i := range objects - 1 {
		more[fmt.Sprintf("templates/c%d.yaml", i)] = fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: more-%d\ndata:\n  note: {{ .Values.note }}\n", i)
	}
	spec := s.spec(plain("1.0.0", more))
	measure := func(what string, limit int, f func() error) {
		t.Helper()
		before, started := s.kube.Stats(), time.Now()
		if err := f(); err != nil {
			t.Fatal(err)
		}
		after := s.kube.Stats()
		total := after.Total() - before.Total()
		if s.running.Older {
			total -= after.Requests["discovery"] - before.Requests["discovery"] // one for each group version
		}
		t.Logf("%s of %d objects: %d requests in %s", what, objects, total, time.Since(started).Round(time.Millisecond))
		for verb, n := range after.Requests {
			if n -= before.Requests[verb]; n > 0 {
				t.Logf("  %s %d", verb, n)
			}
		}
		if total > limit {
			t.Errorf("%s takes %d requests, want at most %d", what, total, limit)
		}
	}
	measure("install", 2*objects+9, func() error { _, err := s.Install(t.Context(), spec); return err })
	measure("get", 1, func() error { _, err := s.Get(t.Context(), s.namespace, "rel"); return err })
	spec.Values = map[string]any{"note": "changed"}
	measure("upgrade", 2*objects+8, func() error { _, err := s.Upgrade(t.Context(), spec); return err })
	measure("upgrade without change", objects+8, func() error { _, err := s.Upgrade(t.Context(), spec); return err })
	measure("get after upgrades", 1, func() error { _, err := s.Get(t.Context(), s.namespace, "rel"); return err })
}

func helmSeesTheRelease(t *testing.T, s *site) {
	t.Helper()
	s.apply(s.spec(plain("1.0.0", nil)))
	s.apply(s.spec(plain("1.1.0", nil)))
	config := new(action.Configuration)
	if err := config.Init(s.kube.RESTClientGetter(), s.namespace, "secrets", func(string, ...any) {}); err != nil {
		t.Fatal(err)
	}
	objects := helmkube.New(s.kube.RESTClientGetter())
	objects.Namespace = s.namespace
	config.KubeClient = objects
	list, err := action.NewList(config).Run()
	if err != nil || len(list) != 1 || list[0].Name != "rel" || list[0].Version != 2 || list[0].Chart.Metadata.Version != "1.1.0" {
		t.Fatalf("%v, %v", list, err)
	}
	history, err := action.NewHistory(config).Run("rel")
	if err != nil || len(history) != 2 {
		t.Fatalf("%v, %v", history, err)
	}
	back := action.NewRollback(config)
	back.Version = 1
	if err := back.Run("rel"); err != nil {
		t.Fatal(err)
	}
	got, err := s.Get(t.Context(), s.namespace, "rel")
	if err != nil || got.Revision != 3 || got.Version != "1.0.0" {
		t.Errorf("%+v, %v", got, err)
	}
}

const widgetCRD = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: %[1]ss.%[2]s.example.com
spec:
  group: %[2]s.example.com
  scope: Namespaced
  names: {kind: %[3]s, plural: %[1]ss, singular: %[1]s}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`

func (s *site) crd() string { return fmt.Sprintf(widgetCRD, "widget", s.namespace, "Widget") }

func (s *site) widget() string {
	return fmt.Sprintf("apiVersion: %s.example.com/v1\nkind: Widget\nmetadata:\n  name: {{ .Release.Name }}\nspec:\n  size: 3\n  note: {{ .Values.note }}\n", s.namespace)
}

func (s *site) widgetRef() object.Ref { return s.ref(s.namespace+".example.com/v1", "Widget", "rel") }

func (s *site) dropCRD() {
	ref := object.Ref{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition", Name: "widgets." + s.namespace + ".example.com"}
	if err := s.kube.Delete(context.WithoutCancel(s.t.Context()), ref, kube.DeleteOptions{Wait: time.Minute}); err != nil {
		s.t.Error(err)
	}
}

func driftIsPutRight(t *testing.T, s *site) {
	t.Helper()
	t.Cleanup(s.dropCRD)
	spec := s.spec(plain("1.0.0", map[string]string{"crds/widget.yaml": s.crd(), "templates/widget.yaml": s.widget()}))
	s.apply(spec)
	patch := func(ref object.Ref, merge string) {
		t.Helper()
		if _, err := s.kube.Patch(t.Context(), ref, kube.MergePatch, []byte(merge)); err != nil {
			t.Fatal(err)
		}
	}
	patch(s.ref("v1", "ConfigMap", "rel"), `{"data":{"note":"edited","foreign":"stays"}}`)
	patch(s.widgetRef(), `{"spec":{"size":99,"foreign":"stays"}}`)
	s.apply(spec)
	config, widget := s.live(s.ref("v1", "ConfigMap", "rel")), s.live(s.widgetRef())
	if object.String(config, "data", "note") != "hello" || object.String(config, "data", "foreign") != "stays" {
		t.Errorf("edited object: %v", config["data"])
	}
	if size, _ := object.Lookup(widget, "spec", "size"); size != int64(3) || object.String(widget, "spec", "foreign") != "stays" {
		t.Errorf("edited custom resource: %v", widget["spec"])
	}
	if err := s.kube.Delete(t.Context(), s.widgetRef(), kube.DeleteOptions{Wait: 10 * time.Second}); err != nil {
		t.Fatal(err)
	}
	s.apply(spec)
	s.live(s.widgetRef())
}

func othersObjects(t *testing.T, s *site) {
	t.Helper()
	mine := object.New(s.ref("v1", "ConfigMap", "rel"))
	object.Set(mine, "precious", "data", "mine")
	if _, err := s.kube.Apply(t.Context(), mine, kube.ApplyOptions{FieldManager: "somebody"}); err != nil {
		t.Fatal(err)
	}
	spec := s.spec(plain("1.0.0", nil))
	_, err := s.Install(t.Context(), spec)
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), `ConfigMap "rel"`) || !strings.Contains(err.Error(), "adopt") {
		t.Fatalf("kind %q: %v", fault.KindOf(err), err)
	}
	if _, err := s.Get(t.Context(), s.namespace, "rel"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a release was left: %v", err)
	}
	spec.Adopt = true
	s.apply(spec)
	live := s.live(s.ref("v1", "ConfigMap", "rel"))
	if object.String(live, "data", "note") != "hello" || object.String(live, "data", "mine") != "precious" ||
		object.String(live, "metadata", "annotations", "meta.helm.sh/release-name") != "rel" {
		t.Errorf("live %v", live)
	}
}

func crdsFolder(t *testing.T, s *site) {
	t.Helper()
	t.Cleanup(s.dropCRD)
	spec := s.spec(plain("1.0.0", map[string]string{
		"crds/widget.yaml":      s.crd(),
		"templates/widget.yaml": "{{ if .Capabilities.APIVersions.Has \"" + s.namespace + ".example.com/v1\" }}\n" + s.widget() + "{{ end }}",
	}))
	started := time.Now()
	s.apply(spec)
	t.Logf("installed with a CRD in %s", time.Since(started))
	s.live(s.widgetRef())
	crds, err := s.CRDs(t.Context(), spec.Chart, nil)
	if err != nil || len(crds) != 1 || object.RefOf(crds[0]).String() != "CustomResourceDefinition widgets."+s.namespace+".example.com" {
		t.Errorf("%v, %v", crds, err)
	}
}

func goneKind(t *testing.T, s *site) {
	t.Helper()
	with := s.spec(plain("1.0.0", map[string]string{"crds/widget.yaml": s.crd(), "templates/widget.yaml": s.widget()}))
	s.apply(with)
	s.dropCRD()
	if got := s.apply(s.spec(plain("1.1.0", nil))); got.Revision != 2 {
		t.Errorf("%+v", got)
	}
	if err := s.Uninstall(t.Context(), helm.UninstallSpec{Release: "rel", Namespace: s.namespace}); err != nil {
		t.Fatal(err)
	}
	s.apply(with)
	s.dropCRD()
	if err := s.Uninstall(t.Context(), helm.UninstallSpec{Release: "rel", Namespace: s.namespace}); err != nil {
		t.Fatal(err)
	}
	if !s.gone(s.ref("v1", "ConfigMap", "rel")) {
		t.Error("the rest of the release is still there")
	}
}

func missingKind(t *testing.T, s *site) {
	t.Helper()
	_, err := s.Install(t.Context(), s.spec(plain("1.0.0", map[string]string{"templates/widget.yaml": s.widget()})))
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), `no matches for kind "Widget"`) {
		t.Errorf("kind %q: %v", fault.KindOf(err), err)
	}
}

func lookup(t *testing.T, s *site) {
	t.Helper()
	spec := s.spec(plain("1.0.0", map[string]string{
		"templates/seen.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: seen\ndata:\n  account: {{ (lookup \"v1\" \"ServiceAccount\" .Release.Namespace \"default\").metadata.name | default \"none\" }}\n",
	}))
	account := func(objects []object.Object) string {
		for _, o := range objects {
			if object.RefOf(o).Name == "seen" {
				return object.String(o, "data", "account")
			}
		}
		return ""
	}
	blind, err := s.Render(t.Context(), spec, helm.RenderOptions{})
	if err == nil {
		t.Errorf("nothing was there to look at, but %q was seen", account(blind.Manifest))
	}
	seeing, err := s.Render(t.Context(), spec, helm.RenderOptions{Lookup: true})
	if err != nil || account(seeing.Manifest) != "default" {
		t.Errorf("%q, %v", account(seeing.Manifest), err)
	}
	if got := s.apply(spec); account(got.Objects) != "default" {
		t.Errorf("installed with %q", account(got.Objects))
	}
}

func manyAtOnce(t *testing.T, s *site) {
	t.Helper()
	repository := helmtest.NewRepository(t, hooked("1.0.0", "post-install", ""))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			spec := helm.Spec{Release: fmt.Sprintf("rel-%d", i), Namespace: s.namespace, Chart: helm.ChartRef{Repository: repository.URL, Name: "hooked"}}
			if got, err := s.Apply(t.Context(), spec); err != nil || got.Status != "deployed" {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	wg.Wait()
	if n := repository.Requests()["/index.yaml"]; n != 1 {
		t.Errorf("the index was fetched %d times", n)
	}
}
