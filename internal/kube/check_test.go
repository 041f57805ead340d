package kube

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func parse(t *testing.T, text string) object.Object {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	o := object.Object{}
	if err := json.Unmarshal(data, &o); err != nil { // as the dynamic client decodes: whole numbers are int64
		t.Fatal(err)
	}
	return o
}

const rolledOut = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: demo, generation: 2}
spec: {replicas: 2, progressDeadlineSeconds: 600}
status:
  observedGeneration: 2
  replicas: 2
  updatedReplicas: 2
  readyReplicas: 2
  availableReplicas: 2
  conditions:
  - {type: Available, status: "True"}
  - {type: Progressing, status: "True", reason: NewReplicaSetAvailable}
`

func TestEvaluate(t *testing.T) {
	t.Parallel()
	change := func(from, to string) string { return strings.ReplaceAll(rolledOut, from, to) }
	job := "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nstatus: {startTime: '2026-01-01T00:00:00Z', active: 1, conditions: [%s]}"
	cases := map[string]struct {
		check  Check
		object string
		// seen is empty when the check holds; failed tells that the object says that it failed.
		seen   string
		failed bool
	}{
		"exists":                      {Check{Kind: Exists}, "kind: X", "", false},
		"available":                   {Check{Kind: Available}, rolledOut, "", false},
		"current":                     {Check{Kind: Current}, rolledOut, "", false},
		"available, old generation":   {Check{Kind: Available}, change("generation: 2}", "generation: 3}"), "generation 3 is not observed yet", false},
		"available, old replicas":     {Check{Kind: Available}, change("updatedReplicas: 2", "updatedReplicas: 1"), "1 of 2 replicas are of the new revision", false},
		"available, none yet":         {Check{Kind: Available}, "kind: Deployment\nmetadata: {generation: 1}", "it has no condition Available yet", false},
		"not available":               {Check{Kind: Available}, change(`type: Available, status: "True"`, `type: Available, status: "False", reason: MinimumReplicasUnavailable`), "condition Available=False: MinimumReplicasUnavailable; 2 of 2 replicas available", false},
		"no progress":                 {Check{Kind: Available}, change(`status: "True", reason: NewReplicaSetAvailable`, `status: "False", reason: ProgressDeadlineExceeded`), "no progress: Progressing=False: ProgressDeadlineExceeded", true},
		"no progress of old spec":     {Check{Kind: Available}, strings.ReplaceAll(change(`status: "True", reason: NewReplicaSetAvailable`, `status: "False", reason: ProgressDeadlineExceeded`), "generation: 2}", "generation: 3}"), "generation 3 is not observed yet", false},
		"current, too few":            {Check{Kind: Current}, change("availableReplicas: 2", "availableReplicas: 1"), "Available: 1/2", false},
		"job runs":                    {Check{Kind: Current}, strings.ReplaceAll(job, "%s", ""), "Job in progress. success:0, active: 1, failed: 0", false},
		"job complete":                {Check{Kind: Current}, strings.ReplaceAll(job, "%s", "{type: Complete, status: 'True'}"), "", false},
		"job failed":                  {Check{Kind: Current}, strings.ReplaceAll(job, "%s", "{type: Failed, status: 'True', reason: BackoffLimitExceeded}"), "the job failed: Failed=True: BackoffLimitExceeded", true},
		"pod failed":                  {Check{Kind: Current}, "apiVersion: v1\nkind: Pod\nstatus: {phase: Failed, reason: Evicted}", "the pod failed: Evicted", true},
		"stalled":                     {Check{Kind: Current}, "apiVersion: x/v1\nkind: X\nstatus: {conditions: [{type: Stalled, status: 'True', reason: Bad}]}", "stalled: Stalled=True: Bad", true},
		"condition":                   {Check{Kind: ConditionTrue, Type: "Ready"}, "kind: X\nstatus: {conditions: [{type: Ready, status: 'True'}]}", "", false},
		"condition false":             {Check{Kind: ConditionTrue, Type: "Ready"}, "kind: X\nstatus: {conditions: [{type: Ready, status: 'False', reason: Pending, message: soon}]}", "condition Ready=False: Pending: soon", false},
		"condition of old generation": {Check{Kind: ConditionTrue, Type: "Ready"}, "kind: X\nmetadata: {generation: 2}\nstatus: {conditions: [{type: Ready, status: 'True', observedGeneration: 1}]}", "condition Ready is of an older generation", false},
		"field equals":                {Check{Kind: FieldEquals, Path: "status.size", Value: "3"}, "status: {size: 3}", "", false},
		"field differs":               {Check{Kind: FieldEquals, Path: "status.size", Value: "3"}, "status: {size: 4}", "status.size is 4, want 3", false},
		"field missing":               {Check{Kind: FieldEquals, Path: "status.size", Value: "3"}, "status: {}", "status.size is not set, want 3", false},
		"field of a secret":           {Check{Kind: FieldEquals, Path: "data.size", Value: "3"}, "kind: Secret\ndata: {size: canary}", "data.size has another value", false},
		"field set":                   {Check{Kind: FieldNonEmpty, Path: "status.ingress"}, "status: {ingress: [{ip: 1.2.3.4}]}", "", false},
		"field empty":                 {Check{Kind: FieldNonEmpty, Path: "status.ingress"}, "status: {ingress: []}", "status.ingress is not set", false},
		"every element":               {Check{Kind: FieldNonEmpty, Path: "webhooks[*].ca"}, "webhooks: [{ca: a}, {ca: ''}]", "webhooks[*].ca is not set", false},
		"no elements":                 {Check{Kind: FieldNonEmpty, Path: "webhooks[*].ca"}, "webhooks: []", "webhooks[*].ca has no elements", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := evaluate(c.check, parse(t, c.object))
			if err != nil {
				t.Fatal(err)
			}
			if v.met != (c.seen == "") || !strings.Contains(v.seen, c.seen) || (v.failed != nil) != c.failed {
				t.Errorf("met %v, failed %v, seen %q", v.met, v.failed, v.seen)
			}
		})
	}
}

func TestEvaluate_RefusesChecksThatMeanNothing(t *testing.T) {
	t.Parallel()
	for _, check := range []Check{{}, {Kind: FieldNonEmpty}, {Kind: FieldEquals, Path: "a..b"}, {Kind: FieldEquals, Path: "a[0"}} {
		if _, err := evaluate(check, object.Object{}); err == nil {
			t.Errorf("check %+v is accepted", check)
		}
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	o := parse(t, `{a: {b.c: 1, "7": 2}, list: [{x: 3}, {x: 4}]}`)
	cases := map[string][]any{
		`a["b.c"]`:  {int64(1)},
		`a.7`:       {int64(2)},
		`list.0.x`:  {int64(3)},
		`list[1].x`: {int64(4)},
		`list[*].x`: {int64(3), int64(4)},
		`list.2.x`:  {nil},
		`a.none.x`:  {nil},
	}
	for path, want := range cases {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			parsed, err := parsePath(path)
			if err != nil {
				t.Fatal(err)
			}
			if got := lookup(o, parsed); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestFailingContainers(t *testing.T) {
	t.Parallel()
	pod := parse(t, `
status:
  initContainerStatuses:
  - {name: setup, state: {terminated: {exitCode: 0}}}
  containerStatuses:
  - {name: fine, ready: true, state: {running: {}}}
  - {name: starting, state: {waiting: {reason: ContainerCreating}}}
  - {name: missing, state: {waiting: {reason: ImagePullBackOff, message: no such image}}}
  - {name: crashing, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1}}}
  - {name: ended, state: {terminated: {exitCode: 2, reason: Error}}}
  - {name: slow, ready: false, restartCount: 3, state: {running: {}}}
`)
	want := []failing{
		{name: "missing", why: "ImagePullBackOff: no such image"},
		{name: "crashing", why: "CrashLoopBackOff", ran: true, previous: true},
		{name: "ended", why: "ended with exit code 2 (Error)", ran: true},
		{name: "slow", why: "running, but not ready after 3 restarts", ran: true},
	}
	if got := failingContainers(pod); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
}
