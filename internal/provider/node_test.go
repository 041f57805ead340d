package provider_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/rke2"
)

const nodeType = "lab_rke2_node"

func TestNode_LivesThroughCreateUpdateDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.withHost("a")
	c := newCore(t, w, nil)
	config := attrs{"host": "a", "version": "v1.34.1+rke2r1"}
	s := must2(t)(c.apply(nodeType, nil, config))
	for path, want := range map[string]string{
		"status": "ready", "installed_version": "v1.34.1+rke2r1", "name": "node-a", "cluster.uid": "uid-a-1", "cluster.host": "a", "cluster.address": "10.0.0.1",
	} {
		if got := s.text(t, path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	if got, want := identityOf(t, s), "{cluster_uid=uid-a-1 node_name=node-a}"; got != want {
		t.Errorf("identity %s, want %s", got, want)
	}
	s = must2(t)(c.refresh(nodeType, s))
	if p := c.plan(nodeType, s, config); p.action != "nothing" || p.errors+p.warnings != "" {
		t.Errorf("the second plan has action %q: %s%s", p.action, p.errors, p.warnings)
	}
	config["version"] = "v1.35.7+rke2r1"
	p := c.plan(nodeType, s, config)
	if p.action != "update" || !fields(t, p.value)["cluster"].Equal(fields(t, s.value)["cluster"]) {
		t.Errorf("an upgrade has action %q and plans cluster %s", p.action, textOf(t, p.value, "cluster"))
	}
	s = must2(t)(c.apply(nodeType, s, config))
	if r := c.destroy(nodeType, s); r.errors != "" {
		t.Error(r.errors)
	}
	if diff := cmp.Diff([]string{"install adopt=false", "update", "uninstall"}, m.taken()); diff != "" {
		t.Error(diff)
	}
}

// A change of the node leaves what is on its cluster alone, because the reference stays known.
func TestNode_InPlaceChangeKeepsTheReferenceKnown(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]attrs{
		"labels":  {"labels": attrs{"a": "b"}},
		"tls_san": {"tls_san": []any{"lab.example"}},
		"version": {"version": "v1.35.8+rke2r1"},
		"node_ip": {"node_ip": "10.0.0.7"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.withHost("a")
			c := newCore(t, w, nil)
			s := must2(t)(c.apply(nodeType, nil, attrs{"host": "a"}))
			change["host"] = "a"
			p := c.plan(nodeType, s, change)
			if p.action != "update" || textOf(t, p.value, "cluster.uid") != "uid-a-1" {
				t.Errorf("action %q, cluster %s: %s", p.action, textOf(t, p.value, "cluster"), p.errors)
			}
		})
	}
}

func TestNode_AgentJoinsAndLeavesItsCluster(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withHost("a")
	agent := w.withHost("b")
	c := newCore(t, w, nil)
	server := must2(t)(c.apply(nodeType, nil, attrs{"host": "a"}))
	config := attrs{"host": "b", "role": "agent", "join": fields(t, server.value)["cluster"]}
	s := must2(t)(c.apply(nodeType, nil, config))
	if got := s.text(t, "cluster.host") + " " + s.text(t, "cluster.uid"); got != "a uid-a-1" {
		t.Errorf("the agent's cluster is %s", got)
	}
	if agent.node.Join == nil || agent.node.Join.Server != "10.0.0.1" {
		t.Errorf("joined %+v", agent.node.Join)
	}
	if p := c.plan(nodeType, s, config); p.action != "nothing" {
		t.Errorf("the second plan has action %q", p.action)
	}
	config["join"] = unknown{}
	if p := c.plan(nodeType, s, config); p.action != "replace" {
		t.Errorf("a cluster that is replaced has action %q", p.action)
	}
	if r := c.destroy(nodeType, s); r.errors+r.warnings != "" {
		t.Error(r)
	}
	if diff := cmp.Diff([]string{"drain node node-b", "remove node node-b"}, w.engines["a"].taken()); diff != "" {
		t.Error(diff)
	}
}

func TestNode_FailedCreationIsRepairedInPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.withHost("a")
	c := newCore(t, w, nil)
	s := failedNode(t, c, m)
	m.changeErr = nil
	s = must2(t)(c.apply(nodeType, s, attrs{"host": "a"}))
	if diff := cmp.Diff([]string{"install adopt=false"}, m.taken()); diff != "" {
		t.Error(diff)
	}
	if s.text(t, "status") != "ready" {
		t.Errorf("status %q", s.text(t, "status"))
	}
}

func failedNode(t *testing.T, c *core, m *fakeMachine) *tracked {
	t.Helper()
	m.changeErr = fault.Newf(fault.Timeout, "the unit did not start")
	s, r := c.apply(nodeType, nil, attrs{"host": "a"})
	if s == nil || !s.tainted || s.text(t, "status") != "failed" || !strings.Contains(r.errors, "The unit did not start") {
		t.Fatalf("state %v, errors %q", s, r.errors)
	}
	m.taken()
	s, r = c.refresh(nodeType, s)
	return must(t, s, r)
}

func TestNode_FailedCreationIsRemovedByADestroyAndByAnotherRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.withHost("a")
	c := newCore(t, w, nil)
	s := failedNode(t, c, m)
	if r := c.destroy(nodeType, s); r.errors != "" {
		t.Error(r.errors)
	}
	if diff := cmp.Diff([]string{"uninstall"}, m.taken()); diff != "" {
		t.Error(diff)
	}
	s = failedNode(t, c, m)
	m.changeErr = nil
	w.withHost("b")
	join := attrs{"host": "b", "uid": "uid-b-1"}
	w.engines["b"] = newEngine(t, "uid-b-1")
	must2(t)(c.apply(nodeType, s, attrs{"host": "a", "role": "agent", "join": join}))
	if diff := cmp.Diff([]string{"uninstall", "install adopt=false"}, m.taken()); diff != "" {
		t.Error(diff)
	}
}

func TestNode_UntouchedHostIsNotTracked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withHost("a").err = fault.Newf(fault.Unreachable, "connection refused")
	c := newCore(t, w, nil)
	s, r := c.apply(nodeType, nil, attrs{"host": "a"})
	if s != nil || !strings.Contains(r.errors, "Creating lab_rke2_node a failed: unreachable") {
		t.Errorf("state %v, errors %q", s, r.errors)
	}
}

func TestNode_ReplacementOfAHealthyOneUninstalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.withHost("a")
	c := newCore(t, w, nil)
	s := must2(t)(c.apply(nodeType, nil, attrs{"host": "a"}))
	m.taken()
	s.tainted = true
	must2(t)(c.apply(nodeType, s, attrs{"host": "a"}))
	if diff := cmp.Diff([]string{"uninstall", "install adopt=false"}, m.taken()); diff != "" {
		t.Error(diff)
	}
}

func TestNode_KeptOnDestroy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.withHost("a")
	c := newCore(t, w, nil)
	s := must2(t)(c.apply(nodeType, nil, attrs{"host": "a", "on_destroy": "keep"}))
	m.taken()
	if r := c.destroy(nodeType, s); r.errors != "" || len(m.taken()) > 0 {
		t.Errorf("errors %q", r.errors)
	}
}

func TestNode_RefreshThatCannotLookKeepsTheState(t *testing.T) {
	t.Parallel()
	for _, kind := range []fault.Kind{fault.Unreachable, fault.Auth, fault.HostKey, fault.Denied, fault.Timeout} {
		w := newWorld(t)
		m := w.withHost("a")
		c := newCore(t, w, nil)
		s := must2(t)(c.apply(nodeType, nil, attrs{"host": "a"}))
		m.err = fault.Newf(kind, "no answer")
		after, r := c.refresh(nodeType, s)
		if after == nil || !after.value.Equal(s.value) || r.errors != "" || !strings.Contains(r.warnings, "Could not look") {
			t.Errorf("%s: state %v, report %+v", kind, after, r)
		}
		if after, r := newCore(t, w, attrs{"strict_refresh": true}).refresh(nodeType, s); after == nil || r.errors == "" {
			t.Errorf("%s: strict mode told nothing", kind)
		}
	}
}

func TestNode_APIThatDoesNotAnswerKeepsTheReference(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withHost("a")
	c := newCore(t, w, nil)
	s := must2(t)(c.apply(nodeType, nil, attrs{"host": "a"}))
	w.err = errors.New("connection refused")
	after, r := c.refresh(nodeType, s)
	if after == nil || !after.value.Equal(s.value) || !strings.Contains(r.warnings, "the API of") {
		t.Errorf("state %v, report %+v", after, r)
	}
}

func TestNode_BareHostLeavesTheState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.withHost("a")
	c := newCore(t, w, nil)
	s := must2(t)(c.apply(nodeType, nil, attrs{"host": "a"}))
	m.node, s.identity = nil, nil
	if after, r := c.refresh(nodeType, s); after != nil || r.errors != "" || !strings.Contains(r.warnings, "is gone") {
		t.Errorf("state %v, report %+v", after, r)
	}
}

func TestNode_DriftFollowsThePolicy(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string]struct {
		action string
		told   bool
	}{"correct": {"update", false}, "warn": {"nothing", true}, "ignore": {"nothing", false}} {
		w := newWorld(t)
		m := w.withHost("a")
		c := newCore(t, w, nil)
		config := attrs{"host": "a", "drift_policy": policy}
		s := must2(t)(c.apply(nodeType, nil, config))
		m.differences = []rke2.Difference{{Where: "config", Path: "cni", Want: "calico", Have: "canal"}}
		s = must2(t)(c.refresh(nodeType, s))
		p := c.plan(nodeType, s, config)
		if p.action != want.action || strings.Contains(p.warnings, "calico") != want.told {
			t.Errorf("%s: action %q, warnings %q", policy, p.action, p.warnings)
		}
		s = must2(t)(c.apply(nodeType, s, config))
		if policy == "correct" && s.text(t, "drift") != "[]" {
			t.Errorf("drift %q is left", s.text(t, "drift"))
		}
	}
}

func TestNode_RefusesVersionsThatNoUpgradeLeadsTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withHost("a")
	c := newCore(t, w, nil)
	s := must2(t)(c.apply(nodeType, nil, attrs{"host": "a", "version": "v1.33.4+rke2r1"}))
	for version, refused := range map[string]bool{
		"v1.32.9+rke2r1": true, "v1.33.3+rke2r1": true, "v1.35.7+rke2r1": true, "v1.34.1+rke2r1": false, "v1.33.5+rke2r1": false,
	} {
		p := c.plan(nodeType, s, attrs{"host": "a", "version": version})
		if refused != strings.Contains(p.errors, "No upgrade leads to this version") {
			t.Errorf("%s: errors %q", version, p.errors)
		}
	}
}

func TestNode_RefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	c := newCore(t, newWorld(t), nil)
	for name, want := range map[string]struct {
		config attrs
		text   string
	}{
		"an agent that joins nothing": {attrs{"host": "a", "role": "agent"}, "join"},
		"a version that is none":      {attrs{"host": "a", "version": "1.35"}, "Not an RKE2 version"},
		"version and channel":         {attrs{"host": "a", "version": "v1.35.7+rke2r1", "channel": "stable"}, "channel"},
		"a token in the config":       {attrs{"host": "a", "config": "token: x"}, "token"},
		"config that is no YAML":      {attrs{"host": "a", "config": "a: [b"}, "line 1"},
	} {
		if r := c.validate(nodeType, want.config); !strings.Contains(r.errors, want.text) {
			t.Errorf("%s: errors %q", name, r.errors)
		}
	}
}

func TestNode_ImportIsFollowedByNoReplacement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withHost("a")
	b := w.withHost("b")
	c := newCore(t, w, nil)
	server := must2(t)(c.apply(nodeType, nil, attrs{"host": "a"}))
	join := fields(t, server.value)["cluster"]
	must2(t)(c.apply(nodeType, nil, attrs{"host": "b", "role": "agent", "join": join}))

	s := must2(t)(c.imported(nodeType, "a"))
	if p := c.plan(nodeType, s, attrs{"host": "a"}); p.action != "nothing" {
		t.Errorf("after the import of a server: action %q: %s", p.action, p.errors)
	}
	if got, want := identityOf(t, s), "{cluster_uid=uid-a-1 node_name=node-a}"; got != want {
		t.Errorf("identity %s, want %s", got, want)
	}

	s = must2(t)(c.imported(nodeType, "root@b:22"))
	b.taken()
	config := attrs{"host": "b", "role": "agent", "join": join}
	if p := c.plan(nodeType, s, config); p.action != "update" {
		t.Errorf("after the import of an agent: action %q: %s", p.action, p.errors)
	}
	s = must2(t)(c.apply(nodeType, s, config))
	if got := s.text(t, "cluster.uid"); got != "uid-a-1" || len(b.taken()) != 1 {
		t.Errorf("cluster %q", got)
	}
}

func TestNode_ImportOfNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withHost("a")
	c := newCore(t, w, nil)
	if _, r := c.imported(nodeType, "a"); !strings.Contains(r.errors, "Nothing to import") {
		t.Errorf("errors %q", r.errors)
	}
	if _, r := c.imported(nodeType, ""); !strings.Contains(r.errors, "[user@]host[:port]") {
		t.Errorf("errors %q", r.errors)
	}
}
