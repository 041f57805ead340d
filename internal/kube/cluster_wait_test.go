package kube_test

import (
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
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
	// The simulated node has no kubelet: the forward gets as far as the node and says so.
	_, err = s.client.PortForward(t.Context(), kube.ForwardOptions{Ref: s.ref("v1", "Service", "web"), Port: "8080"})
	s.fails(err, fault.Unreachable, "forwarding port 8080 of Service NAMESPACE/web: ", "dialing backend")
	_, err = s.client.PortForward(t.Context(), kube.ForwardOptions{Ref: s.ref("v1", "Service", "web"), Port: "81"})
	s.fails(err, fault.NotFound, "the service has no port 81")
}

func timeoutTells(t *testing.T, s *site) {
	s.apply("apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: none, namespace: NAMESPACE}\nspec: {hard: {pods: 0}}")
	s.apply(webForm)
	err := s.client.Wait(t.Context(), []kube.Condition{
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
