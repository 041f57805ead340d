package provider_test

import (
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript/hostscripttest"
)

const k3dType = "lab_k3d_cluster"

func k3dLook(running string) hosttest.Answer {
	return hostscripttest.Told{}.Say("machine", "x86_64").Say("kubeconfig", "600 0").Say("k3d", "/usr/local/bin/k3d").Say("version", "v5.9.0").
		Say("docker", "ok").Say("subnet", "172.18.0.0/16").Blob("clusters", running).Answer()
}

const (
	k3dNone    = `[]`
	k3dRunning = `[{"name":"lab","serversCount":1,"serversRunning":1}]`
	k3dStopped = `[{"name":"lab","serversCount":1,"serversRunning":0}]`
	k3dGrown   = `[{"name":"lab","serversCount":1,"serversRunning":1,"agentsCount":1,"agentsRunning":1}]`
)

// k3dWorld has a host on which k3d answers its looks as told, and everything else works.
func k3dWorld(t *testing.T, looks ...string) (*fakeWorld, *core, *hosttest.Fake) {
	t.Helper()
	w := newWorld(t)
	w.engines["h"] = newEngine(t, "uid-k3d")
	fake := w.withFake(t, "h")
	tellK3d(fake, looks...)
	for _, name := range []string{"make cluster lab", "start cluster lab", "write the kubeconfig of lab", "delete cluster lab"} {
		fake.On(hosttest.Named(name), hostscripttest.Told{}.Answer())
	}
	return w, newCore(t, w, nil), fake
}

func tellK3d(fake *hosttest.Fake, looks ...string) {
	var answers []hosttest.Answer
	for _, l := range looks {
		answers = append(answers, k3dLook(l))
	}
	fake.On(hosttest.Named("look at k3d"), answers...)
}

func TestK3dCluster_LivesThroughCreateStopDelete(t *testing.T) {
	t.Parallel()
	_, c, fake := k3dWorld(t, k3dNone, k3dRunning)
	config := attrs{"host": "h"}
	s := must2(t)(c.apply(k3dType, nil, config))
	for path, want := range map[string]string{
		"cluster.uid": "uid-k3d", "cluster.host": "h", "cluster.kubeconfig_path": "/var/lib/terraform-provider-lab/k3d/lab/kubeconfig.yaml", "network_subnet": "172.18.0.0/16",
	} {
		if got := s.text(t, path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	s = must2(t)(c.refresh(k3dType, s))
	if p := c.plan(k3dType, s, config); p.action != "nothing" || p.errors+p.warnings != "" {
		t.Errorf("the second plan has action %q: %s%s", p.action, p.errors, p.warnings)
	}
	tellK3d(fake, k3dStopped, k3dStopped, k3dRunning)
	s = must2(t)(c.refresh(k3dType, s))
	if p := c.plan(k3dType, s, config); p.action != "update" || textOf(t, p.value, "cluster.uid") != "uid-k3d" {
		t.Errorf("a stopped cluster has action %q, cluster %s", p.action, textOf(t, p.value, "cluster"))
	}
	s = must2(t)(c.apply(k3dType, s, config))
	if !strings.Contains(fake.Transcript(), "run (start cluster lab)") {
		t.Error("it was not started")
	}
	if r := c.destroy(k3dType, s); r.errors != "" {
		t.Error(r.errors)
	}
}

func TestK3dCluster_OfAnotherShapeIsReplaced(t *testing.T) {
	t.Parallel()
	_, c, fake := k3dWorld(t, k3dNone, k3dRunning)
	config := attrs{"host": "h"}
	s := must2(t)(c.apply(k3dType, nil, config))
	tellK3d(fake, k3dGrown)
	grown := must2(t)(c.refresh(k3dType, s))
	if p := c.plan(k3dType, grown, config); p.action != "replace" {
		t.Errorf("another agent has action %q", p.action)
	}
	for name, change := range map[string]attrs{"image": {"image": "rancher/k3s:v1.34.1-k3s1"}, "agents": {"agents": 1}, "host": {"host": "b"}, "port": {"api_port": 6551}} {
		other := attrs{"host": "h"}
		for k, v := range change {
			other[k] = v
		}
		if p := c.plan(k3dType, s, other); p.action != "replace" {
			t.Errorf("another %s has action %q", name, p.action)
		}
	}
}

func TestK3dCluster_GoneIsMadeAgain(t *testing.T) {
	t.Parallel()
	_, c, fake := k3dWorld(t, k3dNone, k3dRunning)
	s := must2(t)(c.apply(k3dType, nil, attrs{"host": "h"}))
	tellK3d(fake, k3dNone)
	after, r := c.refresh(k3dType, s)
	if after != nil || !strings.Contains(r.warnings, "is gone") {
		t.Errorf("state %v, %s", after, r.warnings)
	}
	fake.On(hosttest.Named("look at k3d"), hostscripttest.Told{}.Say("docker", "down").Say("error", "no daemon").Answer())
	after, r = c.refresh(k3dType, s)
	if after == nil || !strings.Contains(r.warnings, "Could not look at lab_k3d_cluster h/lab") {
		t.Errorf("state %v, %s", after, r.warnings)
	}
}

func TestK3dCluster_FailedCreationIsKept(t *testing.T) {
	t.Parallel()
	_, c, fake := k3dWorld(t, k3dNone)
	fake.On(hosttest.Named("make cluster lab"), hostscripttest.Told{}.Blob("error", "FATA port is already allocated").Answer())
	s, r := c.apply(k3dType, nil, attrs{"host": "h"})
	if s == nil || !s.tainted || !strings.Contains(r.errors, "port is already allocated") {
		t.Errorf("state %v, %s", s, r.errors)
	}
}

func TestK3dCluster_IsImported(t *testing.T) {
	t.Parallel()
	_, c, _ := k3dWorld(t, k3dNone, k3dRunning)
	config := attrs{"host": "h", "extra_args": []any{attrs{"arg": "--disable=metrics-server", "node_filters": []any{"server:*"}}}, "ports": []any{attrs{"port": "8080:80"}}}
	must2(t)(c.apply(k3dType, nil, config))
	s := must2(t)(c.imported(k3dType, "h/lab"))
	s = must2(t)(c.refresh(k3dType, s))
	if p := c.plan(k3dType, s, config); p.action != "nothing" || p.errors != "" {
		t.Errorf("action %q: %s", p.action, p.errors)
	}
	if _, r := c.imported(k3dType, "h"); !strings.Contains(r.errors, "Malformed import id") {
		t.Errorf("got %s", r.errors)
	}
}

func TestImport_OnAClusterWithAKubeconfigOfItsOwn(t *testing.T) {
	t.Parallel()
	w, e := withCluster(t)
	w.engines["h"] = e
	c := newCore(t, w, nil)
	must2(t)(c.apply("lab_metallb", nil, attrs{}))
	s := must2(t)(c.imported("lab_metallb", "ssh://root@h/"+metallbRelease+"?kubeconfig=/root/lab.yaml"))
	if got := s.text(t, "cluster.kubeconfig_path") + " " + s.text(t, "cluster.user"); got != "/root/lab.yaml root" {
		t.Errorf("the cluster is reached by %s", got)
	}
}

func TestK3dCluster_IsRefusedAtPlan(t *testing.T) {
	t.Parallel()
	c := newCore(t, newWorld(t), nil)
	for says, config := range map[string]attrs{
		"no name for a k3d cluster": {"host": "h", "name": "A"},
		"no network in CIDR":        {"host": "h", "subnet": "172.28.0.1"},
		"is no mapping":             {"host": "h", "ports": []any{attrs{"port": "web"}}},
		"is no node filter":         {"host": "h", "extra_args": []any{attrs{"arg": "--a", "node_filters": []any{"x"}}}},
		"at least 1":                {"host": "h", "servers": 0},
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			if r := c.validate(k3dType, config); !strings.Contains(r.errors, says) {
				t.Errorf("got %s", r.errors)
			}
		})
	}
	if r := c.validate(k3dType, attrs{"host": unknown{}, "k3d": unknown{}, "ports": unknown{}}); r.errors != "" {
		t.Error(r.errors)
	}
}
