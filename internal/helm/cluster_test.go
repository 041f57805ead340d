package helm_test

import (
	"encoding/base64"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/helm/helmtest"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/kube/kubetest"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

var controlPlane kubetest.Shared

func TestMain(m *testing.M) {
	if os.Getenv(victimEnv) != "" {
		os.Exit(victim())
	}
	os.Exit(controlPlane.Main(m))
}

// TestOnControlPlane runs against a real API server with real controllers. Each case has a namespace of its own.

func TestOnControlPlane(t *testing.T) {
	t.Parallel()
	running := controlPlane.Get(t)
	cases := map[string]func(*testing.T, *site){
		"install, read, upgrade, uninstall":         lifecycle,
		"requests are few":                          requestsAreFew,
		"helm's own tools see the release":          helmSeesTheRelease,
		"drift is put right":                        driftIsPutRight,
		"hooks run and their objects go":            hooksRun,
		"a failed hook says why and is repaired":    failedHookIsRepaired,
		"a hook that takes too long":                slowHookTimesOut,
		"a cancelled install stops and is repaired": cancelledInstall,
		"a cancelled upgrade stops and is repaired": cancelledUpgrade,
		"a killed install is repaired":              killedInstall,
		"others' objects are a conflict":            othersObjects,
		"the crds folder is installed once":         crdsFolder,
		"CRDs that move into templates are adopted": movedCRDs,
		"CRDs of somebody else are not":             othersCRDs,
		"a kind that is gone stops nothing":         goneKind,
		"a missing kind is named":                   missingKind,
		"an immutable leftover is removed":          immutableLeftover,
		"what failed revisions made goes":           failedRevisionsLeaveNothing,
		"templates may look at the cluster":         lookup,
		"many releases at once":                     manyAtOnce,
		"a missing namespace":                       missingNamespace,
		"a wrong token":                             wrongToken,
		"no rights":                                 noRights,
		"values with secrets":                       secretsStayHidden,
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newSite(t, running))
		})
	}
}

// site is a namespace on the control plane with clients for it.

type site struct {
	*helm.Client
	t         *testing.T
	running   *kubetest.Cluster
	kube      *kube.Client
	namespace string
	dir       string
}

func newSite(t *testing.T, running *kubetest.Cluster) *site {
	t.Helper()
	s := &site{t: t, running: running, namespace: running.Namespace(t), dir: t.TempDir()}
	s.kube = s.connect(kube.Config{Kubeconfig: running.Kubeconfig})
	s.Client = helm.New(helm.Options{Getter: s.kube.RESTClientGetter(), Charts: newCharts(t, helm.ChartsOptions{})})
	return s
}

func (s *site) connect(c kube.Config) *kube.Client {
	s.t.Helper()
	client, err := kube.New(c)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = client.Close() })
	return client
}

// spec is release "rel" of a chart.

func (s *site) spec(c helmtest.Chart) helm.Spec {
	s.t.Helper()
	return helm.Spec{Release: "rel", Namespace: s.namespace, Chart: helm.ChartRef{Name: c.Write(s.t, s.dir)}}
}

func (s *site) apply(spec helm.Spec) helm.Release {
	s.t.Helper()
	got, err := s.Apply(s.t.Context(), spec)
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

func (s *site) ref(apiVersion, kind, name string) object.Ref {
	return object.Ref{APIVersion: apiVersion, Kind: kind, Namespace: s.namespace, Name: name}
}

func (s *site) live(ref object.Ref) object.Object {
	s.t.Helper()
	o, err := s.kube.Get(s.t.Context(), ref)
	if err != nil {
		s.t.Fatal(err)
	}
	return o
}

func (s *site) gone(ref object.Ref) bool {
	s.t.Helper()
	_, err := s.kube.Get(s.t.Context(), ref)
	if err != nil && !fault.Is(err, fault.NotFound) {
		s.t.Fatal(err)
	}
	return err != nil
}

// status is what the record of the release says.

func (s *site) status() string {
	s.t.Helper()
	got, err := s.Get(s.t.Context(), s.namespace, "rel")
	if err != nil {
		s.t.Fatal(err)
	}
	return got.Status
}

// plain is a chart with nothing but objects.

// crd defines kind Widget in a group of the site's own.

// hooked is a chart with a Job for some hook.

// cancelInHook cancels an operation while a hook is being waited for, and returns its error.

// victimEnv makes the test binary an installer that is to be killed: kubeconfig, namespace and chart, separated by

// the path list separator.

// victim installs a release whose hook never ends.

func missingNamespace(t *testing.T, s *site) {
	t.Helper()
	spec := s.spec(plain("1.0.0", nil))
	spec.Namespace = "not-there"
	if _, err := s.Install(t.Context(), spec); err == nil || fault.Is(err, fault.NotFound) || !strings.Contains(err.Error(), `namespaces "not-there" not found`) {
		t.Errorf("kind %q: %v", fault.KindOf(err), err)
	}
	if _, err := s.Get(t.Context(), "not-there", "rel"); !fault.Is(err, fault.NotFound) {
		t.Errorf("kind %q: %v", fault.KindOf(err), err)
	}
	if err := s.Uninstall(t.Context(), helm.UninstallSpec{Release: "rel", Namespace: "not-there"}); err != nil {
		t.Error(err)
	}
}

// refused wants every operation to fail with a kind, and never with "not found".

func (s *site) refused(client *kube.Client, kind fault.Kind) {
	s.t.Helper()
	other := helm.New(helm.Options{Getter: client.RESTClientGetter(), Charts: s.Charts()})
	spec := s.spec(plain("1.0.0", nil))
	_, applyErr := other.Apply(s.t.Context(), spec)
	_, getErr := other.Get(s.t.Context(), s.namespace, "rel")
	_, historyErr := other.History(s.t.Context(), s.namespace, "rel")
	uninstallErr := other.Uninstall(s.t.Context(), helm.UninstallSpec{Release: "rel", Namespace: s.namespace})
	for what, err := range map[string]error{"apply": applyErr, "get": getErr, "history": historyErr, "uninstall": uninstallErr} {
		if !fault.Is(err, kind) {
			s.t.Errorf("%s: kind %q: %v", what, fault.KindOf(err), err)
		}
	}
}

func wrongToken(t *testing.T, s *site) {
	t.Helper()
	s.refused(s.connect(kube.Config{Host: s.running.URL, Insecure: true, Token: "wrong"}), fault.Auth)
}

func noRights(t *testing.T, s *site) {
	t.Helper()
	secret := object.New(s.ref("v1", "Secret", "default-token"))
	object.Set(secret, "kubernetes.io/service-account-token", "type")
	object.Set(secret, map[string]any{"kubernetes.io/service-account.name": "default"}, "metadata", "annotations")
	if _, err := s.kube.Apply(t.Context(), secret, kube.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	filled := kube.Condition{Ref: object.RefOf(secret), Check: kube.Check{Kind: kube.FieldNonEmpty, Path: "data.token"}}
	if err := s.kube.Wait(t.Context(), []kube.Condition{filled}, kube.WaitOptions{Timeout: 20 * time.Second}); err != nil {
		t.Fatal(err)
	}
	token, err := base64.StdEncoding.DecodeString(object.String(s.live(object.RefOf(secret)), "data", "token"))
	if err != nil {
		t.Fatal(err)
	}
	s.refused(s.connect(kube.Config{Host: s.running.URL, Insecure: true, Token: string(token)}), fault.Denied)
}

func secretsStayHidden(t *testing.T, s *site) {
	t.Helper()
	spec := s.spec(plain("1.0.0", map[string]string{
		"templates/secret.yaml": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ .Release.Name }}\ntype: {{ .Values.kind | default \"Opaque\" }}\nstringData:\n  pin: {{ .Values.pin }}\n",
		"templates/bad.yaml":    "{{ if .Values.bad }}\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Values.pin }}\n{{ end }}",
	}))
	spec.SecretValues = map[string]any{"pin": "HUNTER2_HUNTER2", "bad": true}
	_, err := s.Install(t.Context(), spec)
	if !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "HUNTER2") {
		t.Errorf("kind %q: %v", fault.KindOf(err), err)
	}
	got, err := s.Get(t.Context(), s.namespace, "rel")
	if err != nil || strings.Contains(got.Description, "HUNTER2") {
		t.Errorf("%q, %v", got.Description, err)
	}
}

func TestClient_Unreachable(t *testing.T) {
	t.Parallel()
	client, err := kube.New(kube.Config{Host: "https://127.0.0.1:1", Insecure: true})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, namespace: "ns", dir: t.TempDir(), Client: helm.New(helm.Options{Charts: newCharts(t, helm.ChartsOptions{})})}
	s.refused(client, fault.Unreachable)
}
