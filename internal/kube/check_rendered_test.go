package kube_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

const mapsPath = "GET /api/v1/namespaces/demo/configmaps/"

var runs = kube.Rendered{Source: object.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "demo", Name: "asks"}, Path: "spec.config", Entry: "app.yaml", Added: []string{"min_version"}}

// asking is the object that asks for a configuration; any kind will do.
func asking(t *testing.T, config any) object.Object {
	t.Helper()
	o := object.New(runs.Source)
	object.Set(o, config, "spec", "config")
	return o
}

func document(t *testing.T, text string) map[string]any {
	t.Helper()
	m := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// mounting is a Deployment whose pods mount a ConfigMap behind one that has nothing to say.
func mounting(name, sum string) object.Object {
	o := object.New(web)
	object.Set(o, []any{
		object.Object{"name": "certs", "secret": object.Object{"secretName": "s"}},
		object.Object{"name": "other", "configMap": object.Object{"name": "other", "items": []any{object.Object{"key": "b.yaml", "path": "b"}}}},
		object.Object{"name": "config", "configMap": object.Object{"name": name}},
	}, "spec", "template", "spec", "volumes")
	if sum != "" {
		object.Set(o, sum, "spec", "template", "metadata", "annotations", "x/sum")
	}
	return o
}

func rendering(name, text string) object.Object {
	o := configMap(name)
	object.Set(o, text, "data", "app.yaml")
	return o
}

func TestWait_RunsConfig(t *testing.T) {
	t.Parallel()
	const text = "a: {level: 1}\nlist: [x, y]\n"
	sum := sha256.Sum256([]byte(text))
	hexed := hex.EncodeToString(sum[:])
	cases := map[string]struct {
		asked    any
		name     string
		rendered string
		sum      string
		change   func(*kube.Rendered)
		// says is empty when the check holds.
		says string
	}{
		"the same":                   {asked: document(t, text), rendered: "list:\n- x\n- y\na:\n  level: 1.0\n"},
		"a text, the same":           {asked: text, rendered: text},
		"a text, written otherwise":  {asked: text, rendered: "list: [x, y]\na: {level: 1}\n"},
		"nothing is as good as none": {asked: document(t, "a: {level: 1, more: {}}"), rendered: "a: {level: 1}\nb: null\n"},
		"what may be added":          {asked: document(t, "a: {level: 1}"), rendered: "a: {level: 1, min_version: '1.2'}"},
		"read by another dialect":    {asked: map[string]any{"a": "on", "b": "0755"}, rendered: "a: on\nb: 0755\n"},
		"older value":                {asked: document(t, text), rendered: "a: {level: 2}\nlist: [x, y]\n", says: "its pods are still made with ConfigMap app, in which a.level is not what Deployment demo/asks says"},
		"one more":                   {asked: document(t, "a: {level: 1}"), rendered: "a: {level: 1, token: canary}", says: "in which a.token is not"},
		"one less":                   {asked: document(t, text), rendered: "a: {level: 1}", says: "in which list is not"},
		"another element":            {asked: document(t, text), rendered: "a: {level: 1}\nlist: [x, z]", says: "in which list.1 is not"},
		"no mapping any more":        {asked: document(t, text), rendered: "a: 1\nlist: [x, y]", says: "in which a is not"},
		"not YAML":                   {asked: document(t, text), rendered: "a: [", says: "app.yaml cannot be read"},
		"a wanted text that is none": {asked: "a: [", rendered: "a: 1", says: "what is wanted cannot be read"},
		"fields alone": {
			asked: document(t, "a: {level: 1}\nb: 2\nnew: 3"), rendered: "a: {level: 1}\nb: 3\nc: 4",
			change: func(r *kube.Rendered) { r.Fields = []string{"a.level", "gone.field"} },
		},
		"a field that is old": {
			asked: document(t, "a: {level: 1}"), rendered: "a: {level: 2}",
			change: func(r *kube.Rendered) { r.Fields = []string{"a.level"} }, says: "in which a.level is not",
		},
		"the sum of the text":         {asked: text, rendered: "of: another", sum: hexed, change: summed},
		"the sum of an older text":    {asked: text, rendered: text, sum: strings.Repeat("0", 64), change: summed, says: "still have the annotation x/sum of an older configuration"},
		"no sum at all":               {asked: text, rendered: "of: another", change: summed},
		"a sum that names the map":    {asked: text, name: "app-0a1b2c3d", rendered: text, sum: "0a1b2c3d" + strings.Repeat("0", 56), change: summed},
		"such a map, of older times":  {asked: text, name: "app-0a1b2c3d", rendered: "a: 2", sum: "0a1b2c3d" + strings.Repeat("0", 56), change: summed, says: "ConfigMap app-0a1b2c3d, in which a is not"},
		"a map without the entry":     {asked: text, rendered: "", change: func(r *kube.Rendered) { r.Entry = "else.yaml" }, says: "its pods mount no ConfigMap with else.yaml"},
		"an object, whatever the sum": {asked: document(t, text), rendered: text, sum: "1", change: summed},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t)
			if c.name == "" {
				c.name = "app"
			}
			s.on("GET "+webPath, answer(mounting(c.name, c.sum)))
			s.on("GET "+strings.Replace(webPath, "web", "asks", 1), answer(asking(t, c.asked)))
			s.on(mapsPath+c.name, answer(rendering(c.name, c.rendered)))
			r := runs
			if c.change != nil {
				c.change(&r)
			}
			explained(s)
			err := s.client().Wait(t.Context(), []kube.Condition{{Ref: web, Check: kube.Check{Kind: kube.RunsConfig, Rendered: &r}}}, kube.WaitOptions{Timeout: 300 * time.Millisecond})
			switch {
			case c.says == "" && err != nil:
				t.Error(err)
			case c.says != "" && (!fault.Is(err, fault.Timeout) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "canary")):
				t.Errorf("kind %q of %v", fault.KindOf(err), err)
			}
		})
	}
}

func summed(r *kube.Rendered) { r.Sum = "x/sum" }

// explained lets a report find nothing.
func explained(s *stub) {
	s.on("GET /api/v1/namespaces/demo/pods", list())
	s.on("GET /apis/apps/v1/namespaces/demo/replicasets", list())
	s.on("GET /api/v1/namespaces/demo/events", list())
}

func TestWait_RunsConfigWaitsForWhatIsNotThereYet(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	gone := fails(404, "NotFound", "not found")
	s.on("GET "+webPath, inTurn(gone, answer(mounting("app", ""))))
	s.on("GET "+strings.Replace(webPath, "web", "asks", 1), inTurn(gone, answer(asking(t, "a: 1"))))
	s.on(mapsPath+"app", inTurn(gone, answer(rendering("app", "a: 0")), answer(rendering("app", "a: 1"))))
	var seen []string
	err := s.client().Wait(t.Context(), []kube.Condition{{Name: "it runs", Ref: web, Check: kube.Check{Kind: kube.RunsConfig, Rendered: &runs}}},
		kube.WaitOptions{Timeout: 20 * time.Second, OnPending: func(text string) { seen = append(seen, text) }})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"it runs: it does not exist", "it runs: Deployment demo/asks does not exist yet", "it runs: ConfigMap app, which its pods mount, does not exist",
		"it runs: its pods are still made with ConfigMap app, in which a is not what Deployment demo/asks says",
	}
	if got := strings.Join(seen, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("seen\n%s", got)
	}
}

func TestWait_RunsConfigRepeatsWhatTheSourceSays(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	asks := asking(t, "a: 1")
	object.Set(asks, []any{object.Object{"type": "Failure", "status": "True", "reason": "Failed", "message": "no such key"}}, "status", "conditions")
	s.on("GET "+webPath, answer(mounting("app", "")))
	s.on("GET "+strings.Replace(webPath, "web", "asks", 1), answer(asks))
	s.on(mapsPath+"app", answer(rendering("app", "a: 0")))
	explained(s)
	err := s.client().Wait(t.Context(), []kube.Condition{{Ref: web, Check: kube.Check{Kind: kube.RunsConfig, Rendered: &runs}}}, kube.WaitOptions{Timeout: 300 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "its condition Failure=True: Failed: no such key") {
		t.Errorf("got %v", err)
	}
}

func TestWait_RunsConfigNeedsAConfiguration(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.on("GET "+webPath, answer(mounting("app", "")))
	err := s.client().Wait(t.Context(), []kube.Condition{{Ref: web, Check: kube.Check{Kind: kube.RunsConfig}}}, kube.WaitOptions{Timeout: 5 * time.Second})
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
}
