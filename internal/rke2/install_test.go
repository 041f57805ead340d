package rke2

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
)

func firstServer() Node {
	return Node{Role: Server, CNI: []string{"calico"}, Registries: &Registries{Configs: map[string]RegistryConfig{"m": {Auth: &RegistryAuth{Password: "canary"}}}}}
}

func agent() Node {
	return Node{Role: Agent, Version: testVersion, Join: &Join{Server: "10.0.0.7", Token: func(context.Context) (Token, error) { return NewToken("K10canary::node:pw\n") }}}
}

func TestInstall_FirstServer(t *testing.T) {
	t.Parallel()
	n := firstServer()
	h := scripted(t, n, bare(), running(t, n, testVersion))
	out, err := Install(t.Context(), h, n, Options{})
	if err != nil {
		t.Fatal(err)
	}
	expectTranscript(t, h, "install-first-server")
	if !out.Placed || !out.Started || !out.Touched || out.Adopted || out.Version != testVersion || len(out.Warnings) > 0 {
		t.Errorf("outcome: %+v", out)
	}
	if len(out.Observed.Differences) > 0 || out.Observed.NodeName != "cp1" || out.Observed.Address != "10.0.0.7" {
		t.Errorf("observed: %+v", out.Observed)
	}
	for _, path := range []string{dropInFile, registriesFile, markerFile} {
		if file, has := h.File(path); !has || file.Mode != 0o600 {
			t.Errorf("%s: %v, mode %o", path, has, file.Mode)
		}
	}
	if h.Locked(lockName) {
		t.Error("the lock is still held")
	}
}

func TestInstall_AgentGetsTheTokenByFileOnly(t *testing.T) {
	t.Parallel()
	n := agent()
	h := scripted(t, n, bare(), running(t, n, testVersion))
	if _, err := Install(t.Context(), h, n, Options{}); err != nil {
		t.Fatal(err)
	}
	expectTranscript(t, h, "install-agent")
	if file, _ := h.File(tokenFile); string(file.Content) != "K10canary::node:pw\n" || file.Mode != 0o600 {
		t.Errorf("token file: %q, mode %o", file.Content, file.Mode)
	}
	for _, call := range h.Calls() {
		if call.Verb == "run" && (strings.Contains(call.Text, "canary") || strings.Contains(call.Stdin, "canary")) {
			t.Errorf("a command carries the token: %s", call.Text)
		}
		for _, value := range call.Command.Env {
			if strings.Contains(value, "canary") {
				t.Errorf("an environment carries the token: %s", call.Command.Title())
			}
		}
	}
}

func TestInstall_GoesOnWhereACutRunStopped(t *testing.T) {
	t.Parallel()
	n := agent()
	half := withFile(bare().Say("prefix", defaultPrefix).Say("version", testVersion).Say("stage", stageDir(defaultPrefix)).
		Blob("unit.agent", unit("inactive", "dead", "disabled")), markerFile, "600", `{"complete":false}`)
	h := scripted(t, n, half, running(t, n, testVersion))
	out, err := Install(t.Context(), h, n, Options{})
	if err != nil {
		t.Fatal(err)
	}
	expectTranscript(t, h, "install-after-a-cut")
	if out.Placed || !out.Started {
		t.Errorf("outcome: %+v", out)
	}
}

func TestInstall_WrongSumChangesNothing(t *testing.T) {
	t.Parallel()
	n := firstServer()
	h := scripted(t, n, bare())
	h.On(hosttest.Named("unpack rke2.linux-amd64.tar.gz"), told{}.Say("sum", "abc").Say("verdict", "checksum").Answer())
	out, err := Install(t.Context(), h, n, Options{})
	expectFault(t, err, fault.Integrity, "unpack rke2.linux-amd64.tar.gz on 10.0.0.1: its sha256 is abc", testSum, "nothing was installed")
	if out.Touched || len(h.Files()) > 0 || h.Locked(lockName) {
		t.Errorf("touched %v, files %v", out.Touched, h.Files())
	}
	if !strings.HasSuffix(h.Transcript(), "run (clear the working directory)\nunlock rke2\n") {
		t.Errorf("nothing was cleared up:\n%s", h.Transcript())
	}
}

func TestInstall_RefusesWhatItMustNotTouch(t *testing.T) {
	t.Parallel()
	n := firstServer()
	n.Registries = nil
	foreign := func(role Role, version string) told {
		return withFile(bare().Say("prefix", defaultPrefix).Say("version", version).Say("data", string(role)).
			Blob("unit."+string(role), unit("active", "running", "enabled")), configFile, "644", "cni: calico\n")
	}
	newer := n
	newer.Version = "v1.37.1+rke2r1"
	elsewhere := n
	elsewhere.DataDir = "/data/rke2"
	for name, c := range map[string]struct {
		found told
		node  Node
		adopt bool
		says  string
	}{
		"somebody else's":          {foreign(Server, testVersion), n, false, "that somebody else installed: adopt it"},
		"another run's":            {running(t, n, testVersion), n, false, "installed by an earlier run"},
		"the other role":           {foreign(Agent, testVersion), n, true, "cannot become a server"},
		"old data":                 {bare().Say("data", "server"), n, false, "data of an earlier RKE2 in /var/lib/rancher/rke2"},
		"data in another place":    {foreign(Server, testVersion), elsewhere, true, "data does not move"},
		"a package":                {foreign(Server, "v1.35.6+rke2r1").Say("rpm", "yes"), Node{Role: Server, Version: testVersion}, true, "came as a package"},
		"two minors at once":       {foreign(Server, testVersion), newer, true, "must not skip a minor"},
		"our own, unfinished role": {withFile(running(t, agent(), testVersion), markerFile, "600", "{}"), n, false, "cannot become a server"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := scripted(t, c.node, c.found)
			out, err := Install(t.Context(), h, c.node, Options{Adopt: c.adopt})
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want it to say %q", err, c.says)
			}
			if !fault.Is(err, fault.Conflict, fault.Invalid) || out.Placed || out.Started || len(h.Files()) > 0 {
				t.Errorf("kind %q, outcome %+v, files %v", fault.KindOf(err), out, h.Files())
			}
		})
	}
}

func TestInstall_AdoptsWithoutARestart(t *testing.T) {
	t.Parallel()
	n := Node{Role: Server, Channel: "latest", CNI: []string{"calico"}}
	found := withFile(bare().Say("prefix", defaultPrefix).Say("version", testVersion).Say("data", "server").
		Blob("unit.server", unit("active", "running", "enabled")), configFile, "644", "cni: calico\ntls-san: [x]\n")
	h := scripted(t, n, found, running(t, n, testVersion))
	out, err := Install(t.Context(), h, n, Options{Adopt: true})
	if err != nil {
		t.Fatal(err)
	}
	if !out.Adopted || out.Placed || out.Started || out.Version != testVersion {
		t.Errorf("outcome: %+v", out)
	}
	if file, _ := h.File(markerFile); !strings.Contains(string(file.Content), `"adopted": true`) {
		t.Errorf("marker: %s", file.Content)
	}
}

func TestInstall_SaysWhyAUnitDoesNotStart(t *testing.T) {
	t.Parallel()
	n := agent()
	crashing := func(restarts string) string {
		return "ActiveState=activating\nSubState=auto-restart\nResult=exit-code\nExecMainStatus=1\nNRestarts=" + restarts
	}
	poll := func(unit, journal string) hosttest.Answer {
		return told{}.Blob("unit", unit).Blob("journal", journal).Say("free_kib", "9000000").Answer()
	}
	launched := told{}.Say("since", "1").Answer()
	for name, c := range map[string]struct {
		polls []hosttest.Answer
		kind  fault.Kind
		says  []string
	}{
		"port": {
			[]hosttest.Answer{
				launched, poll(crashing("2"), `level=fatal msg="listen tcp :9345: bind: address already in use"`),
				told{}.Say("listener", "9345 42 nginx /system.slice/nginx.service").Answer(),
			},
			fault.Conflict,
			[]string{"port 9345 is taken by nginx (pid 42): the unit keeps failing", "last log lines:\n", "address already in use"},
		},
		"crash": {
			[]hosttest.Answer{launched, poll(crashing("8"), "segmentation fault")},
			fault.Command,
			[]string{"exit status 1: the unit keeps failing: activating (auto-restart)", "segmentation fault"},
		},
		"skipped": {
			[]hosttest.Answer{launched, poll("ActiveState=inactive\nSubState=dead\nResult=exec-condition", "Error: rke2-server is running!")},
			fault.Conflict,
			[]string{"systemd skipped it, because rke2-server.service is active"},
		},
		"disk": {
			[]hosttest.Answer{launched, told{}.Blob("unit", crashing("2")).Say("free_kib", "1024").Answer()},
			fault.NoSpace,
			[]string{"the data directory has 1 MiB free", "its journal is empty"},
		},
		"given up": {
			[]hosttest.Answer{launched, poll("ActiveState=failed\nSubState=failed\nResult=start-limit-hit", "x")},
			fault.Command,
			[]string{"failed, result start-limit-hit"},
		},
		"never ready": {
			[]hosttest.Answer{launched, poll("ActiveState=activating\nSubState=start", "level=info msg=\"Waiting for server\"")},
			fault.Timeout,
			[]string{"did not become active within", "it is activating (start)", "info: Waiting for server"},
		},
		"refused": {
			[]hosttest.Answer{launched, poll("ActiveState=activating\nSubState=start", `level=error msg="token CA hash does not match the Cluster CA certificate hash"`)},
			fault.Invalid,
			[]string{"the join token belongs to another cluster: the unit hangs: activating (start)"},
		},
		"slow cluster": {
			[]hosttest.Answer{launched, poll(crashing("20"), "level=fatal msg=\"dial tcp 10.0.0.7:9345: connection refused\"")},
			fault.Timeout,
			[]string{"did not become active within", "restarted 20 times: something it needs does not answer", "connection refused"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := scripted(t, n, bare())
			h.On(hosttest.Named("start rke2-agent"), c.polls...)
			out, err := Install(t.Context(), h, n, Options{StartTimeout: 300 * time.Millisecond})
			expectFault(t, err, c.kind, "start rke2-agent on 10.0.0.1: ", c.says...)
			if !out.Touched || !out.Placed {
				t.Errorf("outcome: %+v", out)
			}
		})
	}
}

func TestInstall_StopsWhenCancelled(t *testing.T) {
	t.Parallel()
	n := agent()
	h := scripted(t, n, bare())
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Install(ctx, h, n, Options{OnStep: func(step string) {
		if step == "write the configuration" {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want a cancel", err)
	}
	if _, has := h.File(dropInFile); has || h.Locked(lockName) {
		t.Errorf("written %v, locked %v", has, h.Locked(lockName))
	}
}

// breaking is a host whose connection breaks once, in the middle of a command.
type breaking struct {
	*hosttest.Fake
	at   string
	lost chan struct{}
}

func (b *breaking) Lock(ctx context.Context, o host.LockOptions) (*host.Lock, error) {
	lock, err := b.Fake.Lock(ctx, o)
	if err != nil {
		return nil, err
	}
	return host.NewLock(lock.Release, b.lost), nil
}

func (b *breaking) Run(ctx context.Context, c host.Command) (host.Result, error) {
	if c.Name == b.at {
		b.at = ""
		close(b.lost)
		b.lost = nil
		<-ctx.Done()
		return host.Result{}, fault.Newf(fault.Unreachable, "%s on %s: connection lost", c.Name, b)
	}
	return b.Fake.Run(ctx, c)
}

func TestInstall_BeginsAgainWhenTheConnectionBreaks(t *testing.T) {
	t.Parallel()
	n := agent()
	h := &breaking{Fake: scripted(t, n, bare(), bare(), running(t, n, testVersion)), at: "fetch rke2.linux-amd64.tar.gz", lost: make(chan struct{})}
	var steps []string
	out, err := Install(t.Context(), h, n, Options{OnStep: func(step string) { steps = append(steps, step) }})
	if err != nil {
		t.Fatal(err)
	}
	if !out.Placed || !out.Started {
		t.Errorf("outcome: %+v", out)
	}
	want := []string{"read RKE2", "take stock", "check the machine", "choose the version", "stage the release"}
	if diff := cmp.Diff(append(want, want...), steps[:10]); diff != "" {
		t.Errorf("steps: want(-) got(+):\n%s", diff)
	}
}

func TestInstall_NeedsTheLock(t *testing.T) {
	t.Parallel()
	n := agent()
	h := scripted(t, n)
	h.Hold(lockName, "ann")
	_, err := Install(t.Context(), h, n, Options{})
	expectFault(t, err, fault.Conflict, "", "held by ann")
}
