package rke2

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript/hostscripttest"
)

// told is an answer of one of the scripts.
type told = hostscripttest.Told

// withFile adds a file of root to what read.sh tells.
func withFile(b told, path, mode, content string) told {
	return b.Say("file", mode+" root:root "+path).Blob("file", content)
}

func unit(active, sub, enabled string) string {
	return fmt.Sprintf("LoadState=loaded\nUnitFileState=%s\nActiveState=%s\nSubState=%s\nResult=success\nConditionResult=yes\nMainPID=7\nInvocationID=new", enabled, active, sub)
}

// bare is what a machine without RKE2 tells.
func bare() told {
	return told{}.Say("hostname", "CP1").Say("address", "10.0.0.7").Say("data_dir", defaultDataDir)
}

// running is what a machine tells on which the node runs.
func running(t *testing.T, n Node, version string) told {
	t.Helper()
	w, err := n.wanted()
	if err != nil {
		t.Fatal(err)
	}
	m, err := marker{Version: version, Prefix: defaultPrefix, Complete: true, Applied: w.hash, Registries: w.registriesHash()}.encode()
	if err != nil {
		t.Fatal(err)
	}
	b := bare().Say("prefix", defaultPrefix).Say("version", version).Say("data", string(n.Role)).
		Blob("unit."+string(n.Role), unit("active", "running", "enabled")).Say("exe."+string(n.Role), "/usr/local/bin/rke2")
	b = withFile(withFile(b, markerFile, "600", string(m)), dropInFile, "600", string(w.config))
	if w.registries != nil {
		b = withFile(b, registriesFile, "600", string(w.registries))
	}
	if n.Join != nil {
		b = withFile(b, tokenFile, "600", "")
	}
	return b
}

// healthy is what preflight tells of a machine that has everything.
func healthy() told {
	b := told{}.Say("pid1", "systemd").Say("systemd", "yes").Say("arch", "x86_64").Say("hostname", "cp1").
		Say("now", fmt.Sprint(time.Now().Unix())).Say("cpus", "4").Say("memory_kib", "8000000").Say("cgroup", "cgroup2fs")
	for _, tool := range []string{"curl", "tar", "gzip", "sha256sum", "iptables", "journalctl"} {
		b = b.Say("tool", tool)
	}
	for _, dir := range []string{defaultPrefix, altPrefix, defaultDataDir, "/etc"} {
		b = b.Say("dir", dir+" yes no 90000000")
	}
	return b
}

const testSum = "11e976b0bc8e70397b29600505cbaee33714c6940a780646002d858e6378fb3b"

// script answers what a release of testVersion and a unit that starts would answer.
func scripted(t *testing.T, n Node, reads ...told) *hosttest.Fake {
	t.Helper()
	h := hosttest.NewFake(t, "10.0.0.1")
	answers := make([]hosttest.Answer, 0, len(reads))
	for _, read := range reads {
		answers = append(answers, read.Answer())
	}
	h.On(hosttest.Named("read RKE2"), answers...)
	h.On(hosttest.Named("check the machine"), healthy().Answer())
	h.On(hosttest.Named("resolve the channel"), told{}.Say("exit", "0").Say("status", "302").Say("version", "v1.35.7%2Brke2r1").Answer())
	h.On(hosttest.Named("clear the working directory"), told{}.Answer())
	h.On(hosttest.Named("fetch sha256sum-amd64.txt"), told{}.Say("exit", "0").Blob("content", testSum+"  rke2.linux-amd64.tar.gz\n").Answer())
	h.On(hosttest.Named("fetch rke2.linux-amd64.tar.gz"), told{}.Say("exit", "0").Answer())
	h.On(hosttest.Named("unpack rke2.linux-amd64.tar.gz"), told{}.Say("sum", testSum).Say("version", testVersion).Say("verdict", "ok").Answer())
	h.On(hosttest.Named("put the release into place"), told{}.Answer())
	started := told{}.Say("since", "1700000000").Say("invocation", "old")
	h.On(hosttest.Named("start rke2-"+string(n.Role)), started.Answer(), told{}.Blob("unit", unit("activating", "start", "enabled")).Answer(), up())
	h.On(hosttest.Named("restart rke2-"+string(n.Role)), started.Answer(), up())
	h.On(hosttest.Named("wait until the node is usable"), told{}.Say("kubeconfig", "yes").Say("ping", "pong").Say("readyz", "ok").Answer())
	return h
}

func up() hosttest.Answer {
	return told{}.Blob("unit", unit("active", "running", "enabled")).Answer()
}

func expectTranscript(t *testing.T, h *hosttest.Fake, name string) {
	t.Helper()
	golden(t, "transcript/"+name+".txt", []byte(h.Transcript()))
}

// expectFault wants an error of a kind that begins and goes on as told.
func expectFault(t *testing.T, err error, kind fault.Kind, start string, parts ...string) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Fatalf("got %v of kind %q, want kind %q", err, fault.KindOf(err), kind)
	}
	if !strings.HasPrefix(err.Error(), start) {
		t.Errorf("got %q, want it to start with %q", err, start)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("got %q, want it to say %q", err, part)
		}
	}
}
