package provider_test

import (
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

func TestValues_ThatAreNotYAMLNameTheirPlace(t *testing.T) {
	t.Parallel()
	w, _ := withCluster(t)
	c := newCore(t, w, nil)
	r := c.validate("lab_metallb", attrs{"values": []any{"a: 1", "a: 1\nb: [2\nc: 3"}})
	for _, want := range []string{`AttributeName("values").ElementKeyInt(1)`, "line", "column"} {
		if !strings.Contains(r.errors, want) {
			t.Errorf("%q is missing in %q", want, r.errors)
		}
	}
	r = c.validate("lab_metallb", attrs{"values_wo": "password: [geheim", "values_wo_version": 1})
	if r.errors == "" || strings.Contains(r.errors, "geheim") {
		t.Errorf("errors %q", r.errors)
	}
}

func TestPool_RefusesMalformedAndOverlappingRangesAtPlan(t *testing.T) {
	t.Parallel()
	w, _ := withCluster(t)
	c := newCore(t, w, nil)
	pool := func(name string, ranges ...any) string {
		return c.plan("lab_metallb_pool", nil, attrs{"name": name, "addresses": ranges}).errors
	}
	for _, bad := range []string{"10.0.0.300/24", "10.0.0.9-10.0.0.1", "10.0.0.1-fd00::1", "lab"} {
		if got := pool("bad", bad); !strings.Contains(got, "Invalid address range") || !strings.Contains(got, bad) {
			t.Errorf("%s: errors %q", bad, got)
		}
	}
	if got := pool("a", "10.0.0.0/24"); got != "" {
		t.Error(got)
	}
	if got := pool("a", "10.0.0.0/25"); got != "" {
		t.Errorf("a pool overlaps with itself: %s", got)
	}
	if got := pool("b", "10.0.0.100-10.0.0.200", "10.0.1.0/24"); !strings.Contains(got, "Overlapping pools") && !strings.Contains(got, "10.0.0.0/25") {
		t.Errorf("errors %q", got)
	}
	if got := pool("c", "10.0.0.0/26"); !strings.Contains(got, "Overlapping pools") || !strings.Contains(got, "a") {
		t.Errorf("errors %q", got)
	}
	if got := pool("d", "10.0.9.0/24", unknown{}); got != "" {
		t.Errorf("a range that is not known yet: %s", got)
	}
}

func TestManifest_RefusesWhatIsNoObject(t *testing.T) {
	t.Parallel()
	w, _ := withCluster(t)
	c := newCore(t, w, nil)
	for text, want := range map[string]string{
		"a: [b":       "line 1",
		"kind: Pod\n": "apiVersion",
		"apiVersion: v1\nkind: A\nmetadata: {name: a}\n---\napiVersion: v1\nkind: B\nmetadata: {name: b}": "several documents",
	} {
		if r := c.validate("lab_manifest", attrs{"manifest": text}); !strings.Contains(r.errors, want) {
			t.Errorf("%q: errors %q", text, r.errors)
		}
	}
}

func TestManifest_ThatNamesAnotherObjectIsReplaced(t *testing.T) {
	t.Parallel()
	w, _ := withCluster(t)
	c := newCore(t, w, nil)
	manifest := func(name, value string) attrs {
		return attrs{"manifest": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + ", namespace: d}\ndata: {a: " + value + "}"}
	}
	s := must2(t)(c.apply("lab_manifest", nil, manifest("a", "x")))
	for name, want := range map[string]string{"a": "update", "b": "replace"} {
		if p := c.plan("lab_manifest", s, manifest(name, "y")); p.action != want {
			t.Errorf("%s: action %q", name, p.action)
		}
	}
}

func TestCharts_AreUnlockedByAnotherChartVersionOrRepository(t *testing.T) {
	t.Parallel()
	w, _ := withCluster(t)
	c := newCore(t, w, nil)
	config := everyComponent()["lab_helm_release"]
	s := must2(t)(c.apply("lab_helm_release", nil, config))
	for attribute, value := range map[string]string{"chart": "web2", "chart_version": "2.0.0", "repository": "https://other.example"} {
		changed := attrs{}
		for k, v := range config {
			changed[k] = v
		}
		changed[attribute] = value
		if p := c.plan("lab_helm_release", s, changed); p.action != "update" || textOf(t, p.value, "chart_digests") != "unknown" {
			t.Errorf("%s: action %q, digests %s", attribute, p.action, textOf(t, p.value, "chart_digests"))
		}
		must2(t)(c.apply("lab_helm_release", s, changed))
	}
}

func TestCharts_ANamedRepositoryWinsOverTheMirror(t *testing.T) {
	t.Parallel()
	for repository, direct := range map[string]bool{"": false, "https://charts.example": true} {
		w, e := withCluster(t)
		config := attrs{}
		if repository != "" {
			config["repository"] = repository
		}
		must2(t)(newCore(t, w, attrs{"charts": attrs{"mirror": "https://mirror.example"}}).apply("lab_metallb", nil, config))
		if w.settings.Charts.Mirror != "https://mirror.example" {
			t.Errorf("mirror %q", w.settings.Charts.Mirror)
		}
		if got := e.installed[metallbRelease].Charts[0].Direct; got != direct {
			t.Errorf("repository %q: direct %t", repository, got)
		}
	}
}

func TestUpdate_KeepsTheVersionWhenNoneIsAskedFor(t *testing.T) {
	t.Parallel()
	w, e := withCluster(t)
	c := newCore(t, w, nil)
	s := must2(t)(c.apply("lab_metallb", nil, attrs{"chart_version": "0.15.2"}))
	s = must2(t)(c.apply("lab_metallb", s, attrs{"log_level": "debug"}))
	if got := s.text(t, "chart_version") + e.installed[metallbRelease].Charts[0].Version; got != "0.15.20.15.2" {
		t.Errorf("versions %q", got)
	}
}

func TestDiagnostics_SayWhatToDo(t *testing.T) {
	t.Parallel()
	for kind, want := range map[fault.Kind]string{
		fault.Unreachable: "Check that it is up", fault.Auth: "Check the credentials", fault.HostKey: "compare the key",
		fault.Denied: "right is missing", fault.Conflict: "adopt = true", fault.Timeout: "apply again", fault.NoSpace: "Free space", fault.Integrity: "Nothing was installed",
	} {
		w, _ := withCluster(t)
		w.err = fault.Newf(kind, "because")
		_, r := newCore(t, w, nil).apply("lab_metallb", nil, nil)
		for _, part := range []string{"Creating lab_metallb " + metallbRelease + " failed", "Because", want} {
			if !strings.Contains(r.errors, part) {
				t.Errorf("%s: %q is missing in %q", kind, part, r.errors)
			}
		}
	}
}
