package cluster

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func parse(t *testing.T, text string) object.Object {
	t.Helper()
	var o object.Object
	if err := yaml.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

const deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: demo}\n"

func TestCompare(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		want, live string
		found      []string
	}{
		"equal":                     {"spec: {replicas: 1}", "spec: {replicas: 1}", nil},
		"a field that others added": {"spec: {replicas: 1}", "spec: {replicas: 1, paused: true}\nstatus: {replicas: 1}", nil},
		"status does not count":     {"status: {replicas: 1}", "status: {replicas: 2}", nil},
		"changed":                   {"spec: {replicas: 1}", "spec: {replicas: 3}", []string{"spec.replicas: want 1, live 3"}},
		"removed":                   {"spec: {replicas: 1}", "spec: {}", []string{"spec.replicas: want 1, live nothing"}},
		"zero is as good as absent": {"spec: {replicas: 0}", "spec: {}", nil},
		"false against true":        {"spec: {paused: false}", "spec: {paused: true}", []string{"spec.paused: want false, live true"}},
		"empty map":                 {"spec: {a: {}}", "spec: {}", nil},
		"empty map, filled in":      {"spec: {a: {}}", "spec: {a: {b: c}}", nil},
		"empty list":                {"spec: {a: []}", "spec: {}", nil},
		"empty list, filled":        {"spec: {a: []}", "spec: {a: [x]}", []string{`spec.a: want [], live ["x"]`}},
		"emptied text":              {"spec: {a: ''}", "spec: {a: x}", []string{`spec.a: want "", live "x"`}},
		"null means no opinion":     {"spec: {a: null}", "spec: {a: x}", nil},
		"float and integer":         {"spec: {a: 1.0}", "spec: {a: 1}", nil},
		"quantities": {
			"spec: {resources: {limits: {cpu: 1000m, memory: 1024Mi}}}", "spec: {resources: {limits: {cpu: '1', memory: 1Gi}}}", nil,
		},
		"other quantities": {
			"spec: {resources: {limits: {cpu: 1000m}}}", "spec: {resources: {limits: {cpu: '2'}}}", []string{`spec.resources.limits.cpu: want "1000m", live "2"`},
		},
		"no quantity outside of quantities": {"spec: {command: 1000m}", "spec: {command: '1'}", []string{`spec.command: want "1000m", live "1"`}},
		"list by name, reordered": {
			"spec: {c: [{name: a, image: x}, {name: b, image: y}]}", "spec: {c: [{name: b, image: y}, {name: a, image: x}]}", nil,
		},
		"list by name, changed": {
			"spec: {c: [{name: a, image: x}]}", "spec: {c: [{name: a, image: z}]}", []string{`spec.c[a].image: want "x", live "z"`},
		},
		"list by name, added": {
			"spec: {c: [{name: a}]}", "spec: {c: [{name: a}, {name: b}]}", []string{`spec.c[b]: want nothing, live {"name":"b"}`},
		},
		"list by name, lost": {
			"spec: {c: [{name: a, image: x}]}", "spec: {c: [{name: b}]}",
			[]string{`spec.c[a]: want {"image":"x","name":"a"}, live nothing`, `spec.c[b]: want nothing, live {"name":"b"}`},
		},
		"list by place":         {"spec: {args: [a, b]}", "spec: {args: [a, c]}", []string{`spec.args[1]: want "b", live "c"`}},
		"list of other length":  {"spec: {args: [a]}", "spec: {args: [a, b]}", []string{`spec.args: want ["a"], live ["a","b"]`}},
		"labels of others":      {"metadata: {labels: {a: b}}", "metadata: {labels: {a: b, c: d}}", nil},
		"label changed":         {"metadata: {labels: {a: b}}", "metadata: {labels: {a: c}}", []string{`metadata.labels.a: want "b", live "c"`}},
		"another kind of value": {"spec: {a: {b: c}}", "spec: {a: x}", []string{`spec.a: want {"b":"c"}, live "x"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, live := parse(t, deployment+c.want), parse(t, deployment+c.live)
			for side, o := range map[string]object.Object{c.want: want, c.live: live} {
				if strings.HasPrefix(side, "metadata") {
					copied := parse(t, side)
					labels := object.Map(copied, "metadata", "labels")
					delete(o, "metadata")
					for k, v := range parse(t, deployment) {
						o[k] = v
					}
					object.Set(o, labels, "metadata", "labels")
				}
			}
			var found []string
			for _, d := range Compare(want, live) {
				found = append(found, strings.TrimPrefix(d.String(), "Deployment demo/web "))
			}
			if diff := cmp.Diff(c.found, found); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCompare_ShowsNoSecrets(t *testing.T) {
	t.Parallel()
	const head = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: demo}\n"
	for name, c := range map[string]struct {
		want, live string
		found      []string
	}{
		"data":              {"data: {a: Z2VoZWlt}", "data: {a: YW5kZXJz}", []string{"Secret demo/s data.a: differs"}},
		"stringData":        {"stringData: {a: geheim}", "data: {a: YW5kZXJz}", []string{"Secret demo/s data.a: differs"}},
		"stringData, equal": {"stringData: {a: geheim}", "data: {a: Z2VoZWlt}", nil},
		"lost":              {"data: {a: Z2VoZWlt}", "data: {}", []string{"Secret demo/s data.a: differs"}},
		"type":              {"type: Opaque", "type: tls", []string{`Secret demo/s type: want "Opaque", live "tls"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var found []string
			for _, d := range Compare(parse(t, head+c.want), parse(t, head+c.live)) {
				found = append(found, d.String())
			}
			if diff := cmp.Diff(c.found, found); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestManagerOf_NamesTheLastOneBesideUs(t *testing.T) {
	t.Parallel()
	live := parse(t, deployment+`
spec: {replicas: 3, template: {spec: {containers: [{name: web, image: x}]}}}
`)
	object.Set(live, []any{
		parse(t, `{manager: helm, time: "2026-01-05T00:00:00Z", fieldsV1: {"f:spec": {"f:replicas": {}}}}`),
		parse(t, `{manager: kubectl-edit, time: "2026-01-02T00:00:00Z", fieldsV1: {"f:spec": {"f:replicas": {}}}}`),
		parse(t, `{manager: kubectl-scale, time: "2026-01-03T00:00:00Z", fieldsV1: {"f:spec": {"f:replicas": {}}}}`),
		parse(t, `{manager: setter, time: "2026-01-04T00:00:00Z", fieldsV1: {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"web"}': {"f:image": {}}}}}}}}`),
	}, "metadata", "managedFields")
	for name, c := range map[string]struct {
		path []string
		want string
	}{
		"a field":               {[]string{"spec", "replicas"}, "kubectl-scale"},
		"an element of a list":  {[]string{"spec", "template", "spec", "containers", "[web]", "image"}, "setter"},
		"another element":       {[]string{"spec", "template", "spec", "containers", "[x]", "image"}, ""},
		"a field of nobody":     {[]string{"spec", "paused"}, ""},
		"only some of its path": {[]string{"metadata", "labels"}, ""},
	} {
		if got := managerOf(live, c.path); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestIgnored(t *testing.T) {
	t.Parallel()
	s := &scan{rules: append([]component.IgnoreRule{
		{Group: "apps", Kind: "Deployment", Namespace: "demo", Name: "web-*", Path: "spec.template.spec.containers[*].image", Reason: "an updater"},
	}, everywhere...)}
	s.wanted = []object.Object{parse(t, "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web, namespace: demo}\nspec: {scaleTargetRef: {kind: Deployment, name: web-1}}")}
	webhook := object.Ref{APIVersion: "admissionregistration.k8s.io/v1", Kind: "ValidatingWebhookConfiguration", Name: "v"}
	web := object.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "demo", Name: "web-1"}
	other := object.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "demo", Name: "other"}
	for name, c := range map[string]struct {
		ref  object.Ref
		path string
		want bool
	}{
		"CA of a webhook":              {webhook, "webhooks[v.example].clientConfig.caBundle", true},
		"policy of a webhook":          {webhook, "webhooks[v.example].failurePolicy", false},
		"a rule":                       {web, "spec.template.spec.containers[web].image", true},
		"a rule's neighbour":           {web, "spec.template.spec.containers[web].imagePullPolicy", false},
		"another object":               {other, "spec.template.spec.containers[web].image", false},
		"replicas with an autoscaler":  {web, "spec.replicas", true},
		"replicas without one":         {other, "spec.replicas", false},
		"the deployment's own counter": {other, "metadata.annotations.deployment.kubernetes.io/revision", true},
	} {
		if got := s.ignored(Difference{Ref: c.ref, Path: c.path}); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestDigest_CoversSecretsByTheirKeys(t *testing.T) {
	t.Parallel()
	const head = "apiVersion: v1\nmetadata: {name: s}\n"
	digests := func(kind, data string) string { return digest(parse(t, head+"kind: "+kind+"\n"+data)) }
	if digests("Secret", "data: {a: eA==}") != digests("Secret", "data: {a: eQ==}") {
		t.Error("the digest of a Secret tells of its values")
	}
	if digests("Secret", "data: {a: eA==}") == digests("Secret", "data: {b: eA==}") {
		t.Error("the digest of a Secret misses its keys")
	}
	if digests("ConfigMap", "data: {a: x}") == digests("ConfigMap", "data: {a: y}") {
		t.Error("the digest of a ConfigMap misses its values")
	}
	if got := digests("ConfigMap", "data: {a: x}"); len(got) != 12 {
		t.Errorf("digest %q", got)
	}
}

func TestTextAt(t *testing.T) {
	t.Parallel()
	o := parse(t, "status: {ingress: [{ip: 10.0.0.1}], count: 3, ready: true, empty: null}")
	for path, want := range map[string]string{
		"status.ingress.0.ip": "10.0.0.1", "status.count": "3", "status.ready": "true", "status.ingress": "", "status.ingress.1.ip": "",
		"status.ingress.x": "", "status.empty": "", "status.count.x": "", "nowhere": "",
	} {
		if got := textAt(o, path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
