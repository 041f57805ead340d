package provider_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"
)

const (
	hostsType   = "lab_hosts_entries"
	hostsBefore = "127.0.0.1 localhost"
	hostsAfter  = "127.0.0.1 localhost\n# BEGIN terraform-provider-lab lab (the line above had no line end)\n10.0.0.9 a.lab b.lab\n# END terraform-provider-lab lab\n"
)

func hostsFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hosts")
	writeHosts(t, path, content)
	return path
}

func writeHosts(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func wantHosts(t *testing.T, path, want string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(raw)); diff != "" {
		t.Error(diff)
	}
}

// hostsCases are the two kinds of machine, on files of this one.
func hostsCases(t *testing.T, run func(t *testing.T, c *core, config attrs, path string)) {
	t.Helper()
	for where, over := range map[string]attrs{"over SSH": {"host": "h"}, "here": {}} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.withShell(t, "h")
			path := hostsFile(t, hostsBefore)
			config := attrs{"path": path, "entries": attrs{"10.0.0.9": []any{"a.lab", "b.lab"}}}
			for k, v := range over {
				config[k] = v
			}
			run(t, newCore(t, w, nil), config, path)
		})
	}
}

func TestHostsEntries_LiveThroughCreateUpdateDelete(t *testing.T) {
	t.Parallel()
	hostsCases(t, func(t *testing.T, c *core, config attrs, path string) {
		t.Helper()
		s := must2(t)(c.apply(hostsType, nil, config))
		wantHosts(t, path, hostsAfter)
		s = must2(t)(c.refresh(hostsType, s))
		if p := c.plan(hostsType, s, config); p.action != "nothing" || p.errors+p.warnings != "" {
			t.Errorf("the second plan has action %q: %s%s", p.action, p.errors, p.warnings)
		}
		config["entries"] = attrs{"10.0.0.9": []any{"a.lab"}, "fd00::1": []any{"a.lab"}}
		if p := c.plan(hostsType, s, config); p.action != "update" {
			t.Errorf("other entries have action %q: %s", p.action, p.errors)
		}
		s = must2(t)(c.apply(hostsType, s, config))
		wantHosts(t, path, strings.Replace(hostsAfter, "9 a.lab b.lab", "9 a.lab\nfd00::1 a.lab", 1))
		if r := c.destroy(hostsType, s); r.errors != "" {
			t.Error(r.errors)
		}
		wantHosts(t, path, hostsBefore)
	})
}

func TestHostsEntries_CorrectsWhatOthersDidInside(t *testing.T) {
	t.Parallel()
	hostsCases(t, func(t *testing.T, c *core, config attrs, path string) {
		t.Helper()
		s := must2(t)(c.apply(hostsType, nil, config))
		edited := strings.Replace(hostsAfter, "10.0.0.9 a.lab", "10.0.0.8 a.lab", 1) + "1.1.1.1 mine\n"
		writeHosts(t, path, edited)
		s = must2(t)(c.refresh(hostsType, s))
		if got := s.text(t, "drift"); !strings.Contains(got, `want line "10.0.0.9 a.lab b.lab", the file has none`) || !strings.Contains(got, `want no line "10.0.0.8 a.lab b.lab"`) {
			t.Errorf("drift %s", got)
		}
		config["drift_policy"] = "warn"
		if p := c.plan(hostsType, s, config); !strings.Contains(p.warnings, "10.0.0.8 a.lab") {
			t.Errorf("no warning: %s", p.warnings)
		}
		delete(config, "drift_policy")
		if p := c.plan(hostsType, s, config); p.action != "update" {
			t.Errorf("drift has action %q", p.action)
		}
		must2(t)(c.apply(hostsType, s, config))
		wantHosts(t, path, hostsAfter+"1.1.1.1 mine\n")
	})
}

func TestHostsEntries_GoneIsMadeAgain(t *testing.T) {
	t.Parallel()
	hostsCases(t, func(t *testing.T, c *core, config attrs, path string) {
		t.Helper()
		s := must2(t)(c.apply(hostsType, nil, config))
		writeHosts(t, path, hostsBefore)
		after, r := c.refresh(hostsType, s)
		if after != nil || !strings.Contains(r.warnings, "is gone") {
			t.Errorf("state %v, %s", after, r.warnings)
		}
	})
}

func TestHostsEntries_WarnsOfOtherLines(t *testing.T) {
	t.Parallel()
	hostsCases(t, func(t *testing.T, c *core, config attrs, path string) {
		t.Helper()
		writeHosts(t, path, "10.0.0.1 A.lab\n")
		_, r := c.apply(hostsType, nil, config)
		if r.errors != "" || !strings.Contains(r.warnings, "Line 1 gives A.lab the address 10.0.0.1") {
			t.Errorf("%+v", r)
		}
	})
}

func TestHostsEntries_AreImported(t *testing.T) {
	t.Parallel()
	hostsCases(t, func(t *testing.T, c *core, config attrs, path string) {
		t.Helper()
		must2(t)(c.apply(hostsType, nil, config))
		id := path + "#lab"
		if config["host"] != nil {
			id = "ssh://h" + id
		}
		s := must2(t)(c.imported(hostsType, id))
		s = must2(t)(c.refresh(hostsType, s))
		if p := c.plan(hostsType, s, config); p.action != "nothing" {
			t.Errorf("action %q: %s", p.action, p.errors)
		}
		if _, r := c.imported(hostsType, id+"2"); !strings.Contains(r.errors, `no block "lab2"`) {
			t.Errorf("got %s", r.errors)
		}
		if _, r := c.imported(hostsType, "nonsense"); !strings.Contains(r.errors, "Malformed import id") {
			t.Errorf("got %s", r.errors)
		}
	})
}

func TestHostsEntries_AreRefusedAtPlan(t *testing.T) {
	t.Parallel()
	c := newCore(t, newWorld(t), nil)
	for name, config := range map[string]attrs{
		"is no IP address":       {"entries": attrs{"10.0.0": []any{"a"}}},
		"is no host name":        {"entries": attrs{"10.0.0.1": []any{"a b"}}},
		"no wildcards":           {"entries": attrs{"10.0.0.1": []any{"*.lab"}}},
		"an absolute path":       {"path": "hosts", "entries": attrs{"10.0.0.1": []any{"a"}}},
		"must be specified":      {"user": "ops", "entries": attrs{"10.0.0.1": []any{"a"}}},
		"at least 1":             {"entries": attrs{}},
		"is no name for a block": {"name": "a b", "entries": attrs{"10.0.0.1": []any{"a"}}},
		"has two addresses":      {"entries": attrs{"10.0.0.1": []any{"a"}, "10.0.0.2": []any{"a", unknown{}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if r := c.validate(hostsType, config); !strings.Contains(r.errors, name) {
				t.Errorf("got %s", r.errors)
			}
		})
	}
	if r := c.validate(hostsType, attrs{"entries": unknown{}}); r.errors != "" {
		t.Error(r.errors)
	}
	if r := c.validate(hostsType, attrs{"entries": attrs{"10.0.0.1": []any{unknown{}}}}); r.errors != "" {
		t.Error(r.errors)
	}
}

func TestHostsBlock(t *testing.T) {
	t.Parallel()
	output := func(value string) string {
		return "output \"text\" {\n  value = provider::lab::hosts_block(" + value + ")\n}\n"
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(newWorld(t)),
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_8_0)},
		Steps: []resource.TestStep{
			{
				Config: output(`{ "10.0.0.9" = ["a.lab", "b.lab"] }`),
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("text",
					knownvalue.StringExact("# BEGIN terraform-provider-lab lab\n10.0.0.9 a.lab b.lab\n# END terraform-provider-lab lab\n"))},
			},
			{Config: output(`{ "10.0.0" = ["a.lab"] }`), ExpectError: regexp.MustCompile("is no IP address")},
		},
	})
}
