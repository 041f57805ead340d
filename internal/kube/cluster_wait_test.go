package kube_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

const webForm = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: NAMESPACE}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: registry.test/web:1, ports: [{name: http, containerPort: 80}]}]}
`

const serviceForm = `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: NAMESPACE}
spec: {selector: {app: web}, ports: [{name: web, port: 8080, targetPort: http}]}
`

func deploymentBecomesAvailable(t *testing.T, s *site) {
	s.apply(webForm)
	s.apply(serviceForm)
	web := s.ref("apps/v1", "Deployment", "web")
	err := s.client.Wait(t.Context(), []kube.Condition{
		{Name: "web is available", Ref: web, Check: kube.Check{Kind: kube.Available}},
		{Name: "web is current", Ref: web, Check: kube.Check{Kind: kube.Current}},
		{Name: "one replica", Ref: web, Check: kube.Check{Kind: kube.FieldEquals, Path: "status.readyReplicas", Value: "1"}},
		{Name: "web has endpoints", Ref: s.ref("v1", "Service", "web"), Check: kube.Check{Kind: kube.EndpointsReady}},
	}, kube.WaitOptions{Timeout: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	// The pods behind an updated Deployment are new ones; the old are waited out.
	s.apply(strings.ReplaceAll(webForm, "web:1", "web:2"))
	if err := s.client.Wait(t.Context(), []kube.Condition{{Ref: web, Check: kube.Check{Kind: kube.Available}}}, kube.WaitOptions{Timeout: 30 * time.Second}); err != nil {
		t.Fatal(err)
	}
	live, err := s.client.Get(t.Context(), web)
	if err != nil {
		t.Fatal(err)
	}
	if status := object.Map(live, "status"); status["replicas"] != int64(1) || status["updatedReplicas"] != int64(1) {
		t.Errorf("status %v", status)
	}
}

func crashingPodIsExplained(t *testing.T, s *site) {
	s.apply(strings.Replace(webForm, "labels: {app: web}}\n", "labels: {app: web}, annotations: {lab.test/behaviour: crash, lab.test/log: 'opening the database\n\npanic: no database'}}\n", 1))
	err := s.client.Wait(t.Context(), []kube.Condition{
		{Name: "web is available", Ref: s.ref("apps/v1", "Deployment", "web"), Check: kube.Check{Kind: kube.Available}},
	}, kube.WaitOptions{Timeout: 6 * time.Second})
	s.fails(err, fault.Timeout, "- web is available: condition Available=False", "    container web of Pod NAMESPACE/web-", "CrashLoopBackOff",
		"      | opening the database", "      | panic: no database")
}

func imageThatCannotBePulledIsExplained(t *testing.T, s *site) {
	s.apply(strings.Replace(webForm, "labels: {app: web}}\n", "labels: {app: web}, annotations: {lab.test/behaviour: pull-error}}\n", 1))
	err := s.client.Wait(t.Context(), []kube.Condition{
		{Name: "web is available", Ref: s.ref("apps/v1", "Deployment", "web"), Check: kube.Check{Kind: kube.Available}},
	}, kube.WaitOptions{Timeout: 6 * time.Second})
	s.fails(err, fault.Timeout, "    warning: Pod NAMESPACE/web-", "Failed to pull image", "    container web of Pod NAMESPACE/web-", "ImagePullBackOff: ")
}

func deploymentWithoutProgressEndsWait(t *testing.T, s *site) {
	form := strings.Replace(webForm, "labels: {app: web}}\n", "labels: {app: web}, annotations: {lab.test/behaviour: not-ready}}\n", 1)
	s.apply(strings.Replace(form, "spec:\n", "spec:\n  progressDeadlineSeconds: 2\n", 1))
	available := []kube.Condition{{Name: "web is available", Ref: s.ref("apps/v1", "Deployment", "web"), Check: kube.Check{Kind: kube.Available}}}
	err := s.client.Wait(t.Context(), available, kube.WaitOptions{Timeout: time.Minute})
	s.fails(err, fault.Invalid, "waiting for web is available: no progress: Progressing=False: ProgressDeadlineExceeded", "    container web of Pod NAMESPACE/web-", "running, but not ready")
	// The same failure, seen again later, may be about to be overcome.
	err = s.client.Wait(t.Context(), available, kube.WaitOptions{Timeout: 2 * time.Second})
	s.fails(err, fault.Timeout, "no progress")
	s.apply(webForm)
	if err := s.client.Wait(t.Context(), available, kube.WaitOptions{Timeout: 30 * time.Second}); err != nil {
		t.Error(err)
	}
}

func timeoutTells(t *testing.T, s *site) {
	s.apply("apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: none, namespace: NAMESPACE}\nspec: {hard: {pods: 0}}")
	// a quota holds once its controller has counted
	err := s.client.Wait(t.Context(), []kube.Condition{
		{Name: "quota is counted", Ref: s.ref("v1", "ResourceQuota", "none"), Check: kube.Check{Kind: kube.FieldNonEmpty, Path: "status.hard.pods"}},
	}, kube.WaitOptions{Timeout: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	s.apply(webForm)
	err = s.client.Wait(t.Context(), []kube.Condition{
		{Name: "web is available", Ref: s.ref("apps/v1", "Deployment", "web"), Check: kube.Check{Kind: kube.Available}},
		{Name: "settings are there", Ref: s.ref("v1", "ConfigMap", "settings"), Check: kube.Check{Kind: kube.Exists}},
		{Name: "widget is there", Ref: s.ref("none.example.com/v1", "Widget", "w"), Check: kube.Check{Kind: kube.Exists}},
	}, kube.WaitOptions{Timeout: 4 * time.Second})
	s.fails(err, fault.Timeout,
		"waiting for web is available, settings are there, widget is there: gave up after 4s",
		"- web is available: condition Available=False: MinimumReplicasUnavailable",
		"    warning: ReplicaSet NAMESPACE/web-", "FailedCreate", "exceeded quota",
		"- settings are there: it does not exist",
		"- widget is there: the cluster has no kind Widget")
}

func unscheduledPodIsExplained(t *testing.T, s *site) {
	s.apply(strings.Replace(webForm, "{containers:", "{nodeSelector: {no: such-node}, containers:", 1))
	err := s.client.Wait(t.Context(), []kube.Condition{
		{Name: "web is current", Ref: s.ref("apps/v1", "Deployment", "web"), Check: kube.Check{Kind: kube.Current}},
	}, kube.WaitOptions{Timeout: 4 * time.Second})
	s.fails(err, fault.Timeout, "- web is current: Available: 0/1", "FailedScheduling", "    Pod NAMESPACE/web-", "has no node: 0/1 nodes are available")
}

func failedJobEndsWait(t *testing.T, s *site) {
	s.apply(`
apiVersion: batch/v1
kind: Job
metadata: {name: doomed, namespace: NAMESPACE}
spec:
  activeDeadlineSeconds: 1
  template: {spec: {restartPolicy: Never, nodeSelector: {no: such-node}, containers: [{name: c, image: registry.test/c:1}]}}
`)
	started := time.Now()
	err := s.client.Wait(t.Context(), []kube.Condition{
		{Name: "the job is done", Ref: s.ref("batch/v1", "Job", "doomed"), Check: kube.Check{Kind: kube.Current}},
	}, kube.WaitOptions{Timeout: time.Minute})
	s.fails(err, fault.Invalid, "waiting for the job is done: the job failed: Failed=True: DeadlineExceeded")
	if time.Since(started) > 30*time.Second {
		t.Errorf("it took %s", time.Since(started))
	}
}
