package helm_test

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	kubefake "helm.sh/helm/v3/pkg/kube/fake"
	"helm.sh/helm/v3/pkg/release"
	helmtime "helm.sh/helm/v3/pkg/time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/helm/helmtest"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// app is a chart with one object, a hook, a schema and defaults.

func app(version string) helmtest.Chart {
	return helmtest.Chart{
		Name: "app", Version: version, AppVersion: "v" + version,
		Values: "replicas: 1\nnote: hello\n",
		Schema: `{"type":"object","properties":{"replicas":{"type":"integer"},"password":{"type":"string","pattern":"^[a-z]+$"}}}`,
		Files: map[string]string{
			"templates/config.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  replicas: \"{{ .Values.replicas }}\"\n  note: {{ .Values.note | quote }}\n",
			"templates/role.yaml":   "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: {{ .Release.Name }}\n",
			"templates/hook.yaml":   "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {{ .Release.Name }}-hook\n  annotations:\n    helm.sh/hook: post-install,post-upgrade\n    helm.sh/hook-weight: \"5\"\n    helm.sh/hook-delete-policy: before-hook-creation\n",
			"templates/NOTES.txt":   "Thank you for {{ .Chart.Name }}.\n",
			"templates/fail.yaml":   "{{ if .Values.fail }}{{ fail (printf \"cannot use %s\" .Values.fail) }}{{ end }}",
		},
	}
}

type bench struct {
	*helm.Client
	store   *helm.Store
	objects *kubefake.FailingKubeClient
	dir     string
	t       *testing.T
}

func newBench(t *testing.T, o helm.Options) bench {
	t.Helper()
	b := bench{
		store: new(helm.Store), dir: t.TempDir(), t: t,
		objects: &kubefake.FailingKubeClient{PrintingKubeClient: kubefake.PrintingKubeClient{Out: new(strings.Builder)}},
	}
	if o.Charts == nil {
		o.Charts = newCharts(t, helm.ChartsOptions{})
	}
	b.Client = helm.NewFake(o, b.store, b.objects)
	return b
}

func (b bench) spec(version string) helm.Spec {
	b.t.Helper()
	return helm.Spec{Release: "rel", Namespace: "ns", Chart: helm.ChartRef{Name: app(version).Write(b.t, b.dir)}}
}

// leave puts a revision into the store that somebody else or an interrupted run left there.

func (b bench) leave(revision int, status release.Status, age time.Duration) {
	b.t.Helper()
	left, err := b.store.Newest("ns", "rel")
	if err != nil {
		if _, err := b.Install(b.t.Context(), b.spec("1.0.0")); err != nil {
			b.t.Fatal(err)
		}
		if left, err = b.store.Newest("ns", "rel"); err != nil {
			b.t.Fatal(err)
		}
	}
	left.Version, left.Info.Status, left.Info.LastDeployed = revision, status, helmtime.Now().Add(-age)
	if err := b.store.Put(left); err != nil {
		b.t.Fatal(err)
	}
}

func TestInstall_TellsWhatIsThere(t *testing.T) {
	t.Parallel()
	b := newBench(t, helm.Options{})
	s := b.spec("1.0.0")
	s.Values = map[string]any{"replicas": 3, "big": 12345678, "nested": map[string]any{"ratio": 0.5}}
	s.Labels = map[string]string{"team": "mesh"}
	made, err := b.Install(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	read, err := b.Get(t.Context(), "ns", "rel")
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]helm.Release{"install": made, "get": read} {
		if got.Chart != "app" || got.Version != "1.0.0" || got.AppVersion != "v1.0.0" || got.Status != "deployed" || got.Revision != 1 || got.Healed != "" {
			t.Errorf("%s: %+v", name, got)
		}
		if !strings.HasPrefix(got.ChartDigest, "sha256:") || got.Notes != "Thank you for app.\n" || got.Labels["team"] != "mesh" {
			t.Errorf("%s: digest %q, notes %q, labels %v", name, got.ChartDigest, got.Notes, got.Labels)
		}
		if got.Values["big"] != int64(12345678) || got.Values["nested"].(map[string]any)["ratio"] != 0.5 {
			t.Errorf("%s: values %#v", name, got.Values)
		}
		refs := []string{}
		for _, o := range got.Objects {
			refs = append(refs, object.RefOf(o).String())
		}
		if strings.Join(refs, ", ") != "ConfigMap ns/rel, ClusterRole rel" {
			t.Errorf("%s: objects %v", name, refs)
		}
		if len(got.Hooks) != 1 || got.Hooks[0].Ref.String() != "Job ns/rel-hook" || got.Hooks[0].Weight != 5 ||
			strings.Join(got.Hooks[0].Events, " ") != "post-install post-upgrade" || got.Hooks[0].LastRun != "Succeeded" {
			t.Errorf("%s: hooks %+v", name, got.Hooks)
		}
	}
	if s.Values["replicas"] != 3 {
		t.Error("the caller's values were changed")
	}
}

func TestInstall_ExistingReleaseIsAConflict(t *testing.T) {
	t.Parallel()
	b := newBench(t, helm.Options{})
	if _, err := b.Install(t.Context(), b.spec("1.0.0")); err != nil {
		t.Fatal(err)
	}
	_, err := b.Install(t.Context(), b.spec("1.1.0"))
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "revision 1 of chart app 1.0.0 is deployed; import it, adopt it") {
		t.Errorf("got %v", err)
	}
	s := b.spec("1.1.0")
	s.Adopt = true
	got, err := b.Install(t.Context(), s)
	if err != nil || got.Revision != 2 || got.Version != "1.1.0" {
		t.Errorf("adopting: %+v, %v", got, err)
	}
}

func TestUpgrade_TakesOnlyTheNewValues(t *testing.T) {
	t.Parallel()
	b := newBench(t, helm.Options{})
	s := b.spec("1.0.0")
	s.Values = map[string]any{"replicas": 3}
	if _, err := b.Install(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	got, err := b.Upgrade(t.Context(), b.spec("1.1.0"))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Values) != 0 || object.String(got.Objects[0], "data", "replicas") != "1" || got.Revision != 2 {
		t.Errorf("got %+v", got)
	}
	history, err := b.History(t.Context(), "ns", "rel")
	if err != nil || len(history) != 2 || history[0].Status != "deployed" || history[1].Status != "superseded" {
		t.Errorf("history %+v, %v", history, err)
	}
}

func TestUpgrade_WithoutReleaseIsNotFound(t *testing.T) {
	t.Parallel()
	b := newBench(t, helm.Options{})
	if _, err := b.Upgrade(t.Context(), b.spec("1.0.0")); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
	if _, err := b.Get(t.Context(), "ns", "rel"); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
	if _, err := b.History(t.Context(), "ns", "rel"); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
}

func TestInstall_ErrorsOfTheChart(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*testing.T, bench, *helm.Spec)
		text   string
	}{
		"schema": {func(_ *testing.T, _ bench, s *helm.Spec) {
			s.Values = map[string]any{"replicas": "many"}
			s.SecretValues = map[string]any{"password": "HUNTER2-HUNTER2"}
		}, "the values do not fit the chart's schema:\n  app: "},
		"template": {func(_ *testing.T, _ bench, s *helm.Spec) {
			s.SecretValues = map[string]any{"fail": "HUNTER2-HUNTER2"}
		}, "cannot use (secret)"},
		"cluster version": {func(t *testing.T, b bench, s *helm.Spec) {
			t.Helper()
			s.Chart.Name = helmtest.Chart{Name: "old", Version: "1.0.0", KubeVersion: ">=1.16-0 <1.20-0"}.Write(t, b.dir)
		}, "the chart needs Kubernetes >=1.16-0 <1.20-0, the cluster runs v1."},
		"release name": {func(_ *testing.T, _ bench, s *helm.Spec) { s.Release = "Not_A_Name" }, "invalid release name"},
		"no namespace": {func(_ *testing.T, _ bench, s *helm.Spec) { s.Namespace = "" }, "no namespace"},
		"labels":       {func(_ *testing.T, _ bench, s *helm.Spec) { s.Labels = map[string]string{"owner": "me"} }, "Helm's own"},
		"values":       {func(_ *testing.T, _ bench, s *helm.Spec) { s.Values = map[string]any{"f": func() {}} }, "cannot be written as JSON"},
		"no chart":     {func(_ *testing.T, _ bench, s *helm.Spec) { s.Chart.Name = "/nowhere" }, "there is no chart"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, helm.Options{})
			s := b.spec("1.0.0")
			c.change(t, b, &s)
			_, installErr := b.Install(t.Context(), s)
			_, renderErr := b.Render(t.Context(), s, helm.RenderOptions{})
			for verb, err := range map[string]error{"installing": installErr, "rendering": renderErr} {
				if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.text) || !strings.HasPrefix(err.Error(), verb) {
					t.Errorf("%s: kind %q: %v", verb, fault.KindOf(err), err)
				}
				if err != nil && strings.Contains(err.Error(), "HUNTER2") {
					t.Errorf("%s: a secret shows: %v", verb, err)
				}
			}
			if _, err := b.Get(t.Context(), s.Namespace, "rel"); !fault.Is(err, fault.NotFound) {
				t.Errorf("something was installed: %v", err)
			}
		})
	}
}

func TestUninstall(t *testing.T) {
	t.Parallel()
	b := newBench(t, helm.Options{})
	u := helm.UninstallSpec{Release: "rel", Namespace: "ns"}
	if err := b.Uninstall(t.Context(), u); err != nil {
		t.Errorf("what is gone: %v", err)
	}
	for _, status := range []release.Status{release.StatusDeployed, release.StatusFailed, release.StatusPendingInstall, release.StatusUninstalling, release.StatusUninstalled} {
		b.leave(1, status, time.Minute)
		if err := b.Uninstall(t.Context(), u); err != nil {
			t.Errorf("%s: %v", status, err)
		}
		if _, err := b.History(t.Context(), "ns", "rel"); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: something is left: %v", status, err)
		}
	}
	b.leave(1, release.StatusDeployed, time.Minute)
	u.KeepHistory = true
	for range 2 {
		if err := b.Uninstall(t.Context(), u); err != nil {
			t.Error(err)
		}
	}
	if _, err := b.Get(t.Context(), "ns", "rel"); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
	if history, err := b.History(t.Context(), "ns", "rel"); err != nil || history[0].Status != "uninstalled" {
		t.Errorf("history %+v, %v", history, err)
	}
}

func TestClient_ManyReleasesAtOnce(t *testing.T) {
	t.Parallel()
	repository := helmtest.NewRepository(t, app("1.0.0"))
	b := newBench(t, helm.Options{})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			s := helm.Spec{Release: "rel-" + string(rune('a'+i%10)), Namespace: "ns", Chart: helm.ChartRef{Repository: repository.URL, Name: "app"}}
			if _, err := b.Apply(t.Context(), s); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := range 10 {
		got, err := b.Get(t.Context(), "ns", "rel-"+string(rune('a'+i)))
		if err != nil || got.Revision != 2 || got.Status != "deployed" {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

func TestClient_TurnsEndWithTheContext(t *testing.T) {
	t.Parallel()
	b := newBench(t, helm.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Apply(ctx, b.spec("1.0.0")); !errors.Is(err, context.Canceled) {
		t.Errorf("apply: %v", err)
	}
	if err := b.Uninstall(ctx, helm.UninstallSpec{Release: "rel", Namespace: "ns"}); !errors.Is(err, context.Canceled) {
		t.Errorf("uninstall: %v", err)
	}
}

func TestClient_LogsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	var out lockedBuilder
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	b := newBench(t, helm.Options{Logger: log})
	b.objects.UpdateError = errors.New("cannot patch: " + base64.StdEncoding.EncodeToString([]byte("hunter2-hunter2")))
	s := b.spec("1.0.0")
	s.Values = map[string]any{"adminPassword": "geheim-geheim", "note": "hello"}
	s.SecretValues = map[string]any{"note": "hunter2-hunter2"}
	if _, err := b.Apply(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	_, err := b.Apply(t.Context(), s)
	if err == nil {
		t.Fatal("the error is lost")
	}
	text := out.String() + err.Error()
	if !strings.Contains(text, "helm: ") {
		t.Error("Helm's debug log is lost")
	}
	for _, secret := range []string{"hunter2", "geheim", base64.StdEncoding.EncodeToString([]byte("hunter2-hunter2"))} {
		if strings.Contains(text, secret) {
			t.Errorf("%s shows in %s", secret, text)
		}
	}
}

type lockedBuilder struct {
	mu sync.Mutex
	strings.Builder
}

func (b *lockedBuilder) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Builder.Write(p)
}
