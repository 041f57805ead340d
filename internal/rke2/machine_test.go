package rke2

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
)

// told is an answer of one of the scripts, line by line.
type told []string

func (b told) say(key, value string) told { return append(b, "s "+key+" "+value) }

func (b told) blob(key, value string) told {
	return append(b, "b "+key+" "+base64.StdEncoding.EncodeToString([]byte(value)))
}

func (b told) file(path, mode, content string) told {
	return b.say("file", mode+" root:root "+path).blob("file", content)
}

func (b told) answer() hosttest.Answer {
	return hosttest.Answer{Stdout: blockBegin + "\n" + strings.Join(b, "\n") + "\n" + blockEnd + "\n"}
}

func (b told) block(t *testing.T) block {
	t.Helper()
	parsed, err := parseBlock(b.answer().Stdout)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func unit(active, sub, enabled string) string {
	return fmt.Sprintf("LoadState=loaded\nUnitFileState=%s\nActiveState=%s\nSubState=%s\nResult=success\nConditionResult=yes\nMainPID=7\nInvocationID=new", enabled, active, sub)
}

// bare is what a machine without RKE2 tells.
func bare() told {
	return told{}.say("hostname", "CP1").say("address", "10.0.0.7").say("data_dir", defaultDataDir)
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
	b := bare().say("prefix", defaultPrefix).say("version", version).say("data", string(n.Role)).
		blob("unit."+string(n.Role), unit("active", "running", "enabled")).say("exe."+string(n.Role), "/usr/local/bin/rke2").
		file(markerFile, "600", string(m)).file(dropInFile, "600", string(w.config))
	if w.registries != nil {
		b = b.file(registriesFile, "600", string(w.registries))
	}
	if n.Join != nil {
		b = b.file(tokenFile, "600", "")
	}
	return b
}

// healthy is what preflight tells of a machine that has everything.
func healthy() told {
	b := told{}.say("pid1", "systemd").say("systemd", "yes").say("arch", "x86_64").say("hostname", "cp1").
		say("now", fmt.Sprint(time.Now().Unix())).say("cpus", "4").say("memory_kib", "8000000").say("cgroup", "cgroup2fs")
	for _, tool := range []string{"curl", "tar", "gzip", "sha256sum", "iptables", "journalctl"} {
		b = b.say("tool", tool)
	}
	for _, dir := range []string{defaultPrefix, altPrefix, defaultDataDir, "/etc"} {
		b = b.say("dir", dir+" yes no 90000000")
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
		answers = append(answers, read.answer())
	}
	h.On(hosttest.Named("read RKE2"), answers...)
	h.On(hosttest.Named("check the machine"), healthy().answer())
	h.On(hosttest.Named("resolve the channel"), told{}.say("exit", "0").say("status", "302").say("version", "v1.35.7%2Brke2r1").answer())
	h.On(hosttest.Named("clear the working directory"), told{}.answer())
	h.On(hosttest.Named("fetch sha256sum-amd64.txt"), told{}.say("exit", "0").blob("content", testSum+"  rke2.linux-amd64.tar.gz\n").answer())
	h.On(hosttest.Named("fetch rke2.linux-amd64.tar.gz"), told{}.say("exit", "0").answer())
	h.On(hosttest.Named("unpack rke2.linux-amd64.tar.gz"), told{}.say("sum", testSum).say("version", testVersion).say("verdict", "ok").answer())
	h.On(hosttest.Named("put the release into place"), told{}.answer())
	started := told{}.say("since", "1700000000").say("invocation", "old")
	h.On(hosttest.Named("start rke2-"+string(n.Role)), started.answer(), told{}.blob("unit", unit("activating", "start", "enabled")).answer(), up())
	h.On(hosttest.Named("restart rke2-"+string(n.Role)), started.answer(), up())
	h.On(hosttest.Named("wait until the node is usable"), told{}.say("kubeconfig", "yes").say("ping", "pong").say("readyz", "ok").answer())
	return h
}

func up() hosttest.Answer {
	return told{}.blob("unit", unit("active", "running", "enabled")).answer()
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
