package helm_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/helm/helmtest"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

const jobTemplate = `apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-%[1]s
  annotations:
    helm.sh/hook: %[1]s
    helm.sh/hook-delete-policy: before-hook-creation%[2]s
spec:
  backoffLimit: 0
  {{- if .Values.deadline }}
  activeDeadlineSeconds: {{ .Values.deadline }}
  {{- end }}
  template:
    metadata:
      annotations: { {{ if .Values.behaviour }}lab.test/behaviour: {{ .Values.behaviour }}{{ end }} }
    spec:
      restartPolicy: Never
      containers:
      - {name: work, image: busybox, command: ["true"]}
`

func hooked(version, event, more string) helmtest.Chart {
	c := plain(version, map[string]string{"templates/" + event + ".yaml": fmt.Sprintf(jobTemplate, event, more)})
	c.Name = "hooked"
	return c
}

func hooksRun(t *testing.T, s *site) {
	t.Helper()
	c := hooked("1.0.0", "pre-install", ",hook-succeeded")
	for _, event := range []string{"post-install", "pre-delete"} {
		c.Files["templates/"+event+".yaml"] = fmt.Sprintf(jobTemplate, event, "")
	}
	got := s.apply(s.spec(c))
	if len(got.Hooks) != 3 {
		t.Fatalf("hooks: %+v", got.Hooks)
	}
	for _, h := range got.Hooks {
		want := "Succeeded"
		if slices.Contains(h.Events, "pre-delete") {
			want = ""
		}
		if h.LastRun != want {
			t.Errorf("%s: %q", h.Ref, h.LastRun)
		}
	}
	if !s.gone(s.ref("batch/v1", "Job", "rel-pre-install")) {
		t.Error("the job of a hook that is to go after success is there")
	}
	s.live(s.ref("batch/v1", "Job", "rel-post-install"))
	if err := s.Uninstall(t.Context(), helm.UninstallSpec{Release: "rel", Namespace: s.namespace}); err != nil {
		t.Fatal(err)
	}
	s.live(s.ref("batch/v1", "Job", "rel-pre-delete"))
}

func failedHookIsRepaired(t *testing.T, s *site) {
	t.Helper()
	spec := s.spec(hooked("1.0.0", "post-install", ""))
	spec.Values = map[string]any{"behaviour": "pull-error", "deadline": 2}
	got, err := s.Install(t.Context(), spec)
	if err == nil {
		t.Fatal("the failure is lost")
	}
	for _, part := range []string{"installing release", "failed post-install", "rel-post-install", "DeadlineExceeded"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is missing in: %v", part, err)
		}
	}
	if got.Status != "failed" || s.status() != "failed" {
		t.Errorf("status %s, kept %s", got.Status, s.status())
	}
	uid := object.String(s.live(s.ref("v1", "ConfigMap", "rel")), "metadata", "uid")
	spec.Values = nil
	healed := s.apply(spec)
	if healed.Status != "deployed" || healed.Revision != 2 || !strings.Contains(healed.Healed, "repaired in place") {
		t.Errorf("%+v", healed)
	}
	if object.String(s.live(s.ref("v1", "ConfigMap", "rel")), "metadata", "uid") != uid {
		t.Error("the object was replaced")
	}
	if healed.Hooks[0].LastRun != "Succeeded" {
		t.Error("the install hook did not run again")
	}
}

func slowHookTimesOut(t *testing.T, s *site) {
	t.Helper()
	spec := s.spec(hooked("1.0.0", "pre-install", ""))
	spec.Values, spec.Timeout = map[string]any{"behaviour": "pull-error"}, 3*time.Second
	started := time.Now()
	_, err := s.Install(t.Context(), spec)
	if !fault.Is(err, fault.Timeout) || time.Since(started) > 20*time.Second {
		t.Fatalf("kind %q after %s: %v", fault.KindOf(err), time.Since(started), err)
	}
	for _, part := range []string{"hook Job", "pods active", "container work waits: ImagePullBackOff", "Failed to pull image"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is missing in: %v", part, err)
		}
	}
}

func (s *site) cancelInHook(spec helm.Spec, event string, do func(context.Context, helm.Spec) (helm.Release, error)) error {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := do(ctx, spec)
		done <- err
	}()
	s.awaitJob("rel-" + event)
	cancel()
	select {
	case err := <-done:
		return err
	case <-time.After(5 * time.Second):
		s.t.Fatal("it does not stop")
		return nil
	}
}

func (s *site) awaitJob(name string) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); s.gone(s.ref("batch/v1", "Job", name)); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("job %s does not come", name)
		}
	}
}

func cancelledInstall(t *testing.T, s *site) {
	t.Helper()
	spec := s.spec(hooked("1.0.0", "post-install", ""))
	spec.Values = map[string]any{"behaviour": "pending"}
	err := s.cancelInHook(spec, "post-install", s.Install)
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "the next run repairs it") {
		t.Errorf("got %v", err)
	}
	if got := s.status(); got != "failed" {
		t.Errorf("status %s", got)
	}
	spec.Values = nil
	if got, err := s.Install(t.Context(), spec); err != nil || got.Status != "deployed" || !strings.Contains(got.Healed, "revision 1 had failed") {
		t.Errorf("%+v, %v", got, err)
	}
}

func cancelledUpgrade(t *testing.T, s *site) {
	t.Helper()
	spec := s.spec(hooked("1.0.0", "pre-upgrade", ""))
	s.apply(spec)
	spec.Values = map[string]any{"behaviour": "pending", "note": "changed"}
	err := s.cancelInHook(spec, "pre-upgrade", s.Upgrade)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if got := s.status(); got != "failed" {
		t.Errorf("status %s", got)
	}
	spec.Values = map[string]any{"note": "changed"}
	got := s.apply(spec)
	if got.Revision != 3 || got.Healed != "revision 2 had failed; upgraded over it" {
		t.Errorf("%+v", got)
	}
	if note := object.String(s.live(s.ref("v1", "ConfigMap", "rel")), "data", "note"); note != "changed" {
		t.Errorf("note %q", note)
	}
}

const victimEnv = "HELM_TEST_VICTIM"

func victim() int {
	args := filepath.SplitList(os.Getenv(victimEnv))
	client, err := kube.New(kube.Config{KubeconfigPaths: args[:1]})
	if err != nil {
		return 3
	}
	spec := helm.Spec{Release: "rel", Namespace: args[1], Chart: helm.ChartRef{Name: args[2]}, Values: map[string]any{"behaviour": "pending"}}
	_, _ = helm.New(helm.Options{Getter: client.RESTClientGetter()}).Install(context.Background(), spec)
	return 4
}

func killedInstall(t *testing.T, s *site) {
	t.Helper()
	spec := s.spec(hooked("1.0.0", "post-install", ""))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	process := exec.CommandContext(t.Context(), self)
	process.Env = append(os.Environ(), victimEnv+"="+strings.Join([]string{s.running.KubeconfigPath, s.namespace, spec.Chart.Name}, string(os.PathListSeparator)))
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	s.awaitJob("rel-post-install")
	if err := process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = process.Wait()
	if got := s.status(); got != "pending-install" {
		t.Fatalf("status %s", got)
	}
	uid := object.String(s.live(s.ref("v1", "ConfigMap", "rel")), "metadata", "uid")
	got, err := s.Install(t.Context(), spec)
	if err != nil || got.Status != "deployed" || !strings.Contains(got.Healed, "revision 1 was left pending-install by a run that was interrupted") {
		t.Fatalf("%+v, %v", got, err)
	}
	if object.String(s.live(s.ref("v1", "ConfigMap", "rel")), "metadata", "uid") != uid {
		t.Error("the object was replaced")
	}
}

func immutableLeftover(t *testing.T, s *site) {
	t.Helper()
	deployment := "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\nspec:\n  replicas: 0\n  selector: {matchLabels: {app: {{ .Values.note }}}}\n" +
		"  template: {metadata: {labels: {app: {{ .Values.note }}}}, spec: {containers: [{name: c, image: c}]}}\n"
	c := hooked("1.0.0", "post-install", "")
	c.Files["templates/deployment.yaml"] = deployment
	spec := s.spec(c)
	spec.Values = map[string]any{"behaviour": "pending", "deadline": 1}
	if _, err := s.Install(t.Context(), spec); err == nil {
		t.Fatal("the failure is lost")
	}
	spec.Values = map[string]any{"note": "other"}
	got := s.apply(spec)
	if got.Status != "deployed" || !strings.Contains(got.Healed, "was removed first") {
		t.Errorf("%+v", got)
	}
	s.apply(spec)
	spec.Values = map[string]any{"note": "third"}
	if _, err := s.Apply(t.Context(), spec); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "immutable") {
		t.Errorf("a deployed release: kind %q: %v", fault.KindOf(err), err)
	}
	s.live(s.ref("apps/v1", "Deployment", "rel"))
}

func failedRevisionsLeaveNothing(t *testing.T, s *site) {
	t.Helper()
	extra := func(name string) string {
		return "{{ if .Values." + name + " }}\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\n{{ end }}"
	}
	c := hooked("1.0.0", "post-upgrade", "")
	c.Files["templates/one.yaml"], c.Files["templates/two.yaml"] = extra("one"), extra("two")
	c.Files["templates/install.yaml"] = fmt.Sprintf(jobTemplate, "post-install", "")
	spec := s.spec(c)
	failing := func(with string) helm.Spec {
		out := spec
		out.Values = map[string]any{"behaviour": "pending", "deadline": 1, with: true}
		return out
	}
	if _, err := s.Install(t.Context(), failing("one")); err == nil {
		t.Fatal("the failure is lost")
	}
	s.live(s.ref("v1", "ConfigMap", "one"))
	if got := s.apply(spec); !strings.Contains(got.Healed, "; removed what it had left behind: ConfigMap one") {
		t.Errorf("healed %q", got.Healed)
	}
	if !s.gone(s.ref("v1", "ConfigMap", "one")) {
		t.Error("what the failed installation made is still there")
	}
	if _, err := s.Upgrade(t.Context(), failing("two")); err == nil {
		t.Fatal("the failure is lost")
	}
	taken := s.live(s.ref("v1", "ConfigMap", "two"))
	if _, err := s.kube.Patch(t.Context(), object.RefOf(taken), kube.MergePatch, []byte(`{"metadata":{"annotations":{"meta.helm.sh/release-name":"other"}}}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Upgrade(t.Context(), failing("one")); err == nil {
		t.Fatal("the failure is lost")
	}
	s.apply(spec)
	if !s.gone(s.ref("v1", "ConfigMap", "one")) {
		t.Error("what the failed upgrade made is still there")
	}
	s.live(s.ref("v1", "ConfigMap", "two"))
	s.live(s.ref("v1", "ConfigMap", "rel"))
}
