package rke2

import (
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
)

func TestCheck_AHealthyMachinePasses(t *testing.T) {
	t.Parallel()
	facts := parseFacts(healthy().Read(t))
	warnings, err := facts.check(Node{Role: Server}, Observed{}, time.Now())
	if err != nil || len(warnings) > 0 {
		t.Errorf("got %v, %v", warnings, err)
	}
	if facts.prefix() != defaultPrefix {
		t.Errorf("prefix %s", facts.prefix())
	}
}

func TestCheck_Problems(t *testing.T) {
	t.Parallel()
	server := Node{Role: Server}
	for name, c := range map[string]struct {
		change func(*facts)
		node   Node
		found  Observed
		kind   fault.Kind
		says   string
	}{
		"no systemd":      {func(f *facts) { f.systemd, f.init = false, "runit" }, server, Observed{}, fault.Invalid, "RKE2 needs systemd as process 1, and there it is runit"},
		"unknown machine": {func(f *facts) { f.arch = "riscv64" }, server, Observed{}, fault.Invalid, "there is no RKE2 for the architecture riscv64"},
		"no tar":          {func(f *facts) { delete(f.tools, "tar") }, server, Observed{}, fault.Invalid, "the program tar is not installed"},
		"no downloader":   {func(f *facts) { delete(f.tools, "curl") }, server, Observed{}, fault.Invalid, "neither curl nor wget"},
		"a package":       {func(f *facts) { f.rpms["rke2-common"] = true }, server, Observed{}, fault.Conflict, "rke2-common is installed"},
		"host name":       {func(f *facts) { f.hostname = "my_host" }, server, Observed{}, fault.Invalid, `the host name "my_host" cannot be a node's name`},
		"read-only":       {func(f *facts) { f.dirs["/etc"] = directory{freeMiB: 100} }, server, Observed{}, fault.Denied, "/etc is not writable"},
		"full": {
			func(f *facts) { f.dirs[defaultDataDir] = directory{writable: true, freeMiB: 3} }, server,
			Observed{},
			fault.NoSpace,
			"/var/lib/rancher/rke2 has 3 MiB free",
		},
		"port": {
			func(f *facts) {
				f.listeners = []listener{{port: 6443, pid: 42, program: "haproxy", group: "/system.slice/haproxy.service"}}
			},
			server,
			Observed{},
			fault.Conflict, "port 6443 is taken by haproxy (pid 42)",
		},
		"port of another Kubernetes": {
			func(f *facts) {
				f.listeners, f.active["k3s"] = []listener{{port: 6443, pid: 42, program: "k3s-server", group: "/system.slice/k3s.service"}}, true
			},
			server,
			Observed{},
			fault.Conflict, "the unit k3s is running, and a machine can be a node of one Kubernetes only",
		},
		"pods of another Kubernetes": {
			func(f *facts) { f.listeners = []listener{{port: 10250, group: "/kubepods.slice/x"}} },
			server,
			Observed{},
			fault.Conflict, "port 10250 is taken",
		},
		"two at once": {
			func(f *facts) { f.systemd, f.arch = false, "m68k" }, server, Observed{}, fault.Invalid, "; there is no RKE2 for the architecture m68k",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := parseFacts(healthy().Read(t))
			c.change(&facts)
			_, err := facts.check(c.node, c.found, time.Now())
			expectFault(t, err, c.kind, "", c.says)
		})
	}
}

func TestCheck_WhatIsNoProblem(t *testing.T) {
	t.Parallel()
	listens := func(group string) func(*facts) {
		return func(f *facts) { f.listeners = []listener{{port: 6443, pid: 42, program: "x", group: group}} }
	}
	for name, c := range map[string]struct {
		change func(*facts)
		node   Node
		found  Observed
	}{
		"no downloader for a directory": {func(f *facts) { delete(f.tools, "curl") }, Node{Role: Server, Source: Source{Path: "/a/b"}}, Observed{}},
		"host name with a node name":    {func(f *facts) { f.hostname = "my_host" }, Node{Role: Server, Name: "mine"}, Observed{}},
		"host name in capitals":         {func(f *facts) { f.hostname = "CP1.Example.ORG" }, Node{Role: Server}, Observed{}},
		"ports while it runs":           {listens("/whatever"), Node{Role: Server}, Observed{Unit: UnitState{Active: "active"}}},
		"ports of its unit":             {listens("/system.slice/rke2-server.service"), Node{Role: Server}, Observed{}},
		"ports of its pods":             {listens("/kubepods.slice/x"), Node{Role: Server}, Observed{Installed: true}},
		"its own package":               {func(f *facts) { f.rpms["rke2-common"] = true }, Node{Role: Server}, Observed{RPM: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := parseFacts(healthy().Read(t))
			c.change(&facts)
			if _, err := facts.check(c.node, c.found, time.Now()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCheck_Warnings(t *testing.T) {
	t.Parallel()
	for says, change := range map[string]func(*facts){
		"Swap is on":                    func(f *facts) { f.swap = true },
		"The host name is localhost":    func(f *facts) { f.hostname = "localhost" },
		"Neither iptables nor nft":      func(f *facts) { delete(f.tools, "iptables") },
		"journalctl is not installed":   func(f *facts) { delete(f.tools, "journalctl") },
		"SELinux is enforcing":          func(f *facts) { f.selinux = "Enforcing" },
		"control groups of version 1":   func(f *facts) { f.cgroup = "tmpfs" },
		"clock is 1h0m":                 func(f *facts) { f.clock = f.clock.Add(-time.Hour) },
		"There is no default route":     func(f *facts) { f.noRoute = true },
		"firewalld is running":          func(f *facts) { f.active["firewalld"] = true },
		"ufw is running":                func(f *facts) { f.active["ufw"] = true },
		"NetworkManager manages":        func(f *facts) { f.active["NetworkManager"] = true },
		"nm-cloud-setup is enabled":     func(f *facts) { f.enabled["nm-cloud-setup.timer"] = true },
		"The machine has 1 CPU":         func(f *facts) { f.cpus = 1 },
		"The machine has 900 MiB":       func(f *facts) { f.memory = 900 },
		"/var/lib/rancher/rke2 has 100": func(f *facts) { f.dirs[defaultDataDir] = directory{writable: true, freeMiB: 100} },
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			facts := parseFacts(healthy().Read(t))
			change(&facts)
			warnings, err := facts.check(Node{Role: Server}, Observed{}, time.Now())
			if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0].Summary, says) || warnings[0].Detail == "" {
				t.Errorf("got %v, %v, want one warning saying %q", warnings, err, says)
			}
		})
	}
}

func TestFacts_PrefixAvoidsAMountPoint(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		defaultPrefix + " yes no 1000":  defaultPrefix,
		defaultPrefix + " yes yes 1000": altPrefix,
		defaultPrefix + " no no 1000":   altPrefix,
	} {
		if got := parseFacts(told{}.Say("dir", line).Read(t)).prefix(); got != want {
			t.Errorf("%s: got %s, want %s", line, got, want)
		}
	}
}

func TestPreflight_ChangesNothing(t *testing.T) {
	t.Parallel()
	h := hosttest.NewFake(t, "10.0.0.1")
	h.On(hosttest.Named("read RKE2"), bare().Answer())
	h.On(hosttest.Named("check the machine"), healthy().Say("swap", "yes").Answer(), healthy().Say("systemd", "no").Answer())
	warnings, err := Preflight(t.Context(), h, Node{Role: Server})
	if err != nil || len(warnings) != 1 {
		t.Errorf("got %v, %v", warnings, err)
	}
	_, err = Preflight(t.Context(), h, Node{Role: Server})
	expectFault(t, err, fault.Invalid, "check the machine on 10.0.0.1: RKE2 needs systemd")
	if got := h.Transcript(); got != strings.Repeat("run (read RKE2)\nrun (check the machine)\n", 2) {
		t.Errorf("got:\n%s", got)
	}
}
