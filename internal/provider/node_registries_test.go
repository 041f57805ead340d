package provider_test

import (
	"strings"
	"testing"
)

func TestNode_PlansTheImageMirror(t *testing.T) {
	t.Parallel()
	own := attrs{"mirrors": attrs{"quay.io": attrs{"endpoint": []any{"https://own.example"}}}}
	for name, c := range map[string]struct {
		images, config     attrs
		system, registries string
	}{
		"no mirror":     {nil, nil, "", ""},
		"a mirror":      {attrs{"registry": "m.example:5000"}, nil, "m.example:5000", "docker.io={endpoint=[https://m.example:5000] rewrite=}"},
		"below a path":  {attrs{"registry": "m.example/lab"}, nil, "", "quay.io={endpoint=[https://m.example] rewrite={^(.*)$=lab/$1}}"},
		"an exception":  {attrs{"registry": "m.example", "exceptions": attrs{"quay.io": "o.example"}}, nil, "m.example", "quay.io={endpoint=[https://o.example]"},
		"the user's":    {attrs{"registry": "m.example"}, attrs{"registries": own, "system_default_registry": "s.example"}, "s.example", "{configs= mirrors={quay.io={endpoint=[https://own.example] rewrite=}}}"},
		"in the config": {attrs{"registry": "m.example"}, attrs{"config": "system-default-registry: c.example"}, "", "docker.io="},
		"of an agent":   {attrs{"registry": "m.example"}, attrs{"role": "agent", "join": attrs{"host": "b", "uid": "uid-b-1"}}, "", "docker.io="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.withHost("a")
			w.withHost("b")
			w.engines["b"] = newEngine(t, "uid-b-1")
			config := attrs{"host": "a"}
			for k, v := range c.config {
				config[k] = v
			}
			lab := newCore(t, w, attrs{"images": c.images})
			if c.images == nil {
				lab = newCore(t, w, nil)
			}
			p := lab.plan(nodeType, nil, config)
			if p.errors != "" {
				t.Fatal(p.errors)
			}
			if got := textOf(t, p.value, "system_default_registry"); got != c.system {
				t.Errorf("the system default registry is %q", got)
			}
			if got := textOf(t, p.value, "registries"); !strings.Contains(got, c.registries) || (c.registries == "") != (got == "") {
				t.Errorf("the registries are %s", got)
			}
			s := must2(t)(lab.apply(nodeType, nil, config))
			if node := w.machines["a"].node; node.SystemDefaultRegistry != c.system || (node.Registries == nil) != (c.registries == "") {
				t.Errorf("installed with %q, %+v", node.SystemDefaultRegistry, node.Registries)
			}
			if p := lab.plan(nodeType, s, config); p.action != "nothing" {
				t.Errorf("the second plan has action %q: %s", p.action, p.errors)
			}
		})
	}
}

// A mirror that comes later is a change of the node, and one that a plan shows.
func TestNode_PlansAMirrorThatComesLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withHost("a")
	s := must2(t)(newCore(t, w, nil).apply(nodeType, nil, attrs{"host": "a"}))
	p := newCore(t, w, attrs{"images": attrs{"registry": "m.example"}}).plan(nodeType, s, attrs{"host": "a"})
	if p.action != "update" || textOf(t, p.value, "system_default_registry") != "m.example" || textOf(t, p.value, "cluster.uid") != "uid-a-1" {
		t.Errorf("action %q, %s", p.action, textOf(t, p.value, "system_default_registry"))
	}
	// While the mirror is not known nothing is said about it.
	if p := newCore(t, w, attrs{"images": attrs{"registry": unknown{}}}).plan(nodeType, s, attrs{"host": "a"}); p.action != "nothing" {
		t.Errorf("action %q while the mirror is not known", p.action)
	}
}
