package rke2

import (
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

func TestFindCause(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		journal string
		want    cause
	}{
		"port taken": {
			`time="2026-11-22T08:00:00Z" level=info msg="Starting rke2 v1.35.7+rke2r1"
time="2026-11-22T08:00:01Z" level=fatal msg="starting kubernetes: preparing server: listen tcp 0.0.0.0:9345: bind: address already in use"
rke2-server.service: Main process exited, code=exited, status=1/FAILURE
rke2-server.service: Failed with result 'exit-code'.`,
			cause{kind: fault.Conflict, text: "port 9345 is taken", port: 9345},
		},
		"port taken on every address": {
			`time="2026-11-22T08:00:01Z" level=fatal msg="listen tcp :6443: bind: address already in use"`,
			cause{kind: fault.Conflict, text: "port 6443 is taken", port: 6443},
		},
		"value that RKE2 refuses": {
			`time="2026-11-22T08:00:01Z" level=fatal msg="Invalid value calicoo for --cni flag: must be one of calico,canal"`,
			cause{kind: fault.Invalid, text: "Invalid value calicoo for --cni flag: must be one of calico,canal"},
		},
		"token of another cluster": {
			`time="2026-11-22T08:00:01Z" level=fatal msg="starting kubernetes: preparing server: failed to get CA certs: token CA hash does not match the Cluster CA certificate hash: a != b"`,
			cause{kind: fault.Invalid, text: "the join token belongs to another cluster"},
		},
		"token refused": {
			`level=error msg="Failed to validate token: https://10.0.0.1:9345/v1-rke2/apiservers: 401 Unauthorized"`,
			cause{kind: fault.Auth, text: "the join token was refused"},
		},
		"known node name": {
			`time="2026-11-22T08:00:01Z" level=error msg="Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not match server node-passwd entry"`,
			cause{kind: fault.Conflict, text: "the cluster knows another machine by this node name: delete that Node first, or give this one another name"},
		},
		"disk full": {
			`time="2026-11-22T08:00:01Z" level=fatal msg="write /var/lib/rancher/rke2/data/x: no space left on device"`,
			cause{kind: fault.NoSpace, text: "no space left on device"},
		},
		"other role": {
			"rke2-agent.service: Skipped due to 'exec-condition'.",
			cause{kind: fault.Conflict, text: "the other role of RKE2 is running on the machine"},
		},
		"server not there yet": {
			`time="2026-11-22T08:00:01Z" level=fatal msg="failed to get CA certs: Get \"https://10.0.0.1:9345/cacerts\": dial tcp 10.0.0.1:9345: connect: connection refused"`,
			cause{kind: fault.Unreachable, text: "something it needs does not answer", passing: true},
		},
		"second learner": {
			`time="2026-11-22T08:00:01Z" level=fatal msg="ETCD join failed: etcdserver: too many learner members in cluster"`,
			cause{kind: fault.Unreachable, text: "etcd of the cluster is not ready for another member", passing: true},
		},
		"an older cause is overtaken by a newer one": {
			"level=fatal msg=\"dial tcp: connection refused\"\nlevel=fatal msg=\"critical configuration mismatched\"",
			cause{kind: fault.Invalid, text: "the configuration differs from the other servers' where it must not"},
		},
		"nothing known": {"segmentation fault", cause{kind: fault.Command}},
		"empty":         {"", cause{kind: fault.Command}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := findCause(journalLines(c.journal)); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestJournalLines_KeepsWhatPeopleNeed(t *testing.T) {
	t.Parallel()
	token := "K10" + strings.Repeat("ab", 32) + "::server:canary"
	got := journalLines(`Starting Rancher Kubernetes Engine v2 (server)...
time="2026-11-22T08:00:00Z" level=info msg="To join a node: rke2 agent -t ` + token + `" node=cp1

time="2026-11-22T08:00:01Z" level=fatal msg="a \"quoted\" word"
time="2026-11-22T08:00:06Z" level=fatal msg="a \"quoted\" word"
rke2-server.service: Scheduled restart job, restart counter is at 3.
` + strings.Repeat("x", 1000))
	want := []string{
		"info: To join a node: rke2 agent -t [redacted] node=cp1",
		`fatal: a "quoted" word`,
		strings.Repeat("x", lineLimit) + "...",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if strings.Contains(strings.Join(got, "\n"), "canary") {
		t.Error("a token is shown")
	}
}

func TestTail_SaysWhenThereIsNothing(t *testing.T) {
	t.Parallel()
	if got := tail(nil); got != "; its journal is empty" {
		t.Errorf("got %q", got)
	}
	if got := tail(strings.Split(strings.Repeat("line\n", 30), "\n")); strings.Count(got, "\n") != tailLines {
		t.Errorf("got %d lines, want %d", strings.Count(got, "\n"), tailLines)
	}
}
