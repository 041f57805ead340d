package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/hostscript/hostscripttest"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

const toolsType = "lab_node_tools"

// toolsWorld has a host, this machine, with a folder for tools, and a release of calicoctl for two versions.
func toolsWorld(t *testing.T) (*fakeWorld, *core, *hostscripttest.Releases, string) {
	t.Helper()
	w := newWorld(t)
	w.withShell(t, "h")
	releases := hostscripttest.NewReleases(t)
	for _, version := range []string{"v3.32.1", "v3.24.5"} {
		sum := releases.Put("/"+version+"/calicoctl-linux-amd64", "calicoctl "+version)
		releases.Put("/"+version+"/SHA256SUMS", sum+"  calicoctl-linux-amd64\n")
	}
	return w, newCore(t, w, nil), releases, filepath.Join(t.TempDir(), "bin")
}

func toolsConfig(releases *hostscripttest.Releases, dir string, more attrs) attrs {
	config := attrs{"bin_dir": dir, "completion": false, "calicoctl": attrs{"url": releases.URL + "/{version}/"}}
	for k, v := range more {
		config[k] = v
	}
	return config
}

func toolText(t *testing.T, dir string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "calicoctl"))
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// calico is what a cluster's operator makes of Calico.
func calico(version string) object.Object {
	return object.Object{"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": map[string]any{"name": "calico-node", "namespace": "calico-system"}, "spec": map[string]any{
		"template": map[string]any{"spec": map[string]any{"containers": []any{
			map[string]any{"name": "calico-node", "image": "reg.example:5000/rancher/mirrored-calico-node:" + version},
		}}},
	}}
}

func TestNodeTools_LiveThroughCreateUpdateDelete(t *testing.T) {
	t.Parallel()
	_, c, releases, dir := toolsWorld(t)
	config := toolsConfig(releases, dir, attrs{"host": "h"})
	s := must2(t)(c.apply(toolsType, nil, config))
	if got := toolText(t, dir); got != "calicoctl v3.32.1" {
		t.Error(got)
	}
	if got := s.text(t, "installed.calicoctl.sha256"); got != hostscripttest.Sum("calicoctl v3.32.1") {
		t.Errorf("sum %q", got)
	}
	s = must2(t)(c.refresh(toolsType, s))
	if p := c.plan(toolsType, s, config); p.action != "nothing" || p.errors+p.warnings != "" {
		t.Errorf("the second plan has action %q: %s%s", p.action, p.errors, p.warnings)
	}
	config["calicoctl"] = attrs{"url": releases.URL + "/{version}/", "version": "v3.24.5"}
	if p := c.plan(toolsType, s, config); p.action != "update" {
		t.Errorf("another version has action %q", p.action)
	}
	s = must2(t)(c.apply(toolsType, s, config))
	if got := toolText(t, dir); got != "calicoctl v3.24.5" {
		t.Error(got)
	}
	if r := c.destroy(toolsType, s); r.errors+r.warnings != "" {
		t.Error(r)
	}
	if got := toolText(t, dir); !strings.Contains(got, "no such file") {
		t.Error(got)
	}
}

func TestNodeTools_DriftIsCorrected(t *testing.T) {
	t.Parallel()
	_, c, releases, dir := toolsWorld(t)
	config := toolsConfig(releases, dir, attrs{"host": "h"})
	s := must2(t)(c.apply(toolsType, nil, config))
	if err := os.WriteFile(filepath.Join(dir, "calicoctl"), []byte("other"), 0o755); err != nil {
		t.Fatal(err)
	}
	s = must2(t)(c.refresh(toolsType, s))
	if got := s.text(t, "drift"); !strings.Contains(got, "it is a file with sha256 "+hostscripttest.Sum("other")) {
		t.Errorf("drift %s", got)
	}
	if p := c.plan(toolsType, s, config); p.action != "update" {
		t.Errorf("action %q", p.action)
	}
	must2(t)(c.apply(toolsType, s, config))
	if got := toolText(t, dir); got != "calicoctl v3.32.1" {
		t.Error(got)
	}
}

func TestNodeTools_WrongSumInstallsNothing(t *testing.T) {
	t.Parallel()
	_, c, releases, dir := toolsWorld(t)
	releases.Put("/v3.32.1/calicoctl-linux-amd64", "evil")
	s, r := c.apply(toolsType, nil, toolsConfig(releases, dir, attrs{"host": "h"}))
	if s != nil || !strings.Contains(r.errors, "integrity check failed") || !strings.Contains(r.errors, hostscripttest.Sum("evil")) {
		t.Errorf("state %v, %s", s, r.errors)
	}
	if got := toolText(t, dir); !strings.Contains(got, "no such file") {
		t.Error(got)
	}
}

// calicoctl is that of the cluster, on the cluster's host, and follows it.
func TestNodeTools_FollowTheClustersCalico(t *testing.T) {
	t.Parallel()
	w, c, releases, dir := toolsWorld(t)
	e := newEngine(t, "uid-1")
	w.engines["h"] = e
	config := toolsConfig(releases, dir, attrs{"cluster": attrs{"uid": "uid-1", "host": "h"}})
	if _, r := c.apply(toolsType, nil, config); !strings.Contains(r.errors, "has no Calico") {
		t.Errorf("got %s", r.errors)
	}
	ref := object.RefOf(calico(""))
	e.live[ref] = calico("v3.24.5")
	s := must2(t)(c.apply(toolsType, nil, config))
	if got := toolText(t, dir); got != "calicoctl v3.24.5" {
		t.Error(got)
	}
	e.live[ref] = calico("v3.32.1-build20260801@sha256:abc")
	s = must2(t)(c.refresh(toolsType, s))
	if got := s.text(t, "drift"); !strings.Contains(got, "calicoctl: want v3.32.1, which is the cluster's Calico, the host has v3.24.5") {
		t.Errorf("drift %s", got)
	}
	s = must2(t)(c.apply(toolsType, s, config))
	if got := toolText(t, dir); got != "calicoctl v3.32.1" {
		t.Error(got)
	}
	if p := c.plan(toolsType, s, config); p.action != "nothing" {
		t.Errorf("action %q", p.action)
	}
}

func TestNodeTools_AreImported(t *testing.T) {
	t.Parallel()
	_, c, releases, dir := toolsWorld(t)
	config := toolsConfig(releases, dir, attrs{"host": "h"})
	must2(t)(c.apply(toolsType, nil, config))
	s := must2(t)(c.imported(toolsType, "h"+dir))
	s = must2(t)(c.refresh(toolsType, s))
	p := c.plan(toolsType, s, config)
	if p.action != "update" || p.errors != "" {
		t.Errorf("action %q: %s", p.action, p.errors)
	}
	s = must2(t)(c.apply(toolsType, s, config))
	if got := s.text(t, "installed.calicoctl.version"); got != "v3.32.1" {
		t.Errorf("version %q", got)
	}
}

func TestNodeTools_AreRefusedAtPlan(t *testing.T) {
	t.Parallel()
	c := newCore(t, newWorld(t), nil)
	for says, config := range map[string]attrs{
		"At least one of these attributes must be configured: [host,cluster]": {"helm": attrs{}},
		"[calicoctl,helm,kubectl,kubens]":                                     {"host": "h"},
		"is no version":                                                       {"host": "h", "helm": attrs{"version": "3.22"}},
		"sha256 is no sum":                                                    {"host": "h", "helm": attrs{"sha256": "abc"}},
		"http:// or https://":                                                 {"host": "h", "helm": attrs{"url": "ftp://x/"}},
		"is no plain absolute path":                                           {"host": "h", "helm": attrs{}, "bin_dir": "bin"},
		"either a link or a program":                                          {"host": "h", "kubectl": attrs{"link": "/x", "version": "v1.2.3"}},
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			if r := c.validate(toolsType, config); !strings.Contains(r.errors, says) {
				t.Errorf("got %s", r.errors)
			}
		})
	}
}
